"""Natural keys, and rows as Arrow tables."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.music_library import keys
from include.pipelines.music_library.database.changes import moves
from include.pipelines.music_library.rows import RowsOf
from tests.pipelines.music_library.libraries import M1, M2, prepared

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_a_key_is_the_same_for_every_spelling_of_a_text(text: str) -> None:
    key = keys.normal(text)
    assert keys.normal(unicodedata.normalize("NFD", text)) == key
    assert keys.normal(f"  {text}\t") == key
    assert keys.normal(key) == key


def test_typographic_signs_and_case_do_not_make_another_key() -> None:
    assert keys.normal("Don’t  STOP") == keys.normal("don't stop")  # noqa: RUF001


@pytest.mark.parametrize(
    ("folder", "album"),
    [("a/b/CD1", "a/b"), ("a/b/Disc 2 - Live", "a/b"), ("a/b", "a/b"), ("CD1", "CD1"), ("a/CDs", "a/CDs")],
)
def test_the_discs_of_an_album_share_its_folder(folder: str, album: str) -> None:
    assert keys.album_folder(folder) == album


def test_a_path_whose_bytes_are_no_utf_8_has_a_key_that_a_database_takes() -> None:
    assert keys.path_key("a/\udcff.mp3") == "a/\\xff.mp3"


def test_rows_are_arrow_tables_in_order_of_their_keys() -> None:
    rows = RowsOf("home")
    for number in range(5):
        rows.add(*prepared(f"{number}.flac", title=f"T{number}", album="L", genres=("Rock", "Pop"), rating=3.5))
    tables = rows.rows.tables()
    assert {name: table.num_rows for name, table in tables.items()} == {
        "artists": 1,
        "albums": 1,
        "songs": 5,
        "files": 5,
        "passages": 5,
        "passage_songs": 5,
        "passage_albums": 5,
        "passage_artists": 5,
    }
    assert tables["passages"].column("genres").to_pylist()[0] == ["Rock", "Pop"]
    ids = tables["songs"].column("song_id").to_pylist()
    assert ids == sorted(ids)


def test_nothing_makes_tables_without_rows() -> None:
    assert {table.num_rows for table in RowsOf("home").rows.tables().values()} == {0}


def test_the_order_of_files_does_not_change_their_rows() -> None:
    files = [
        prepared(
            f"{number}.flac", title="T", artists=(name,), album="L", album_artists=(name,), date=str(1990 + number)
        )
        for number, name in enumerate(("abba", "ABBA", "Abba"))
    ]
    one, other = RowsOf("home"), RowsOf("home")
    for file in files:
        one.add(*file)
    for file in reversed(files):
        other.add(*file)
    assert one.rows.tables() == other.rows.tables()
    assert len(one.rows.artists) == len(one.rows.albums) == len(one.rows.songs) == 1


def test_ids_are_given_to_artists_only_where_there_are_as_many() -> None:
    rows = RowsOf("home")
    rows.add(*prepared("1.flac", artists=("One; Two",), mb_artists=(M1, M2)))
    rows.add(*prepared("2.flac", artists=("Three; Four; Five",), mb_artists=(M1, M2)))
    assert {artist.name: artist.mbid for artist in rows.rows.artists.values()} == {
        "One": M1,
        "Two": M2,
        "Three": None,
        "Four": None,
        "Five": None,
    }


def test_songs_without_title_or_artist_are_as_many_as_their_audio() -> None:
    rows = RowsOf("home")
    for name, audio in (("1.flac", "a"), ("2.flac", "a"), ("3.flac", "b")):
        rows.add(*prepared(name, audio=audio, title=None))
    assert len(rows.rows.songs) == 2


def test_a_known_file_keeps_its_id() -> None:
    known = uuid.uuid4()
    assert RowsOf("home", file_ids={"1.flac": known}).add(*prepared("1.flac")) == known


def test_moved_files_are_known_by_their_audio_else_by_their_recording_unless_two_bear_it() -> None:
    gone = {"a": ("x", None), "b": ("y", M1), "c": ("z", None), "d": ("z", None), "e": (None, None)}
    new = {"1": ("x", M2), "2": ("other", M1), "3": ("z", None), "4": (None, None)}
    assert moves(gone, new) == {"a": "1", "b": "2"}
