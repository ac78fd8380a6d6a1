"""Writes a contract from a file: columns, types and forms that all of its values prove, with comments to be checked.

The contract holds headers and shapes of values, never a value. What is not proven is text; what was close is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.contracts import ColumnType
from include.errors import FileError, UsageError
from include.pipelines.tables.contract import MAX_NAME, RESERVED_COLUMNS
from include.pipelines.tables.draft import SPELLED, Draft, column_lines, head, keys, notes
from include.readers.blocks import Part
from include.readers.choices import DateOrder, DecimalForm, HeaderForm
from include.readers.families import find_families
from include.readers.headers import header_key
from include.readers.profile import Profile
from include.readers.sniffing.column_survey import ColumnSurvey
from include.readers.sniffing.proof import Proven
from include.readers.sniffing.survey import FileSurvey, survey_file
from include.sources.files import list_file

# What stands between the name of a family and its member: `Price / Germany`.
BETWEEN = " / "


# The most records that may not fit the header of a file that is said to be understood.
BROKEN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Inferred:
    """A contract as YAML with comments, and what a person should know of what was guessed."""

    text: str
    notes: tuple[str, ...]


def infer_contract(url: str, **options: Any) -> str:
    """The text of `infer`, whose arguments and errors it has."""
    return infer(url, **options).text


def infer(  # noqa: PLR0913 # each is an option of the command
    url: str,
    *,
    key: Sequence[str] = (),
    table: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: HeaderForm | None = None,
    decimal: DecimalForm | None = None,
    date_order: DateOrder | None = None,
    storage: Mapping[str, Any] | None = None,
) -> Inferred:
    """Reads a whole file and writes a contract that it fits, as YAML with comments.

    Args:
        url: path or URL of the file.
        key: the columns that name a row, by header or by the name that is proposed. Without it rows are appended by
            file: that no value stands twice in one file does not make it a key.
        table: schema.name; else made of the file's name.
        delimiter: between cells, where the file leaves doubt.
        encoding: of the file, where its bytes leave doubt.
        header: whether the first record names the columns, where nothing tells.
        decimal: the decimal sign, where no value proves it.
        date_order: what dates begin with, where no value proves it.
        storage: options of fsspec, for object stores.

    Raises:
        UsageError: there is no such file, or `key` names no column of it.
        FileError: the file cannot be read as a whole, or nothing tells whether its first record is a header.
    """
    file = list_file(url, storage)
    part = Part(file.url, file.name, file.size, "", file.modified)
    profile = Profile(delimiter=delimiter, encoding=encoding, decimal=decimal, date_order=date_order)
    said = None if header is None else header is HeaderForm.FIRST
    survey = survey_file(part, profile, storage, guessing=True, headed=said)
    if survey.guess and survey.guess.headed is None:
        what = f"{file.name}: nothing tells whether the first record names the columns or is data; all of it is text."
        raise FileError(what, "Say it: --header first, or --header none.")
    if survey.broken > max(1, BROKEN_SHARE * (survey.broken + survey.rows)):
        what = f"{file.name}: {survey.broken} of {survey.broken + survey.rows} records do not fit the header."
        raise FileError(what, "Say how the file is written: --delimiter, --header; or write quote and escape by hand.")
    drafts = propose_columns(survey)
    if not drafts:
        raise FileError(f"{file.name} has no column that holds anything.", "Ask for a file with a header or data.")
    chosen = _key(key, drafts, file.name)
    lines = [*head(survey, file.name, table), *keys(chosen, drafts), "", "columns:"]
    for draft in drafts:
        lines += column_lines(draft, survey, draft.name in chosen)
    return Inferred("\n".join((*lines, "")), tuple(notes(survey, drafts)))


def propose_columns(survey: FileSurvey) -> list[Draft]:
    """The columns that a survey speaks for, in the file's order: all that have a header or hold something."""
    headers = Counter(column.header for column in survey.columns)
    usable = [column for column in survey.columns if column.header and headers[column.header] == 1]
    families = dict(_families(usable, survey))
    others = {header_key(header) for header in headers if header}
    names: list[str] = []
    drafts: list[Draft] = []
    for column in survey.columns:
        prefix = column.header.partition(BETWEEN)[0].strip()
        if column.position in families.get(prefix, {}):
            members = families.pop(prefix)
            names.append(_name(prefix, names, others, headers))
            kind = _joined([survey.proven(member) for member in members.values() if member.filled])
            drafts.append(Draft(names[-1], kind, tuple(members.values()), f"{prefix}{BETWEEN}*"))
        elif not any(column in draft.found for draft in drafts) and (column.header or column.filled):
            placed = headers[column.header] > 1 or not column.header
            names.append(_name(column.header or f"column_{column.position + 1}", names, others, headers))
            drafts.append(Draft(names[-1], survey.proven(column), (column,), placed=placed))
    return drafts


