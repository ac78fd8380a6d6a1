"""The batch write on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg import Connection

from include.errors import DefectError, SetupError
from include.migrations.m0014_music import MIGRATION
from include.pipelines.music_library.database.changes import delete_files, keep_missing, move_files, sweep
from include.pipelines.music_library.database.write import Batch, write
from include.pipelines.music_library.prepared import PreparedFile
from tests.pipelines.music_library.conftest import apply
from tests.pipelines.music_library.libraries import M1, M2, prepared

WORKERS = 16

File = tuple[str, PreparedFile]

# The tables whole, in an order that does not depend on how they were filled.
CONTENTS = {
    table: f"SELECT * FROM music.{table} ORDER BY {key}"  # names of this list
    for table, key in (
        ("artists", "artist_id"),
        ("albums", "album_id"),
        ("songs", "song_id"),
        ("files", "path"),
        ("passages", "passage_id"),
        ("passage_songs", "passage_id"),
        ("passage_albums", "passage_id"),
        ("passage_artists", "passage_id, role, place"),
        ("current_artists", "artist_id"),
    )
}


def contents(connection: Connection[Any]) -> dict[str, list[Any]]:
    return {table: connection.execute(query.encode()).fetchall() for table, query in CONTENTS.items()}


def count(connection: Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM music.{table}".encode()).fetchone()  # the test's own
    assert row is not None
    return int(row[0])


def load(connection: Connection[Any], *files: File) -> Batch:
    return write(connection, "home", files)


def test_a_file_becomes_a_song_an_artist_an_album_a_passage_and_their_links(library: Connection[Any]) -> None:
    load(library, prepared("a/1.flac", title="T", artists=("A",), album="L", album_artists=("B",), track=3, disc=1))
    row = library.execute(
        "SELECT title, artists, track, disc, path, start_ms, end_ms FROM music.current_passages"
    ).fetchone()
    assert row == ("T", "A", 3, 1, "a/1.flac", 0, 1000)
    assert {table: count(library, table) for table in ("songs", "albums", "artists")} == {
        "songs": 1,
        "albums": 1,
        "artists": 2,
    }


def test_the_same_files_again_change_nothing(library: Connection[Any]) -> None:
    files = [prepared(f"{number}.flac", title=f"T{number}", album="L") for number in range(5)]
    load(library, *files)
    before = contents(library)
    again = load(library, *files)
    assert (set(again.written.values()), set(again.deleted.values())) == ({0}, {0})
    assert contents(library) == before


def test_the_statements_are_as_many_for_one_file_as_for_two_hundred_with_nine_passages_each(
    library: Connection[Any],
) -> None:
    one = load(library, prepared("one.flac", album="L", composers=("C",)))
    many = load(
        library,
        *(
            prepared(
                f"{number}.flac", album=f"L{number}", artists=(f"A{number}", "Someone"), title=f"T{number}", passages=9
            )
            for number in range(200)
        ),
    )
    assert (many.passages, many.prefetch_statements, many.statements) == (1800, 4, one.statements)
    assert one.statements <= 12


def test_postgres_counts_the_same_statements(library: Connection[Any], library_url: str) -> None:
    """A function that counts stands behind every table: it is called once a statement that writes."""
    tables = [name for name in CONTENTS if not name.startswith("current")]
    library.execute("CREATE SEQUENCE seen")
    library.execute(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN PERFORM nextval('seen'); RETURN NULL; END $$"
    )
    for table in tables:
        library.execute(f"CREATE TRIGGER note AFTER INSERT ON music.{table} EXECUTE FUNCTION note()".encode())
    batch = load(library, *(prepared(f"{number}.flac", album="L", title=f"T{number}") for number in range(50)))
    assert library.execute("SELECT last_value FROM seen").fetchone() == (batch.statements,)


def test_a_file_that_brings_fewer_passages_loses_the_others_with_their_links(library: Connection[Any]) -> None:
    load(library, prepared("disc.flac", passages=5, album="L"), prepared("other.flac"))
    batch = load(library, prepared("disc.flac", passages=2, album="L"))
    assert (batch.deleted["passages"], count(library, "passages"), count(library, "passage_songs")) == (3, 3, 3)


def test_an_artist_without_an_id_is_the_one_with_an_id_that_appears_later(library: Connection[Any]) -> None:
    load(library, prepared("1.flac", artists=("Nirvana",), title="A"))
    load(library, prepared("2.flac", artists=("NIRVANA",), title="B", mb_artists=(M1,)))
    rows = library.execute("SELECT mbid::text FROM music.current_artists").fetchall()
    assert rows == [(M1,)]
    assert (
        library.execute("SELECT DISTINCT artist_id FROM music.song_artists").fetchall()
        == library.execute("SELECT artist_id FROM music.current_artists").fetchall()
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_same_name_and_different_ids_stay_two_and_who_has_none_stays_apart(
    library: Connection[Any], order: tuple[int, int, int]
) -> None:
    files = [
        prepared("0.flac", artists=("Nirvana",), title="A"),
        prepared("1.flac", artists=("Nirvana",), title="B", mb_artists=(M1,)),
        prepared("2.flac", artists=("Nirvana",), title="C", mb_artists=(M2,)),
    ]
    for place in order:
        load(library, files[place])
    rows = library.execute("SELECT mbid::text FROM music.current_artists ORDER BY mbid").fetchall()
    assert rows == [(M1,), (M2,), (None,)]


def test_albums_of_one_title_by_two_artists_are_two_and_a_compilation_is_one(library: Connection[Any]) -> None:
    load(
        library,
        prepared("q/1.flac", title="A", album="Greatest Hits", album_artists=("Queen",)),
        prepared("b/1.flac", title="B", album="Greatest Hits", album_artists=("Abba",)),
        prepared("x/CD1/1.flac", title="C", artists=("One",), album="Mixed"),
        prepared("x/CD2/1.flac", title="D", artists=("Two",), album="Mixed"),
        prepared("y/1.flac", title="E", artists=("Three",), album="Mixed"),
    )
    titles = library.execute("SELECT title FROM music.current_albums ORDER BY title").fetchall()
    assert titles == [("Greatest Hits",), ("Greatest Hits",), ("Mixed",), ("Mixed",)]


def test_what_was_measured_of_a_passage_stays_while_its_bounds_do(library: Connection[Any]) -> None:
    load(library, prepared("1.flac", passages=2))
    library.execute("UPDATE music.passages SET amplitude = 0.5, flavour = ARRAY[1, 2]")
    load(library, prepared("1.flac", passages=2, genres=("Rock",)))
    assert library.execute("SELECT DISTINCT amplitude, flavour FROM music.passages").fetchall() == [(0.5, [1.0, 2.0])]
    load(library, prepared("1.flac", passages=1))
    assert library.execute("SELECT amplitude FROM music.passages").fetchall() == [(0.5,)]


def test_a_moved_file_keeps_its_id_and_one_that_comes_to_its_old_path_gets_another(library: Connection[Any]) -> None:
    load(library, prepared("old.flac", title="A"))
    before = library.execute("SELECT passage_id FROM music.passages").fetchall()
    assert move_files(library, "home", {"old.flac": "new.flac"}) == 1
    load(library, prepared("new.flac", title="A"), prepared("old.flac", title="B"))
    assert library.execute("SELECT passage_id FROM music.passages WHERE title = 'A'").fetchall() == before
    assert count(library, "files") == 2


def test_two_spellings_of_one_path_are_one_file(library: Connection[Any]) -> None:
    load(library, prepared("Björk/1.flac"))
    load(library, prepared("Bjo\u0308rk/1.flac"))
    assert count(library, "files") == 1


def test_deleted_files_take_their_passages_and_a_sweep_what_nobody_speaks_of(library: Connection[Any]) -> None:
    load(library, prepared("1.flac", title="A", artists=("A",)), prepared("2.flac", title="B", artists=("B",)))
    assert delete_files(library, "home", ["1.flac"]) == 1
    assert (count(library, "passages"), count(library, "current_artists")) == (1, 1)
    assert sweep(library) == {"artists": 1, "albums": 0, "songs": 1}


def test_a_missing_file_is_kept_and_is_found_when_it_comes_back(library: Connection[Any]) -> None:
    load(library, prepared("1.flac"))
    assert (keep_missing(library, "home", ["1.flac"]), keep_missing(library, "home", ["1.flac"])) == (1, 0)
    load(library, prepared("1.flac"))
    assert library.execute("SELECT missing_since FROM music.files").fetchall() == [(None,)]


def shared_library() -> list[File]:
    """Files of few artists and albums, so that all workers meet at the same rows."""
    return [
        prepared(
            f"{number % 7}/{number}.flac",
            title=f"T{number % 40}",
            artists=(f"Artist {number % 5}", f"artist {number % 3}"),
            album=f"Album {number % 4}",
            album_artists=(f"ARTIST {number % 5}",) if number % 2 else (),
            mb_artists=(M1, M2) if number % 11 == 0 else (),
            date=str(1970 + number % 13),
        )
        for number in range(WORKERS * 20)
    ]


def test_sixteen_workers_with_the_same_artists_leave_what_one_leaves(
    library: Connection[Any], library_url: str
) -> None:
    files = shared_library()
    for start in range(0, len(files), 10):
        load(library, *files[start : start + 10])
    serial = contents(library)
    apply(library, MIGRATION.back)
    apply(library, MIGRATION.forward)

    def work(worker: int) -> None:
        with Connection.connect(library_url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '20s'")
            mine = files[worker::WORKERS]
            for start in range(0, len(mine), 10):
                load(connection, *reversed(mine[start : start + 10]))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert contents(library) == serial


def test_a_failure_in_the_middle_leaves_nothing_of_the_batch(library: Connection[Any]) -> None:
    library.execute("ALTER TABLE music.passage_artists ADD CHECK (role <> 'composer')")
    with pytest.raises(Exception, match="23514"):
        load(library, prepared("1.flac", composers=("C",), album="L"))
    assert {table: count(library, table) for table in ("artists", "albums", "files", "passages")} == dict.fromkeys(
        ("artists", "albums", "files", "passages"), 0
    )


def test_a_transaction_that_is_open_already_and_missing_tables_are_said(
    library: Connection[Any], library_url: str
) -> None:
    with library.transaction(), pytest.raises(DefectError, match="autocommit"):
        load(library, prepared("1.flac"))
    apply(library, MIGRATION.back)
    with pytest.raises(SetupError, match="42P01"):
        load(library, prepared("1.flac"))
