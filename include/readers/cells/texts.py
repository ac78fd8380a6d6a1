"""Identifiers: text that names something."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import BEYOND_ASCII, BLANKS, Mask, TextColumn, scatter, to_mask, without_blanks

# ="00123" is how spreadsheets are told not to read a number; quotes within it are doubled.
SPREADSHEET_TEXT = r'(?s)^="(.*)"$'
# The apostrophe by which spreadsheets keep a number or formula as text; that of `'s-Gravenhage` is a letter's.
TEXT_MARK = r"^'(?:([-+=@0-9])|$)"
EQUALS, APOSTROPHE = ord("="), ord("'")


def read_identifiers(column: TextColumn) -> pa.StringArray:
    """Trims, frees of `="..."` and of an apostrophe before digits and signs, composes to NFC; nothing left is null.

    Numbers are not read: leading zeros, `3.65E+11` and `17850.0` stay as they are.
    """
    unclean = to_mask(_unclean(column))
    cells = without_blanks(column).cells
    if not pc.any(unclean).as_py():
        return cells
    return _empty_to_null(scatter(cells, unclean, _cleaned(cells.filter(unclean))))


def _unclean(column: TextColumn) -> Mask:
    first, _ = column.edges
    unclean: Mask = column.unclean_edges | (first == EQUALS) | (first == APOSTROPHE)
    if column.highest < BEYOND_ASCII:
        return unclean
    foreign = pc.fill_null(pc.invert(pc.string_is_ascii(column.cells)), False)
    unclean |= foreign.to_numpy(zero_copy_only=False)
    return unclean


def _cleaned(cells: pa.StringArray) -> pa.StringArray:
    text = pc.utf8_trim(cells, characters=BLANKS)
    quoted = pc.fill_null(pc.match_substring_regex(text, SPREADSHEET_TEXT), False)
    inner = pc.replace_substring(pc.utf8_slice_codeunits(text, 2, -1), '""', '"')
    text = pc.replace_substring_regex(pc.if_else(quoted, inner, text), TEXT_MARK, r"\1")
    return pc.utf8_normalize(pc.utf8_trim(text, characters=BLANKS), form="NFC")


def _empty_to_null(cells: pa.StringArray) -> pa.StringArray:
    return without_blanks(TextColumn(cells)).cells
