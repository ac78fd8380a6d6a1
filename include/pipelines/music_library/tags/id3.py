"""ID3 tags of all versions: texts as they were written, before anything reads a date or a genre into them."""

from __future__ import annotations

from typing import Any

from mutagen.id3 import APIC, POPM, TXXX, UFID, Frames, Frames_2_2, TextFrame
from mutagen.id3 import ParseID3v1 as _ParseID3v1

from include.pipelines.music_library.tags.inflating import bound
from include.pipelines.music_library.tags.layer import Layer

bound()

# It has no types.
ParseID3v1: Any = _ParseID3v1

# Frames whose text mutagen drops where it is no date ("Oct 3, 1995").
TIMES = ("TDRC", "TDOR", "TDRL", "TDEN", "TDTG")

# What frames are read as: mutagen's own, of ID3v2.2 too, with moments as plain texts.
FRAMES: dict[str, Any] = {**Frames, **Frames_2_2, **{name: type(name, (TextFrame,), {}) for name in TIMES}}

# Bytes of an ID3v1 tag, the file's last ones.
V1_BYTES = 128


def id3_layer(tags: Any) -> Layer:
    """What an ID3v2 tag says; the names of ID3v2.2 are given as those of 2.3: {"tit2": ["Title"]}."""
    layer = Layer("id3")
    for frame in tags.values():
        _take(layer, frame)
    _complete_date(layer)
    return layer


def v1_layer(last_bytes: bytes) -> Layer | None:
    """What the ID3v1 tag says that the file's last 128 bytes are; None where they are none."""
    frames = ParseID3v1(last_bytes) if last_bytes[:3] == b"TAG" else None
    if not frames:
        return None
    layer = Layer("id3")
    for frame in frames.values():
        _take(layer, frame)
    return layer


def _take(layer: Layer, frame: Any) -> None:
    kind = type(frame)
    if issubclass(kind, TextFrame):
        name = _name(frame)
        layer.add(name, frame.genres if name == "tcon" else [str(text) for text in frame.text])
        if frame.encoding == 0:
            layer.declared_latin1.add(name)
    elif issubclass(kind, UFID):
        layer.add(f"ufid:{frame.owner.lower()}", [frame.data.decode("ascii", "replace")])
    elif issubclass(kind, POPM):
        layer.add(f"popm:{frame.email.lower()}", [str(frame.rating)])
    elif issubclass(kind, APIC):
        layer.pictures += 1


def _name(frame: Any) -> str:
    kind = type(frame)
    if issubclass(kind, TXXX):
        return f"txxx:{frame.desc.lower()}"
    return (kind.__mro__[len(kind.__name__) == 3].__name__).lower()


def _complete_date(layer: Layer) -> None:
    """ID3v2.3 has the year in TYER and day and month in TDAT (ddmm): 1997 and 2006 are 1997-06-20."""
    year, day = (layer.values.get(name, [""])[0] for name in ("tyer", "tdat"))
    day = day or layer.values.get("txxx:tdat", [""])[0]
    whole = len(year) == 4 and len(day) == 4 and (year + day).isdigit()
    if year:
        layer.values["tyer"] = [f"{year}-{day[2:]}-{day[:2]}" if whole and day != "0000" else year]
