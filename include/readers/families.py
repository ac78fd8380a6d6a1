"""Header families: any number of headers of one form (`Price / Germany`, `Price / France`) as one jsonb column."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column
from include.errors import FileError

# Column of the contract -> what the star stands for -> position of the cell.
Families = dict[str, dict[str, int]]

NO_TEXT = pa.scalar(None, pa.string())


def find_families(
    cells: Sequence[str], families: Mapping[str, str], taken: Collection[int], *, part: str = "The file"
) -> Families:
    """Finds the members of each family in a header, without regard to case and to blanks.

    Args:
        cells: the header's cells.
        families: contract column -> the form of its headers, with one star (`Price / *`).
        taken: positions that feed a column already.
        part: the file's name, for messages.

    Raises:
        FileError: two headers of a family have the same member.
    """
    found: Families = {name: {} for name in families}
    forms = {name: _form(family) for name, family in families.items()}
    for position, cell in enumerate(cells):
        matches = ((name, form.fullmatch(cell.strip())) for name, form in forms.items() if position not in taken)
        name, match = next(((name, match) for name, match in matches if match), (None, None))
        if name is None or match is None:
            continue
        member = match[1].strip()
        if member in found[name]:
            raise FileError(
                f"{part}: header {cell.strip()!r} of the family {families[name]!r} stands there twice.",
                "Remove or rename all but one of them in the file.",
            )
        found[name][member] = position
    return {name: members for name, members in found.items() if members}


def member_column(column: Column, member: str) -> Column:
    """The column of one member, by a name that no column of a contract has."""
    return replace(column, name=f"{column.name}[{member}]", family=None, required=False, nullable=True)


def as_objects(members: Mapping[str, pa.Array], count: int) -> pa.StringArray:
    """Each row's members as the text of one JSON object, without those that are blank; null where all are.

    Numbers keep all their digits; dates and times are text in ISO 8601.
    """
    pairs = [_pairs(name, values) for name, values in members.items()]
    if not pairs:
        return pa.nulls(count, pa.string())
    # Not by `null_handling="skip"`: it drops rows in which all are null (pyarrow 26).
    joined = pc.binary_join_element_wise(*(pc.fill_null(pair, "") for pair in pairs), "")
    objects = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(joined, ""), NO_TEXT, objects)


def _form(family: str) -> re.Pattern[str]:
    pieces = (r"\s*".join(map(re.escape, piece.split())) for piece in family.split("*"))
    return re.compile(r"\s*(.+?)\s*".join(pieces), re.IGNORECASE)


def _pairs(name: str, values: pa.Array) -> pa.StringArray:
    """`,"name":value` for each value, null for null."""
    if pa.types.is_integer(values.type) or pa.types.is_decimal(values.type) or pa.types.is_boolean(values.type):
        texts = values.cast(pa.string())
    else:
        texts = pa.array(
            [
                None if text is None else json.dumps(text, ensure_ascii=False)
                for text in values.cast(pa.string()).to_pylist()
            ],
            pa.string(),
        )
    return pc.binary_join_element_wise(f",{json.dumps(name, ensure_ascii=False)}:", texts, "")
