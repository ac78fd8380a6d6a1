"""Passages from cue sheets and chapters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.music_library.passages.cue import SheetError, decoded, parsed
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.prepared import PreparedFile
from include.samples.music_library import containers
from include.samples.music_library.cases import cue, flac
from tests.pipelines.music_library.conftest import Prepare


def outline(file: PreparedFile) -> list[tuple[str, int, int | None, str | None]]:
    return [(passage.origin, passage.start_ms, passage.end_ms, passage.tags.title) for passage in file.passages]


TWO = [("cue", 0, 1400, "First half"), ("cue", 1400, 2786, "Second half")]


def test_a_sheet_beside_a_file_that_names_another_ending_places_its_tracks(prepare_sample: Prepare) -> None:
    file = prepare_sample("passages/side.flac")
    assert outline(file) == TWO
    assert (file.passages[1].start_sample, file.passages[1].tags.album, file.passages[1].tags.track) == (
        61_740,
        "One side",
        2,
    )


def test_a_sheet_within_the_tags_places_its_tracks(prepare_sample: Prepare) -> None:
    assert outline(prepare_sample("passages/embedded.flac")) == TWO


def test_a_sheet_that_is_not_utf_8_is_read_by_its_bytes(prepare_sample: Prepare) -> None:
    titles = [passage.tags.title for passage in prepare_sample("passages/cp1251.flac").passages]
    assert titles == ["Начало отлива", "Конец отлива"]


def test_the_sheet_of_a_whole_disc_in_a_file_of_one_track_is_passed_over_and_said(prepare_sample: Prepare) -> None:
    file = prepare_sample("passages/one-track-of-a-disc.flac")
    assert outline(file) == [("file", 0, 929, "First half")]
    assert [remark.code for remark in file.remarks] == ["cue_sheet"]


def test_chapters_of_id3_and_of_vorbis_comments_are_passages(prepare_sample: Prepare) -> None:
    assert outline(prepare_sample("passages/chapters.mp3")) == [
        ("chapter", 0, 400, "Rising"),
        ("chapter", 400, 800, "Falling"),
    ]
    assert outline(prepare_sample("passages/chapters.opus")) == [
        ("chapter", 0, 2500, "Rising"),
        ("chapter", 2500, 5000, None),
    ]


def test_a_file_without_either_is_one_passage(prepare_sample: Prepare) -> None:
    assert outline(prepare_sample("tags/rated.mp3")) == [("file", 0, 521, "Rated")]


@pytest.fixture
def side(tmp_path: Path) -> Path:
    path = tmp_path / "side.flac"
    path.write_bytes(flac(1, 30))
    return path


def test_of_several_sheets_the_one_that_names_the_file_is_taken(side: Path) -> None:
    side.with_name("side.cue").write_text(cue("side.wav", "Wrong", "Sheet"), encoding="utf-8")
    side.with_name("the disc.cue").write_text(cue("SIDE.FLAC"), encoding="utf-8")
    assert outline(prepare(side)) == TWO


def test_a_sheet_that_speaks_of_other_files_is_not_taken(side: Path) -> None:
    side.with_name("other.cue").write_text(cue("other.flac"), encoding="utf-8")
    assert [passage.origin for passage in prepare(side).passages] == ["file"]


def test_a_sheet_with_the_files_stem_that_names_one_unknown_file_is_taken(side: Path) -> None:
    side.with_name("side.cue").write_text(cue("CDImage.wav"), encoding="utf-8")
    assert outline(prepare(side)) == TWO


def test_a_sheet_of_one_file_a_track_gives_each_file_its_own_texts(tmp_path: Path) -> None:
    lines = ['PERFORMER "Tidal Choir"', 'TITLE "Ebb"']
    for number in (1, 2):
        (tmp_path / f"{number}.flac").write_bytes(flac(number))
        lines += [
            f'FILE "{number}.wav" WAVE',
            f"TRACK {number:02} AUDIO",
            f'TITLE "Piece {number}"',
            "INDEX 01 00:00:00",
        ]
    (tmp_path / "ebb.cue").write_text("\n".join(lines), encoding="utf-8")
    for number in (1, 2):
        (passage,) = prepare(tmp_path / f"{number}.flac").passages
        assert (passage.tags.title, passage.tags.album, passage.tags.track) == (f"Piece {number}", "Ebb", number)


def test_a_pause_at_the_end_of_the_file_before_belongs_to_it() -> None:
    sheet = parsed(
        'FILE "1.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 00 00:02:00\n'
        'FILE "2.wav" WAVE\nINDEX 01 00:00:00\n'
    )
    assert [(track.file, track.start) for track in sheet.tracks] == [("1.wav", 0), ("2.wav", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TRACK 01 AUDIO",
        'FILE "a.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 never',
        "TRACK 01 AUDIO\nINDEX 01 00:05:00\nTRACK 02 AUDIO\nINDEX 01 00:01:00",
    ],
)
def test_a_sheet_without_times_or_with_times_that_go_back_is_an_error(text: str) -> None:
    with pytest.raises(SheetError):
        parsed(text)


def test_tracks_without_a_time_are_counted() -> None:
    sheet = parsed("TRACK 01 AUDIO\nTRACK 02 AUDIO\nINDEX 01 00:01:00")
    assert (len(sheet.tracks), sheet.without_time) == (1, 1)


def test_no_text_of_a_sheet_holds_a_nul_which_postgres_cannot_store() -> None:
    sheet = parsed(decoded(cue("a.wav").encode("utf-16-le")))
    assert sheet.tracks[0].texts["TITLE"] == "First half"


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_do_more_than_refuse(raw: bytes) -> None:
    try:
        sheet = parsed(decoded(raw))
    except SheetError:
        return
    assert all(track.start is not None and track.start >= 0 for track in sheet.tracks)


WORDS = st.sampled_from(
    ["FILE", "TRACK", "INDEX", "TITLE", "REM", '"', '"a b"', "01", "00:01:02", "x", "\n", "\n", " "]
)


@given(st.lists(WORDS, max_size=60))
def test_no_order_of_commands_does_either(words: list[str]) -> None:
    try:
        sheet = parsed(" ".join(words))
    except SheetError:
        return
    starts = [track.start for track in sheet.tracks]
    assert None not in starts


def test_chapters_behind_the_end_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    path.write_bytes(containers.opus(100, ["CHAPTER001=00:00:00.5", "CHAPTER002=00:01:00.0"]))
    file = prepare(path)
    assert len(file.passages) == 1
    assert [remark.reason for remark in file.remarks] == ["1 chapters begin behind the file's end"]
