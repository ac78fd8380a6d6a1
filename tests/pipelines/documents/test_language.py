"""Which language a text is in, and how scripts without spaces are indexed."""

from __future__ import annotations

import pytest

from include.migrations.m0013_documents import CONFIGURATIONS as MIGRATED
from include.pipelines.documents.language import CONFIGURATIONS, Language, common_language, grams, language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The ferry leaves the pier at six in the morning and returns at night.", "en"),
        ("Die Fähre verlässt den Pier um sechs Uhr am Morgen und kehrt nachts zurück.", "de"),
        ("Паром уходит от причала в шесть часов утра и возвращается ночью.", "ru"),
        ("昆布と鰹節で出汁を取ります。", "ja"),
        ("黑豹队的防守只丢了三百分。", "zh"),
        ("배는 아침 여섯 시에 부두를 떠난다", "ko"),
        ("เรือออกจากท่าเวลาหกโมงเช้า", "th"),
    ],
)
def test_a_sentence_tells_its_language(text: str, code: str) -> None:
    assert language_of(text) == Language(code, sure=True)


def test_a_text_that_leaves_doubt_takes_what_it_declares() -> None:
    assert language_of("IBM 7090", "de") == Language("de", sure=True)
    assert not language_of("IBM 7090").sure


def test_the_language_of_most_is_that_of_those_that_are_sure() -> None:
    found = [Language("en", sure=True), Language("la", sure=False), Language("la", sure=False)]
    assert common_language(found) == "en"


def test_runs_of_unspaced_scripts_are_indexed_by_pairs() -> None:
    assert (grams("Tee 黑豹队 x") or "").split() == ["Tee", "黑豹", "豹队", "x"]
    assert (grams("猫") or "").split() == ["猫"]
    assert grams("Tee") is None


def test_every_configuration_is_known_to_the_tables() -> None:
    assert set(CONFIGURATIONS.values()) <= set(MIGRATED)
