"""The statements of the batch write: their number is the same for one file and for a thousand.

Rows come as one JSON document a statement, in the order of their keys, and are written in that order: two workers that
write the same artists wait for each other and never in a ring.
"""

# ruff: noqa: S608  # every name in a statement is a constant of this module

from __future__ import annotations

from dataclasses import dataclass

# Columns of the tables with their types, in the order of the rows' fields (rows.py).
COLUMNS: dict[str, dict[str, str]] = {
    "artists": {"artist_id": "uuid", "name": "text", "natural_key": "text", "mbid": "uuid", "sort_name": "text"},
    "albums": {
        "album_id": "uuid",
        "title": "text",
        "natural_key": "text",
        "mbid": "uuid",
        "credit": "text",
        "date": "text",
        "compilation": "boolean",
        "mb_release_group": "uuid",
    },
    "songs": {"song_id": "uuid", "title": "text", "natural_key": "text", "mbid": "uuid", "credit": "text"},
    "files": {
        "file_id": "uuid",
        "library": "text",
        "path": "text",
        "format": "text",
        "length_ms": "bigint",
        "sample_rate": "bigint",
        "channels": "integer",
        "bitrate": "bigint",
        "audio_hash": "text",
        "pictures": "integer",
    },
    "passages": {
        "passage_id": "uuid",
        "file_id": "uuid",
        "position": "integer",
        "origin": "text",
        "start_ms": "bigint",
        "end_ms": "bigint",
        "start_sample": "bigint",
        "end_sample": "bigint",
        "title": "text",
        "date": "text",
        "genres": "text[]",
        "rating": "double precision",
    },
    "passage_songs": {"passage_id": "uuid", "file_id": "uuid", "song_id": "uuid"},
    "passage_albums": {
        "passage_id": "uuid",
        "file_id": "uuid",
        "album_id": "uuid",
        "disc": "integer",
        "track": "integer",
    },
    "passage_artists": {
        "passage_id": "uuid",
        "file_id": "uuid",
        "role": "text",
        "place": "integer",
        "artist_id": "uuid",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "artists": ("artist_id",),
    "albums": ("album_id",),
    "songs": ("song_id",),
    "files": ("library", "path"),
    "passages": ("passage_id",),
    "passage_songs": ("passage_id", "song_id"),
    "passage_albums": ("passage_id", "album_id"),
    "passage_artists": ("passage_id", "role", "place"),
}

# Tables whose rows several files share: a row only ever gains, towards the lesser text and the earlier date, so that
# the order in which workers come does not matter.
SHARED = ("artists", "albums", "songs")

# Tables whose rows are a file's own: what the file does not bring any more is deleted.
OWNED = ("passages", "passage_songs", "passage_albums", "passage_artists")

# Measured values hold for a passage's bounds; where these move, what was measured says nothing any more.
MEASURED = ("amplitude", "flavour")
BOUNDS = ("start_ms", "end_ms")


@dataclass(frozen=True, slots=True)
class TableStatements:
    """The statements of one table: what asks for existing rows, what writes, what deletes those a file has no more."""

    existing: str
    upsert: str
    surplus: str


def _rows(table: str) -> str:
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS[table].items())
    return f"jsonb_to_recordset(%s::jsonb) AS batch ({columns})"


def _upsert(table: str) -> str:
    names, key = list(COLUMNS[table]), KEYS[table]
    others = [name for name in names if name not in (*key, "file_id" if table == "files" else "")]
    new = {name: _gained(table, name) if table in SHARED else f"excluded.{name}" for name in others}
    sets = [f"{name} = {value}" for name, value in new.items()]
    if table == "files":
        sets.append("missing_since = NULL")
    if table == "passages":
        sets += [f"{name} = CASE WHEN {_same('passages', BOUNDS)} THEN passages.{name} END" for name in MEASURED]
    conflict = f"DO UPDATE SET {', '.join(sets)} WHERE {_differs(table, new)}" if sets else "DO NOTHING"
    return (
        f"INSERT INTO music.{table} ({', '.join(names)}) SELECT {', '.join(names)} FROM {_rows(table)}"
        f" ORDER BY {', '.join(key)} ON CONFLICT ({', '.join(key)}) {conflict}"
    )


def _gained(table: str, name: str) -> str:
    if name == "compilation":
        return f"{table}.compilation OR excluded.compilation"
    if name.startswith("mb"):
        return f"coalesce({table}.{name}, excluded.{name})"
    return f'least({table}.{name} COLLATE "C", excluded.{name})'


def _differs(table: str, new: dict[str, str]) -> str:
    changed = f"({', '.join(f'{table}.{name}' for name in new)}) IS DISTINCT FROM ({', '.join(new.values())})"
    return f"{changed} OR files.missing_since IS NOT NULL" if table == "files" else changed


def _same(table: str, names: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{side}.{name}" for name in names) for side in (table, "excluded"))
    return f"({old}) IS NOT DISTINCT FROM ({new})"


def _surplus(table: str) -> str:
    key = KEYS[table]
    same = " AND ".join(f"batch.{name} = {table}.{name}" for name in key)
    columns = ", ".join(f"{name} {COLUMNS[table][name]}" for name in key)
    return (
        f"DELETE FROM music.{table} WHERE file_id = ANY(%s) AND NOT EXISTS"
        f" (SELECT FROM jsonb_to_recordset(%s::jsonb) AS batch ({columns}) WHERE {same})"
    )


def _existing(table: str) -> str:
    return f"SELECT {', '.join(COLUMNS[table])} FROM music.{table} WHERE {KEYS[table][0]} = ANY(%s)"


STATEMENTS = {table: TableStatements(_existing(table), _upsert(table), _surplus(table)) for table in COLUMNS}

# Files that are known at these paths, or whose id one of these paths would get.
KNOWN_FILES = "SELECT file_id, path FROM music.files WHERE library = %s AND (path = ANY(%s) OR file_id = ANY(%s))"

DELETE_FILES = "DELETE FROM music.files WHERE library = %s AND path = ANY(%s)"
MISSING_FILES = (
    "UPDATE music.files SET missing_since = now() WHERE library = %s AND path = ANY(%s) AND missing_since IS NULL"
)
MOVED_FILES = (
    "UPDATE music.files SET path = moved.new FROM unnest(%s::text[], %s::text[]) AS moved (old, new)"
    " WHERE library = %s AND path = moved.old"
)

# Rows that no passage speaks of any more.
UNUSED = {
    table: f"DELETE FROM music.{table} WHERE NOT EXISTS"
    f" (SELECT FROM music.passage_{table} AS link WHERE link.{table[:-1]}_id = {table}.{table[:-1]}_id)"
    for table in SHARED
}
