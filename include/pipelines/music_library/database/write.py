"""The batch write: what exists is asked for before the transaction, what is new or differs is written within one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, errors
from psycopg.pq import TransactionStatus

from include.errors import DefectError, TransientError
from include.pipelines.music_library import keys
from include.pipelines.music_library.database import statements
from include.pipelines.music_library.options import Options
from include.pipelines.music_library.prepared import PreparedFile
from include.pipelines.music_library.rows import Rows, RowsOf, merged_album, merged_artist, merged_song
from include.postgres.errors import translated

# Files that one path may have had one after the other, each moved away, before a new one's id is drawn.
IDS_PER_PATH = 4

# Links before what they hang on.
LEAVES_FIRST = tuple(reversed(statements.OWNED))

MERGES: dict[str, Any] = {"artists": merged_artist, "albums": merged_album, "songs": merged_song}


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch write did: statements that were sent, within its transaction and before it, and rows by table.

    `written` counts rows that were inserted or changed, `deleted` those that the files do not bring any more.
    """

    files: int
    passages: int
    prefetch_statements: int
    statements: int
    written: Mapping[str, int]
    deleted: Mapping[str, int]


@dataclass(slots=True)
class Counted:
    """A connection that counts what is sent through it; BEGIN and COMMIT are counted by who opens the transaction."""

    connection: Connection[Any]
    sent: int = 0

    def execute(self, statement: str, parameters: Sequence[object]) -> Any:
        self.sent += 1
        return self.connection.execute(statement.encode(), parameters)


def write(
    connection: Connection[Any],
    library: str,
    files: Iterable[tuple[str, PreparedFile]],
    options: Options = Options(),  # noqa: B008
) -> Batch:
    """Makes the passages of these files what the database holds of them, in one transaction.

    Args:
        connection: in autocommit mode. Four statements ask before the transaction and at most twelve are within it,
            however many files, passages and artists there are; those that would have nothing to do are left out.
        library: the library's name.
        files: paths within the library, and what was read there.
        options: how artists are told apart.

    Raises:
        TransientError: the database is out of reach, or another worker was in the way; the same call can be repeated.
        SetupError: the tables are missing, or the connection may not write them.
        DefectError: the connection is in a transaction already.
    """
    if not connection.autocommit or connection.info.transaction_status is not TransactionStatus.IDLE:
        raise DefectError("The batch write opens its own transaction and wants an idle connection in autocommit mode.")
    with translated(), _unswept():
        return _write(Counted(connection), library, dict(files), options)


def _write(connection: Counted, library: str, files: Mapping[str, PreparedFile], options: Options) -> Batch:
    ids, existing = _known_files(connection, library, files)
    collected = RowsOf(library, options, ids)
    for path, file in files.items():
        collected.add(path, file)
    rows = collected.rows
    to_write = {table: rows.sorted(table) for table in statements.COLUMNS}
    to_write |= {table: _gaining(connection, table, to_write[table]) for table in statements.SHARED}
    asked, connection.sent = connection.sent, 0
    with connection.connection.transaction():
        written = {table: _upsert(connection, table, listed) for table, listed in to_write.items()}
        deleted = {table: _delete_surplus(connection, table, rows, existing) for table in LEAVES_FIRST}
    return Batch(len(rows.files), len(rows.passages), asked, connection.sent, written, deleted)


def _known_files(
    connection: Counted, library: str, paths: Iterable[str]
) -> tuple[dict[str, uuid.UUID], list[uuid.UUID]]:
    """Ids by path, and those of files that the database holds already.

    The id that a path would give may be another file's that was moved away from it: the next one is taken then.
    """
    wanted = {key: _ids(library, key) for key in map(keys.path_key, paths)}
    asked = [file_id for ids in wanted.values() for file_id in ids]
    found = connection.execute(statements.KNOWN_FILES, [library, list(wanted), asked]).fetchall()
    by_path = {path: file_id for file_id, path in found if path in wanted}
    taken = {file_id for file_id, _ in found}
    fresh = {path: next((one for one in ids if one not in taken), uuid.uuid4()) for path, ids in wanted.items()}
    return fresh | by_path, list(by_path.values())


def _ids(library: str, path: str) -> list[uuid.UUID]:
    return [keys.file_identity(library, path, again) for again in range(IDS_PER_PATH)]


def _gaining(connection: Counted, table: str, rows: list[Any]) -> list[Any]:
    """The rows that are new or would change the one that is there: the others are neither written nor locked."""
    if not rows:
        return []
    kind, merge = type(rows[0]), MERGES[table]
    found = connection.execute(statements.STATEMENTS[table].existing, [[row[0] for row in rows]]).fetchall()
    existing = {
        row[0]: kind(row[0], *(str(cell) if isinstance(cell, uuid.UUID) else cell for cell in row[1:])) for row in found
    }
    return [row for row in rows if row[0] not in existing or merge(existing[row[0]], row) != existing[row[0]]]


def _upsert(connection: Counted, table: str, rows: list[Any]) -> int:
    if not rows:
        return 0
    return int(connection.execute(statements.STATEMENTS[table].upsert, [_document(table, rows)]).rowcount)


def _delete_surplus(connection: Counted, table: str, rows: Rows, existing: list[uuid.UUID]) -> int:
    if not existing:
        return 0
    kept = _document(table, rows.sorted(table))
    return int(connection.execute(statements.STATEMENTS[table].surplus, [existing, kept]).rowcount)


def _document(table: str, rows: list[Any]) -> str:
    names = tuple(statements.COLUMNS[table])
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str, ensure_ascii=False)


@contextmanager
def _unswept() -> Iterator[None]:
    """A shared row that was asked for may be swept before the transaction: the next attempt makes it anew."""
    try:
        yield
    except errors.ForeignKeyViolation as fault:
        raise TransientError(
            "A song, artist or album that the batch found was deleted before it was used.",
            "The same batch can be repeated.",
        ) from fault
