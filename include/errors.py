"""Everything that can go wrong, named by what the caller should do about it.

LongshoreError
├── TransientError      the moment was bad: do the same again, later
├── SetupError          the set-up is wrong: change it first, a retry cannot help
│   └── UsageError      the command or the parameters are wrong
├── FileError           the file as a whole cannot be read: ask for another file or fix the profile
│   └── BudgetError     too many rows of the file were rejected: nothing of it is visible
├── RowError            single rows are at fault: reject them, keep the rest
├── HeldError           a person has to look at the delivery and let it through
└── DefectError         Longshore contradicts itself: a bug to report, never to retry
"""

from __future__ import annotations


class LongshoreError(Exception):
    """Base of all errors that Longshore raises on purpose.

    Args:
        what: one sentence that names the object, what was found and what was expected. Never a row's contents.
        remedy: the next step for the person who reads it, an imperative sentence.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".rstrip()


class TransientError(LongshoreError):
    """The same call can succeed later: locks, lost connections, a server that restarts, a file that still grows."""


class SetupError(LongshoreError):
    """Something has to be changed first: a missing table, a wrong password, a configuration that contradicts itself."""


class UsageError(SetupError):
    """The command, its arguments or the run's parameters are wrong."""


class FileError(LongshoreError):
    """The file as a whole cannot be loaded; the message names it, what was found and what was expected."""


class BudgetError(FileError):
    """More rows were rejected than the store allows; nothing of the load is visible."""


class RowError(LongshoreError):
    """Some rows of a batch are at fault.

    Args:
        what: the store's words, without the row's contents.
        row: zero-based position of the guilty row within the batch, where the store names it.
        column: the column that the store names.
        code: the store's code for the fault (an SQLSTATE, a Neo4j status).
    """

    def __init__(
        self, what: str, remedy: str = "", *, row: int | None = None, column: str | None = None, code: str = ""
    ) -> None:
        super().__init__(what, remedy)
        self.row = row
        self.column = column
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return _row_error, (self.what, self.remedy, self.row, self.column, self.code)


def _row_error(what: str, remedy: str, row: int | None, column: str | None, code: str) -> RowError:
    return RowError(what, remedy, row=row, column=column, code=code)


class HeldError(LongshoreError):
    """The delivery contradicts common sense; nothing changed, and a person decides (`--accept`)."""


class DefectError(LongshoreError):
    """Longshore contradicts itself (two rows of one key after the dedupe, counts that do not add up)."""
