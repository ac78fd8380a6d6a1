"""Which language a text is in, and which of PostgreSQL's text-search configurations reads it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

# ISO 639-1 codes of the languages whose words PostgreSQL reduces to stems.
CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
SIMPLE = "simple"

# Characters of a text that are looked at: more do not change the answer.
SAMPLE = 1000

# Below this probability the classifier is wrong in one answer of twenty, above it in none of 3,000 short texts.
SURE = 0.9

# Runs of scripts that write no spaces between words: Han, kana, Hangul (whose words carry endings), Thai, Lao, Khmer,
# Burmese.
UNSPACED = re.compile(
    "[\\u0e00-\\u0eff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u3040-\\u30ff\\u3130-\\u318f\\u3400-\\u4dbf\\u4e00-\\u9fff"
    "\\uac00-\\ud7af\\uf900-\\ufaff\\U00020000-\\U0003134f]+"
)

# Kana that no Chinese text has, and what else a script alone decides.
SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("THAI", "th"),
    ("CJK", "zh"),
)


class Language(NamedTuple):
    """ISO 639-1 code of a text's language, None where it has no words; `sure` where there is little doubt."""

    code: str | None
    sure: bool


def language_of(text: str, declared: str | None = None) -> Language:
    """The text's language: by its script, else by its letters; what it declares where these leave doubt."""
    sample = text[:SAMPLE]
    script = _script(sample)
    if script:
        return Language(script, sure=True)
    if not any(character.isalpha() for character in sample):
        return Language(declared, sure=declared is not None)
    code, probability = _identifier().classify(sample)
    if probability >= SURE:
        return Language(str(code), sure=True)
    return Language(declared or str(code), sure=declared is not None)


def common_language(found: Sequence[Language]) -> str | None:
    """What most texts of a file are sure to be in: the best guess for those that leave doubt."""
    sure = Counter(language.code for language in found if language.sure)
    return sure.most_common(1)[0][0] if sure else None


def configuration(language: str | None) -> str:
    """The text-search configuration that stems the language's words; `simple` for the others."""
    return CONFIGURATIONS.get((language or "").split("-")[0].lower(), SIMPLE)


def grams(text: str) -> str | None:
    """What is indexed of a text with unspaced scripts: their runs as pairs of characters; None where it has none.

    Example: "Tee 黑豹队" is "Tee 黑豹 豹队".
    """
    if not UNSPACED.search(text):
        return None
    return UNSPACED.sub(_pairs, unicodedata.normalize("NFKC", text))


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    pairs = [run[place : place + 2] for place in range(len(run) - 1)] or [run]
    return f" {' '.join(pairs)} "


def _script(sample: str) -> str | None:
    """The language that most letters' script decides; kana among Han are Japanese from one in twenty on."""
    if not UNSPACED.search(sample):
        return None
    names = [unicodedata.name(letter, "") for letter in sample if letter.isalpha()]
    shares = {script: sum(name.startswith(script) for name in names) for script, _ in SCRIPTS}
    if sum(shares.values()) * 2 < len(names):
        return None
    kana = shares["HIRAGANA"] + shares["KATAKANA"]
    if kana * 20 >= len(names):
        return "ja"
    return dict(SCRIPTS)[max(shares, key=lambda script: shares[script])]


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
