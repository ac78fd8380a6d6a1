"""Which language a text is in, and which of PostgreSQL's text-search configurations reads it."""

from __future__ import annotations

import re
import unicodedata

import py3langid

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
SAMPLE = 4000

# Letters: a text with fewer tells no language by its words.
LEAST_LETTERS = 20

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


def language_of(text: str, declared: str | None = None) -> str | None:
    """The text's language as ISO 639-1 code; `declared` where the text is too short to tell, else None."""
    sample = text[:SAMPLE]
    letters = [character for character in sample if character.isalpha()]
    script = _script(letters)
    if script:
        return script
    if len(letters) < LEAST_LETTERS:
        return declared
    return str(py3langid.classify(sample)[0])


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


def _script(letters: list[str]) -> str | None:
    """The language that most letters' script decides; kana among Han are Japanese from one in twenty on."""
    names = [unicodedata.name(letter, "") for letter in letters[:500]]
    shares = {script: sum(name.startswith(script) for name in names) for script, _ in SCRIPTS}
    if sum(shares.values()) * 2 < len(names) or not names:
        return None
    kana = shares["HIRAGANA"] + shares["KATAKANA"]
    if kana * 20 >= len(names):
        return "ja"
    return dict(SCRIPTS)[max(shares, key=lambda script: shares[script])]
