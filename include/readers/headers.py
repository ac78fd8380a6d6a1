"""Which cell of a file's header feeds which column of the contract."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from include.contracts import Column, Contract
from include.errors import FileError
from include.readers.families import Families, find_families
from include.readers.profile import Profile, check_columns

# A Shopify order export has 79 headers; a message that lists more than half of them is not read any more.
LISTED_HEADERS = 40


@dataclass(frozen=True, slots=True)
class HeaderMapping:
    """How a header was understood.

    `positions`: contract column -> zero-based position of its cell. `unknown`: header cells that feed no column, in
    the file's order. `unnamed`: positions of empty header cells. `missing`: columns of the contract that the file does
    not have and need not have. `left_out`: headers of personal columns that the profile does not ask for. `duplicates`:
    headers that stand there more than once and feed no column. `families`: column -> member of its family -> position.
    """

    positions: dict[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    unnamed: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    families: Families = field(default_factory=dict)


def header_key(text: str) -> str:
    """What two headers are compared by: letters and digits in lower case; the text itself where it has none."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(filter(str.isalnum, folded)) or folded.strip()


def map_header(
    cells: Sequence[str], contract: Contract, profile: Profile, *, part: str = "The file", headed: bool = True
) -> HeaderMapping:
    """Finds the contract's columns in a header.

    A column that the profile maps is looked for under that header only. Else a column's own name wins over its aliases,
    and an earlier alias over a later one; own names of all columns are taken before any alias.

    Args:
        cells: the header's cells as text.
        contract: what the file should hold.
        profile: where columns stand under other headers, and which personal columns are wanted.
        part: the file's name, for messages.
        headed: whether the file has a header; else columns go by `position`, by `column_1` and so on, or their order.

    Raises:
        FileError: a required column is missing, none of an `any_of` group is there, a column's header stands twice, or
            the contract has nothing for any header.
        SetupError: the profile names a column that the contract does not have.
    """
    check_columns(profile, contract)
    found = _at_positions(cells, contract, part, headed=headed) | _find(Header(cells), contract, profile)
    if not headed and not found:
        found = {name: [place] for place, name in enumerate(contract.names[: len(cells)])}
    wanted = profile.dataset(contract.name).personal
    personal = {column.name for column in contract.columns if column.personal and column.name not in wanted}
    left_out = {place for column in personal for place in found.pop(column, ())}
    _refuse_twice(found, cells, part)
    loaded = {name: found[name][0] for name in contract.names if name in found}
    families = find_families(cells, _forms(contract, profile), {*loaded.values(), *left_out}, part=part)
    _require({*loaded, *families}, cells, contract, profile, part)
    return _mapping(loaded, families, cells, contract, left_out)


def _forms(contract: Contract, profile: Profile) -> dict[str, str]:
    mapped = profile.dataset(contract.name).columns
    return {column.name: mapped.get(column.name, column.family) for column in contract.columns if column.family}


class Header:
    """A header's cells by their text, and by what is left of it without signs and case (`header_key`)."""

    def __init__(self, cells: Sequence[str]) -> None:
        self._texts = [cell.strip() for cell in cells]
        self._exact: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        for position, text in enumerate(self._texts):
            if text:
                self._exact.setdefault(text, []).append(position)
                self._folded.setdefault(header_key(text), []).append(position)

    def places(self, name: str) -> list[int]:
        """Where a header of that name stands: that text, else one that is folded like it, if no other header is.

        Example: of `Margin` and `Margin %`, both folded to `margin`, the name `margin` means neither.
        """
        exact = self._exact.get(name.strip())
        if exact:
            return exact
        folded = self._folded.get(header_key(name), [])
        return folded if len({self._texts[position] for position in folded}) == 1 else []


def _find(header: Header, contract: Contract, profile: Profile) -> dict[str, list[int]]:
    """Contract column -> positions of the header that feeds it, a header feeding one column at most."""
    taken: set[int] = {column.position - 1 for column in contract.columns if column.position}
    found: dict[str, list[int]] = {}
    for names in _ranks(contract, profile):
        for column, headers in names.items():
            free = ([place for place in header.places(name) if place not in taken] for name in headers)
            places = next(filter(None, free), None)
            if column not in found and places:
                found[column] = places
                taken.update(places)
    return found


