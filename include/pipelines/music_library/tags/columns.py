"""The columns of a recording from all the tags of its file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from include.pipelines.music_library.options import Options
from include.pipelines.music_library.prepared import Tags
from include.pipelines.music_library.tags.layer import Layer
from include.pipelines.music_library.tags.legacy_text import legacy_encoding, repaired
from include.pipelines.music_library.tags.ratings import rating_of
from include.pipelines.music_library.tags.rules import NAMES

# Columns that hold all values of a tag; the others hold the first.
MANY = frozenset({"artists", "artist_names", "album_artists", "genres", "composers", "isrcs"})
IDS = frozenset({"mb_recording", "mb_release_track", "mb_album", "mb_release_group"})
MANY_IDS = frozenset({"mb_artists", "mb_album_artists"})
NUMBERS = frozenset({"track", "tracks", "disc", "discs"})

DATES = frozenset({"date", "original_date"})

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBER = re.compile(r"\s*(\d{1,9})(?:\s*(?:/|of)\s*(\d{1,9}))?")

# The day, month or year that a date begins with, whatever parts them and whatever time stands behind.
DAY = re.compile(r"(\d{4})(?:[-/.](\d{2})(?:[-/.](\d{2}))?)?(?!\d)")

FALSE_WORDS = ("0", "false", "no", "")


def columns(layers: list[Layer], options: Options) -> Tags:
    """What the tags say together; of several tags the earlier wins, column by column."""
    encodings = {id(layer): _repair(layer, options) for layer in layers}
    found = _found(layers)
    typed = dict(_typed(found))
    typed.update(_totals(found, typed))
    return Tags(
        **typed,  # type: ignore[arg-type]
        rating=rating_of(layers),
        pictures=max((layer.pictures for layer in layers), default=0),
        repaired=next((encoding for encoding in encodings.values() if encoding), None),
    )


def _repair(layer: Layer, options: Options) -> str | None:
    """Gives the layer's texts their real encoding; returns it, None where all were right."""
    texts = [text for name in layer.declared_latin1 for text in layer.values.get(name, ())]
    encoding = legacy_encoding(texts, options.legacy_encodings)
    if encoding:
        for name in layer.declared_latin1 & layer.values.keys():
            layer.values[name] = [repaired(text, encoding) for text in layer.values[name]]
    return encoding


def _found(layers: list[Layer]) -> dict[str, list[str]]:
    """The values of each column: of the first layer that has any, there by the first name of its rule."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        names = NAMES[layer.kind]
        known = sorted((*names[name], name) for name in layer.values if name in names)
        for column, _, name in known:
            found.setdefault(column, layer.values[name])
    return found


def _typed(found: dict[str, list[str]]) -> Iterator[tuple[str, object]]:
    for column, values in found.items():
        if column == "cue_sheet":
            yield column, values[0]
            continue
        texts = [unicodedata.normalize("NFC", " ".join(text.split())) for text in values]
        if column in NUMBERS:
            yield column, _number(texts[0], 1)
        elif column in DATES:
            yield column, date_of(texts[0])
        elif column in MANY:
            yield column, tuple(dict.fromkeys(texts))
        elif column in IDS:
            yield column, next(_ids(texts), None)
        elif column in MANY_IDS:
            yield column, tuple(_ids(texts))
        else:
            yield column, texts[0].lower() not in FALSE_WORDS if column == "compilation" else texts[0]


def date_of(text: str) -> str:
    """The date as YYYY, YYYY-MM or YYYY-MM-DD; the text as it stands where it begins with none ("Oct 3, 1995")."""
    match = DAY.match(text)
    parts = [part for part in match.groups() if part and part != "00"] if match else []
    return "-".join(parts) or text


def _ids(texts: list[str]) -> Iterator[str]:
    return (match.group() for text in texts for match in UUID.finditer(text.lower()))


def _number(text: str, group: int) -> int | None:
    match = NUMBER.match(text)
    return int(match.group(group)) if match and match.group(group) else None


def _totals(found: dict[str, list[str]], typed: dict[str, object]) -> Iterator[tuple[str, object]]:
    """The 12 of "3/12", where no tag of its own says how many tracks or discs there are; 0 says nothing."""
    for one, all_ in (("track", "tracks"), ("disc", "discs")):
        if one in found and not typed.get(all_):
            yield all_, _number(found[one][0], 2) or None
        if typed.get(one) == 0:
            yield one, None
