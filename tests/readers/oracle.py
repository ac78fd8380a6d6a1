"""The same reading of delimited text as the reader's, one character at a time: slow, short and easy to believe."""

from __future__ import annotations

from dataclasses import dataclass


class UnclosedError(Exception):
    """A quote opens on `line` and nothing closes it."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True)
class Row:
    line: int
    cells: tuple[str | None, ...]
    code: str
    blank: bool


def read_plainly(text: str, delimiter: str, *, columns: int, line: int) -> list[Row]:
    """Every record of a text without header; the first stands on `line`."""
    rows: list[Row] = []
    position = 0
    while position < len(text):
        start, start_line = position, line
        cells: list[str | None] = []
        broken = False
        while True:
            opened_at = line
            value, quoted = "", text[position : position + 1] == '"'
            if quoted:
                position += 1
                while True:
                    if position >= len(text):
                        raise UnclosedError(opened_at)
                    if text.startswith('""', position):
                        value, position = value + '"', position + 2
                    elif text[position] == '"':
                        position += 1
                        break
                    else:
                        ended = text[position] == "\n" or (
                            text[position] == "\r" and text[position + 1 : position + 2] != "\n"
                        )
                        line += ended
                        value, position = value + text[position], position + 1
            tail = position
            while position < len(text) and text[position] not in f"{delimiter}\r\n":
                position += 1
            if quoted and position > tail:
                if line > opened_at or "\r" in value or "\n" in value:
                    raise UnclosedError(opened_at)
                broken = True
            value += text[tail:position]
            cells.append(value if value or quoted else None)
            if text[position : position + 1] != delimiter:
                break
            position += 1
        record = text[start:position]
        position += 2 if text.startswith("\r\n", position) else 1
        line += 1
        rows.append(_row(record, start_line, cells, broken, columns))
    return rows


def _row(record: str, line: int, cells: list[str | None], broken: bool, columns: int) -> Row:
    padded = tuple((cells + [None] * columns)[:columns])
    code = "columns" if len(cells) < columns or any(cell and cell.strip() for cell in cells[columns:]) else ""
    code = "nul" if "\0" in record else "quoting" if broken else code
    return Row(line, padded, code, blank=not record.strip(" \t"))