def _at_positions(cells: Sequence[str], contract: Contract, part: str, *, headed: bool) -> dict[str, list[int]]:
    """Columns that are addressed by their place, each checked against the header that stands there.

    Raises:
        FileError: the file has fewer columns, or another header at that place.
    """
    found: dict[str, list[int]] = {}
    for column in contract.columns:
        if column.position is None:
            continue
        place = column.position - 1
        text = cells[place].strip() if place < len(cells) else None
        known = {header_key(name) for name in (column.name, *column.aliases)}
        if text is None or (headed and text and header_key(text) not in known):
            what = f"{part}: column {column.position} should hold {column.name} of {contract.name}; "
            what += f"there are {len(cells)} columns." if text is None else f"its header is {text!r}."
            raise FileError(what, f"Mend columns.{column.name}.position or its aliases, or ask for the file as before.")
        found[column.name] = [place]
    return found


def _ranks(contract: Contract, profile: Profile) -> tuple[dict[str, tuple[str, ...]], ...]:
    """The headers by which columns are found, in the order in which they win."""
    headers = profile.dataset(contract.name).columns
    single = [column for column in contract.columns if column.family is None and column.position is None]
    mapped: dict[str, tuple[str, ...]] = {
        column.name: (headers[column.name],) for column in single if column.name in headers
    }
    others = [column for column in single if column.name not in mapped]
    own: dict[str, tuple[str, ...]] = {column.name: (column.name,) for column in others}
    aliases = {column.name: column.aliases for column in others}
    return mapped, own, aliases


def _refuse_twice(found: dict[str, list[int]], cells: Sequence[str], part: str) -> None:
    for column, places in found.items():
        if len(places) > 1:
            where = " and ".join(str(place + 1) for place in places)
            raise FileError(
                f"{part}: header {cells[places[0]]!r}, which holds {column}, stands at positions {where}.",
                "Remove or rename all but one of them in the file.",
            )


def _require(loaded: Collection[str], cells: Sequence[str], contract: Contract, profile: Profile, part: str) -> None:
    filled = {*loaded, *profile.dataset(contract.name).constants}
    groups = [(column.name,) for column in contract.columns if column.required]
    for names in (*groups, *contract.any_of):
        if filled.isdisjoint(names):
            wanted = [contract.column(name) for name in names]
            raise FileError(
                _missing(wanted, cells, contract, profile, part, bool(loaded)), _remedy(wanted, contract, profile)
            )
    if not loaded:
        found = _listed(cells) if not _looks_like_data(cells) else _shape(cells)
        what = f"{part}: none of its headers is one of {contract.name}. Found: {found}."
        raise FileError(what, f"Check that it is the right file, or mend {profile.title}.")


def _missing(
    wanted: list[Column], cells: Sequence[str], contract: Contract, profile: Profile, part: str, known: bool
) -> str:
    names = " or ".join(column.name for column in wanted)
    mapped = profile.dataset(contract.name).columns
    expected = [
        header
        for column in wanted
        for header in ((mapped[column.name],) if column.name in mapped else _headers(column))
    ]
    found = _listed(cells) if known or not _looks_like_data(cells) else _shape(cells)
    return f"{part}: no header for {names} of {contract.name}. Found: {found}. Expected one of: {', '.join(expected)}."


def _headers(column: Column) -> tuple[str, ...]:
    return (column.family,) if column.family else (column.name, *column.aliases)


def _remedy(wanted: list[Column], contract: Contract, profile: Profile) -> str:
    keys = " or ".join(profile.key_of(contract.name, column.name) for column in wanted)
    return f"Set {keys} in {profile.title} to the header that holds it, or mend the file's header."


def _listed(cells: Sequence[str]) -> str:
    named = [cell.strip() for cell in cells if cell.strip()]
    more = len(named) - LISTED_HEADERS
    return ", ".join(named[:LISTED_HEADERS]) + (f" and {more} more" if more > 0 else "")


def _looks_like_data(cells: Sequence[str]) -> bool:
    """Whether the first line is probably a row: messages must not show it then."""
    return any("@" in cell or (any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))) for cell in cells)


def _shape(cells: Sequence[str]) -> str:
    return f"{len(cells)} cells that look like a row of data, not like a header"


def _mapping(
    loaded: dict[str, int], families: Families, cells: Sequence[str], contract: Contract, left_out: set[int]
) -> HeaderMapping:
    members = (place for family in families.values() for place in family.values())
    used = {*loaded.values(), *members, *left_out}
    fed = {*loaded, *families}
    others = [cell.strip() for position, cell in enumerate(cells) if position not in used and cell.strip()]
    return HeaderMapping(
        positions=loaded,
        unknown=tuple(others),
        unnamed=tuple(position for position, cell in enumerate(cells) if not cell.strip() and position not in used),
        missing=tuple(column.name for column in contract.columns if column.name not in fed and not column.personal),
        left_out=tuple(cells[position].strip() for position in sorted(left_out)),
        duplicates=tuple(dict.fromkeys(cell for cell in others if others.count(cell) > 1)),
        families=families,
    )