def _families(usable: Sequence[ColumnSurvey], survey: FileSurvey) -> Iterator[tuple[str, dict[int, ColumnSurvey]]]:
    """Headers of one form whose values are of one type: name of the family -> position -> column."""
    grouped: dict[str, dict[int, ColumnSurvey]] = {}
    for column in usable:
        prefix, between, member = column.header.partition(BETWEEN)
        if between and prefix.strip() and member.strip() and "*" not in prefix:
            grouped.setdefault(prefix.strip(), {})[column.position] = column
    header = [column.header for column in survey.columns]
    for prefix, members in grouped.items():
        kinds = [survey.proven(column) for column in members.values() if column.filled]
        if (
            len(members) > 1
            and kinds
            and not any(kind.null_words for kind in kinds)
            and _only_these(f"{prefix}{BETWEEN}*", members, header)
        ):
            yield prefix, members


def _only_these(family: str, members: Collection[int], header: Sequence[str]) -> bool:
    """Whether the form takes exactly these headers of the file."""
    try:
        found = find_families(header, {"family": family}, ())
    except FileError:
        return False
    return set(found.get("family", {}).values()) == set(members)


def _joined(kinds: Sequence[Proven]) -> Proven:
    """The one type that all members of a family fit; TEXT fits all."""
    distinct = {kind.type for kind in kinds}
    numbers = {ColumnType.INTEGER, ColumnType.DECIMAL}
    if distinct <= numbers:
        return max(kinds, key=lambda kind: (kind.type is ColumnType.DECIMAL, kind.precision, kind.scale))
    return kinds[0] if len(distinct) == 1 else Proven(ColumnType.TEXT)


def _name(header: str, taken: Collection[str], keys: Collection[str], headers: Collection[str]) -> str:
    """A column's name for a header: one that no other header of the file would be taken for."""
    plain = unicodedata.normalize("NFKD", header.lower().translate(SPELLED)).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: MAX_NAME - 4] or "column"
    base = base if base[0].isalpha() else f"column_{base}"[: MAX_NAME - 4].rstrip("_")
    own = header_key(header)
    tried = (base if number == 1 else f"{base}_{number}" for number in range(1, len(keys) + len(taken) + 9))
    free = (
        name
        for name in tried
        if name not in taken
        and name not in RESERVED_COLUMNS
        and (header_key(name) == own or header_key(name) not in keys)
        and (name == header or name not in headers)
    )
    return next(free)


def _key(wanted: Sequence[str], drafts: Sequence[Draft], file: str) -> tuple[str, ...]:
    single = [draft for draft in drafts if not draft.family]
    known: Mapping[str, str] = {header_key(draft.found[0].header): draft.name for draft in single} | {
        draft.name: draft.name for draft in single
    }
    for name in wanted:
        if name not in known and header_key(name) not in known:
            raise UsageError(f"{file} has no column {name!r}.", f"Its columns: {', '.join(d.name for d in single)}.")
    return tuple(known.get(name) or known[header_key(name)] for name in wanted)
