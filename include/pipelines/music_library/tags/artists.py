"""Who is credited: the artists within the texts that a tag has for them."""

from __future__ import annotations

import re
from functools import lru_cache

from include.pipelines.music_library.options import Options

# Forms of names that hold a comma by themselves, whoever bears them: "Tyler, the Creator", "Sammy Davis, Jr.", and
# bands that list their members, "Crosby, Stills & Nash".
COMMA_IN_NAME = re.compile(r", (the|jr\.?|sr\.?|inc\.?|ii|iii|iv)\b|, .*( & | and | \+ )", re.IGNORECASE)


def artists_in(values: tuple[str, ...], ids: int, options: Options) -> tuple[str, ...]:
    """The artists in the values of one tag, in their order, each once.

    Args:
        values: the tag's values; several are artists already, only what is within one is parted.
        ids: how many MusicBrainz artist ids the file has. As many ids as values, or one id for one value, say that
            nothing is to be parted, whatever separators stand there.
        options: separators and names that hold one.
    """
    if len(values) == ids:
        return tuple(dict.fromkeys(values))
    parted = (name for value in values for name in _parted(value, options.separators, options.whole_names))
    return tuple(dict.fromkeys(parted))


def _parted(value: str, separators: tuple[str, ...], whole_names: tuple[str, ...]) -> list[str]:
    whole, pattern = _patterns(separators, whole_names)
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    text = whole.sub(hide, value) if whole else value
    if COMMA_IN_NAME.search(text):
        text = text.replace(", ", "\x01")
    names = (part.replace("\x01", ", ").strip() for part in pattern.split(text))
    return [re.sub("\x00(\\d+)\x00", lambda match: kept[int(match.group(1))], name) for name in names if name]


@lru_cache(maxsize=8)
def _patterns(separators: tuple[str, ...], whole: tuple[str, ...]) -> tuple[re.Pattern[str] | None, re.Pattern[str]]:
    names = "|".join(re.escape(name) for name in sorted(whole, key=len, reverse=True))
    exceptions = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE) if whole else None
    return exceptions, re.compile("|".join(map(re.escape, separators)), re.IGNORECASE)
