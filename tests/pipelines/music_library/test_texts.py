"""Legacy encodings, artists within texts, ratings: rules that work on texts alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.music_library.options import Options
from include.pipelines.music_library.tags.artists import artists_in
from include.pipelines.music_library.tags.layer import Layer
from include.pipelines.music_library.tags.legacy_text import legacy_encoding, repaired
from include.pipelines.music_library.tags.ratings import rating_of

ENCODINGS = ("utf-8", "gbk", "cp1251")


@pytest.mark.parametrize(
    ("text", "artists"),
    [
        ("AC/DC", ["AC/DC"]),
        ("ac/dc / One", ["ac/dc", "One"]),
        ("Tyler, the Creator", ["Tyler, the Creator"]),
        ("Someone, the Other", ["Someone, the Other"]),
        ("Sammy, Jr.", ["Sammy, Jr."]),
        ("One, Two & Three", ["One, Two & Three"]),
        ("One, Two", ["One", "Two"]),
        ("One & Two", ["One & Two"]),
        ("One; Two feat. Three", ["One", "Two", "Three"]),
        ("One ft. Earth, Wind & Fire", ["One", "Earth, Wind & Fire"]),
        ("Back/AC/DC", ["Back", "AC/DC"]),
        ("AC/DCX", ["AC", "DCX"]),
        ("One; One", ["One"]),
        (" ; ", []),
    ],
)
def test_artists_within_a_text_are_parted_but_for_names_that_hold_a_separator(text: str, artists: list[str]) -> None:
    assert list(artists_in((text,), 0, Options())) == artists


def test_one_id_for_one_value_says_that_the_value_is_one_artist() -> None:
    assert artists_in(("One, Two",), 1, Options()) == ("One, Two",)


def test_a_site_names_its_own_exceptions() -> None:
    assert artists_in(("Salt/Pepper",), 0, Options(whole_names=("salt/pepper",))) == ("Salt/Pepper",)


@pytest.mark.parametrize("text", ["Motörhead", "été", "Björk Guðmundsdóttir", "Þþ ðð", "São Paulo", "Ænima", "¡Ay!"])
def test_a_text_in_latin_1_stays_as_it_is(text: str) -> None:
    assert legacy_encoding([text], ENCODINGS) is None


@pytest.mark.parametrize("encoding", ["euc_jp", "shift_jis", "big5", "koi8_r"])
def test_a_text_in_an_encoding_that_is_not_asked_for_is_never_taken_for_chinese(encoding: str) -> None:
    text = {"koi8_r": "Группа крови", "big5": "退潮的港口"}.get(encoding, "コツキミヤとうほう")
    assert legacy_encoding([text.encode(encoding).decode("latin-1")], ENCODINGS) != "gbk"


CYRILLIC = st.text("абвгдежзийклмнопрстуфхцчшщъыьэюя", min_size=4, max_size=40)


@given(CYRILLIC)
def test_cyrillic_words_in_cp1251_are_read_again(text: str) -> None:
    raw = text.encode("cp1251").decode("latin-1")
    assert legacy_encoding([raw], ENCODINGS) == "cp1251"
    assert repaired(raw, "cp1251") == text


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_ascii_is_nothing_to_repair(text: str) -> None:
    assert legacy_encoding([text], ENCODINGS) is None


@pytest.mark.parametrize(
    ("kind", "name", "text", "stars"),
    [
        ("id3", "popm:windows media player 9 series", "196", 4.0),
        ("id3", "popm:no@email", "54", 1.5),
        ("id3", "popm:musicbee", "1", 1.0),
        ("id3", "popm:banshee", "153", 3.0),
        ("ape", "rating", "2,5", 2.5),
        ("ape", "rating", "90", 4.5),
        ("vorbis", "rating:someone@example.org", "0.8", 4.0),
        ("vorbis", "fmps_rating", "0.5", 2.5),
        ("asf", "wm/shareduserrating", "99", 5.0),
        ("mp4", "rate", "30", 1.5),
        ("vorbis", "rating", "good", None),
        ("vorbis", "rating", "nan", None),
        ("vorbis", "rating", "inf", None),
        ("vorbis", "rating", "-3", 0.0),
    ],
)
def test_a_rating_is_read_on_the_scale_of_who_wrote_it(kind: str, name: str, text: str, stars: float | None) -> None:
    assert rating_of([Layer(kind, {name: [text]})]) == stars


def test_mediamonkeys_own_value_tells_a_half_star_from_windows_one() -> None:
    layer = Layer("asf", {"wm/shareduserrating": ["1"], "sdb/rating": ["10"]})
    assert rating_of([layer]) == 0.5
