"""Ships and what they need."""

from __future__ import annotations


class Ship:
    """A ship by name and length."""

    def __init__(self, name: str, metres: float) -> None:
        self.name = name
        self.metres = metres

    def room(self) -> float:
        """Metres of quay, with a margin at both ends."""
        return self.metres + 2 * self.margin()

    def margin(self) -> float:
        """Metres at each end."""
        return 2.0


class Ferry(Ship):
    """A ship whose bow opens onto the quay."""

    def margin(self) -> float:
        """None: a ferry berths end on."""
        return super().margin() - 2.0
