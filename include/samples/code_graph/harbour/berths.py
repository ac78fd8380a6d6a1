"""Berths, and which ship gets which."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .ships import Ferry, Ship


class Berth:
    """A length of quay."""

    def __init__(self, metres: float) -> None:
        self.metres = metres
        self.taken: list[Ship] = []

    def fits(self, ship: Ship) -> bool:
        """Whether the ship has room."""
        return ship.room() <= self.metres

    def take(self, ship: Ship) -> None:
        """Moors the ship."""
        self.taken.append(ship)


def longest_first(ships: Iterable[Ship]) -> list[Ship]:
    """Long ships are hard to place, so they choose first."""
    return sorted(ships, key=lambda ship: -ship.room())


def allot(ships: Iterable[Ship], berths: list[Berth], order: Callable[..., list[Ship]] = longest_first) -> list[Ship]:
    """Gives each ship the first berth that fits; returns those that wait."""
    waiting = []
    for ship in order(ships):
        berth = next((berth for berth in berths if berth.fits(ship)), None)
        if berth is None:
            waiting.append(ship)
        else:
            berth.take(ship)
    return waiting


def morning() -> list[Ship]:
    """The first arrivals of a day."""
    return allot([Ferry("Tern", 60.0), Ship("Plover", 90.0)], [Berth(70.0)])
