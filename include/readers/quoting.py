"""How a file's cells are guarded: by which quote, with which escape; and which lines are comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quoting:
    r"""What is no delimiter, line end or cell though it looks like one.

    `quote`: the sign around cells, doubled within them; None where quotes are letters like others. `escape`: the sign
    before a character that is meant as it is (`\"`). `comment`: a line that begins with it holds no record.
    `skip_blanks`: blanks after a delimiter, and after a closing quote, are no part of the cell.

    Example: `'it''s'` under Quoting(quote="'") is the cell `it's`.
    """

    quote: str | None = '"'
    escape: str | None = None
    comment: str | None = None
    skip_blanks: bool = False

    @property
    def plain(self) -> bool:
        """Whether Arrow's reader divides records the same way."""
        return self.escape is None and not self.skip_blanks


RFC_4180 = Quoting()
NO_QUOTES = Quoting(quote=None)


@dataclass(frozen=True, slots=True)
class Form:
    """What profile or contract fixes of a file's form; None, or the default, is found out or is what most files do.

    `skip_lines`: physical lines above the header. `headed`: the first record names the columns; else they are called
    `column_1`, `column_2`, ... . `missing_trailing`: a record may have fewer cells, which are null then. `settled`:
    somebody said how cells are quoted, so a quoted cell may hold what looks like records.
    """

    delimiter: str | None = None
    quoting: Quoting = RFC_4180
    skip_lines: int = 0
    headed: bool = True
    missing_trailing: bool = False
    settled: bool = False
