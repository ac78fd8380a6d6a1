"""What files of the sample library say, one defect or kind of tag each."""

from __future__ import annotations

import pickle
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import mutagen
import pytest

from include.errors import FileError
from include.pipelines.music_library.audio.window import syncsafe
from include.pipelines.music_library.options import Options
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.tags.columns import date_of
from include.samples.music_library import containers
from include.samples.music_library.cases import ARTIST, RECORDING, flac
from tests.pipelines.music_library.conftest import Prepare


def test_of_three_tags_the_id3v2_wins_and_the_others_fill_its_gaps(prepare_sample: Prepare) -> None:
    tags = prepare_sample("tags/utf16-over-ape-and-v1.mp3").tags
    assert (tags.title, tags.date, tags.track, tags.tracks, tags.genres) == (
        "Low water",
        "2001-05-06",
        3,
        9,
        ("Choral",),
    )


@pytest.mark.parametrize(
    ("name", "artists"),
    [
        ("tags/several-values.mp3", ("Tidal Choir", "AC/DC")),
        ("tags/nul-separated.mp3", ("One", "Two")),
        ("tags/one-text.mp3", ("AC/DC feat. Tyler, the Creator",)),
        ("tags/v1-only.mp3", ("Tidal Choir",)),
        ("tags/info.wav", ("Tidal Choir",)),
        ("tags/own-texts.aiff", ("Tidal Choir",)),
        ("tags/freeform.m4a", ("Tidal Choir",)),
        ("broken/tag-longer-than-file.mp3", ("Tidal Choir",)),
    ],
)
def test_artists_are_the_values_that_the_tag_holds(
    prepare_sample: Prepare, name: str, artists: tuple[str, ...]
) -> None:
    assert prepare_sample(name).tags.artists == artists


@pytest.mark.parametrize(
    ("name", "title", "encoding"),
    [
        ("encodings/cp1251.mp3", "Отлив", "cp1251"),
        ("encodings/gbk.mp3", "退潮", "gbk"),
        ("encodings/latin-1.mp3", "Ebbe für Möwen", None),
    ],
)
def test_texts_declared_as_latin_1_are_read_in_the_encoding_of_their_bytes(
    prepare_sample: Prepare, name: str, title: str, encoding: str | None
) -> None:
    tags = prepare_sample(name).tags
    assert (tags.title, tags.repaired) == (title, encoding)


def test_musicbrainz_ids_and_ratings_are_found_where_each_format_has_them(prepare_sample: Prepare) -> None:
    known = prepare_sample("tags/musicbrainz.mp3").tags
    assert (known.mb_recording, known.mb_artists) == (RECORDING, (ARTIST,))
    assert prepare_sample("tags/rated.mp3").tags.rating == 4.0
    assert prepare_sample("tags/freeform.m4a").tags.rating == 4.0


def test_the_frames_of_variable_mpeg_2_without_a_header_are_counted(prepare_sample: Prepare, sample: Path) -> None:
    # 90 frames of 576 samples at 22,050 Hz; mutagen takes the first frame's bitrate for all.
    name = "tags/mpeg2-variable.mp3"
    assert prepare_sample(name).audio.length_ms == 2351
    assert mutagen.File(sample / name).info.length > 10


def test_a_wave_file_for_more_than_4_gib_is_read_where_mutagen_wants_riff(prepare_sample: Prepare) -> None:
    audio = prepare_sample("tags/beyond-4-gib.wav").audio
    assert (audio.length_ms, audio.sample_rate, audio.channels) == (500, 44_100, 1)


@pytest.mark.parametrize("name", ["empty.mp3", "text.mp3", "cut-off.flac", "cut-off.m4a", "circles.mpc"])
def test_a_broken_file_is_refused_with_its_name_and_what_to_do(prepare_sample: Prepare, name: str) -> None:
    with pytest.raises(FileError, match=name) as refused:
        prepare_sample(f"broken/{name}")
    assert refused.value.remedy


def test_a_tag_that_inflates_to_a_gigabyte_is_refused_before_it_does(tmp_path: Path) -> None:
    deflater = zlib.compressobj(9)
    deflated = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(1 << 10)) + deflater.flush()
    frame = b"TIT2" + syncsafe(len(deflated) + 4) + b"\x00\x09" + syncsafe(1) + deflated
    path = tmp_path / "swells.mp3"
    path.write_bytes(b"ID3\x04\x00\x00" + syncsafe(len(frame)) + frame + containers.mp3(10))
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="SwellingError"):
            prepare(path)
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"gone\.mp3"):
        prepare(tmp_path / "gone.mp3")


def test_a_prepared_file_can_be_sent_between_processes_and_is_the_same_every_time(prepare_sample: Prepare) -> None:
    file = prepare_sample("passages/side.flac")
    assert pickle.loads(pickle.dumps(file)) == prepare_sample("passages/side.flac") == file  # its own


def retag(path: Path, **tags: Any) -> None:
    audio = mutagen.File(path)
    if audio.tags is None:
        audio.add_tags()
    for name, value in tags.items():
        audio.tags[name] = value
    audio.save()


@pytest.mark.parametrize("extent", ["sampled", "full"])
@pytest.mark.parametrize(
    ("name", "content", "tags"),
    [
        ("a.flac", flac(1, 40), {"TITLE": "x" * 9000}),
        ("a.m4a", containers.mp4(9000, 1), {"©nam": ["x" * 9000]}),
        ("a.opus", containers.opus(9000, ["TITLE=a"], 1), {"TITLE": "x" * 9000}),
        ("a.wav", containers.wav(44_100, 1), {}),
        ("a.mp3", containers.mp3(200, 1), {}),
        ("a.aiff", containers.aiff(44_100), {}),
    ],
)
def test_the_hash_of_the_audio_stays_when_tags_are_added_and_grow(
    tmp_path: Path, name: str, content: bytes, tags: dict[str, Any], extent: Any
) -> None:
    path, options = tmp_path / name, Options(audio_hash=extent)
    path.write_bytes(content)
    before = prepare(path, options).audio.audio_hash
    retag(path, **tags or {"TIT2": mutagen.id3.TIT2(encoding=3, text="x" * 9000)})
    after = prepare(path, options)
    assert after.audio.audio_hash == before
    assert after.tags.title == "x" * 9000


def test_the_hash_differs_where_the_audio_does(tmp_path: Path) -> None:
    hashes = set()
    for mark in range(5):
        path = tmp_path / f"{mark}.mp3"
        path.write_bytes(containers.mp3(200, mark))
        hashes.add(prepare(path).audio.audio_hash)
    assert len(hashes) == 5


def test_an_id3v1_and_an_ape_tag_behind_the_audio_are_no_audio(tmp_path: Path, sample: Path) -> None:
    path = tmp_path / "bare.mp3"
    path.write_bytes(containers.mp3(30, 1))
    assert prepare(path).audio.audio_hash == prepare(sample / "tags/utf16-over-ape-and-v1.mp3").audio.audio_hash


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1997-06-20T10:00", "1997-06-20"),
        ("2005/06/05", "2005-06-05"),
        ("2005.06", "2005-06"),
        ("2005-00-00", "2005"),
        ("1999", "1999"),
        ("Oct 3, 1995", "Oct 3, 1995"),
        ("19990", "19990"),
    ],
)
def test_a_date_is_its_day_and_any_other_text_stays(text: str, date: str) -> None:
    assert date_of(text) == date


def test_options_that_change_rows_change_the_fingerprint() -> None:
    assert len({Options().fingerprint, Options(separators=()).fingerprint, Options(sheets=False).fingerprint}) == 3
    assert Options().fingerprint == Options().fingerprint
