"""The sample library's files, one a defect or a kind of tag: name within the library, and its bytes."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import CHAP, ID3, POPM, TALB, TDRC, TIT2, TPE1, TPE2, TRCK, TXXX, UFID
from mutagen.mp4 import MP4, MP4FreeForm

from include.samples.music_library import containers

RECORDING = "0b6e5f7a-5d7c-4f0e-9b55-6a3f5d0c1e21"
ARTIST = "5f3c1f0e-0f55-4c0d-8a53-2c0a9e7b6d10"
MUSICBRAINZ = "http://musicbrainz.org"

Case = tuple[str, bytes]

# Mutagen's constructors of frames and files have no types.
_frame: dict[str, Any] = {kind.__name__: kind for kind in (CHAP, POPM, TALB, TDRC, TIT2, TPE1, TPE2, TRCK, TXXX, UFID)}
_ID3: Any = ID3
_free: Any = MP4FreeForm
_APE: Any = APEv2


def id3(*frames: tuple[str, dict[str, Any]], version: int = 4) -> bytes:
    """An ID3v2 tag of frames, as in `id3(("TIT2", {"encoding": 3, "text": ["Title"]}))`."""
    tags = _ID3()
    for name, cells in frames:
        tags.add(_frame[name](**cells))
    if version == 3:
        tags.update_to_v23()
    raw = io.BytesIO()
    tags.save(raw, v2_version=version, padding=lambda _: 64)
    return raw.getvalue()


def texts(encoding: int = 3, **said: str | list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Frames of text by name, as in `texts(TIT2="Title", TPE1=["One", "Two"])`; `encoding` is 0 for Latin-1, 1, 3."""
    return [
        (name, {"encoding": encoding, "text": value if isinstance(value, list) else [value]})
        for name, value in said.items()
    ]


def id3v1(title: str, artist: str, album: str, year: str, track: int) -> bytes:
    """The 128 bytes of an ID3v1.1 tag."""
    cells = [
        text.encode("latin-1")[:size].ljust(size, b"\x00") for text, size in ((title, 30), (artist, 30), (album, 30))
    ]
    return b"TAG" + b"".join(cells) + year.encode()[:4].ljust(4, b"\x00") + bytes(28) + b"\x00" + bytes((track, 255))


def ape(**said: str | list[str]) -> bytes:
    """An APEv2 tag."""
    tags = _APE()
    for name, value in said.items():
        tags[name] = value
    raw = io.BytesIO()
    tags.save(raw)
    return raw.getvalue()


def _saved(kind: Any, raw: bytes, fill: Callable[[Any], None]) -> bytes:
    stream = io.BytesIO(raw)
    audio = kind(stream)
    fill(audio)
    stream.seek(0)
    audio.save(stream)
    return stream.getvalue()


def flac(mark: int, blocks: int = 3, /, **said: Any) -> bytes:
    """A FLAC file with Vorbis comments."""
    return _saved(FLAC, containers.flac(blocks, mark), lambda audio: audio.update(said))


def m4a(mark: int, **said: Any) -> bytes:
    """An MP4 file with iTunes' tags; free ones are named by what follows iTunes' prefix."""

    def fill(audio: Any) -> None:
        for name, value in said.items():
            known = {"title": "©nam", "artist": "©ART", "album": "©alb", "date": "©day", "rate": "rate", "trkn": "trkn"}
            free = [_free(str(value).encode())]
            audio[known.get(name, f"----:com.apple.iTunes:{name}")] = value if name in known else free

    return _saved(MP4, containers.mp4(50, mark), fill)


def latin1_frames(encoding: str, title: str, artist: str) -> bytes:
    """An MP3 whose frames say Latin-1 and hold another encoding's bytes."""
    said = {name: text.encode(encoding).decode("latin-1") for name, text in (("TIT2", title), ("TPE1", artist))}
    return id3(*texts(0, **said), version=3) + containers.mp3(20, len(artist))


CUE = """PERFORMER "{artist}"\r
TITLE "{album}"\r
REM DATE 1999\r
FILE "{file}" WAVE\r
  TRACK 01 AUDIO\r
    TITLE "{one}"\r
    INDEX 01 00:00:00\r
  TRACK 02 AUDIO\r
    TITLE "{two}"\r
    INDEX 00 00:01:00\r
    INDEX 01 00:01:30\r
"""


def cue(file: str, one: str = "First half", two: str = "Second half", artist: str = "Tidal Choir") -> str:
    """A sheet of two tracks, the second at 1.4 s."""
    return CUE.format(file=file, one=one, two=two, artist=artist, album="One side")


def cases() -> Iterator[Case]:
    """All files of the sample library, in the order of their names' folders."""
    yield from _tags()
    yield from _encodings()
    yield from _albums()
    yield from _passages()
    yield from _broken()


def _tags() -> Iterator[Case]:
    said = texts(1, TIT2="Low water", TPE1="Tidal Choir", TALB="Ebb", TDRC="2001-05-06", TRCK="3/9")
    old = id3v1("Low water, cut off after thirty", "Tidal Choi", "Ebb", "1999", 3)
    yield "tags/utf16-over-ape-and-v1.mp3", id3(*said) + containers.mp3(30, 1) + ape(Year="2000", Genre="Choral") + old
    yield "tags/v1-only.mp3", containers.mp3(20, 2) + id3v1("Slack", "Tidal Choir", "Ebb", "2001", 4)
    yield "tags/several-values.mp3", id3(*texts(TIT2="Two", TPE1=["Tidal Choir", "AC/DC"])) + containers.mp3(20, 3)
    yield "tags/nul-separated.mp3", id3(*texts(TIT2="Nul", TPE1="One\x00Two"), version=3) + containers.mp3(20, 4)
    yield "tags/one-text.mp3", id3(*texts(TIT2="Guests", TPE1="AC/DC feat. Tyler, the Creator")) + containers.mp3(20, 5)
    rated = ("POPM", {"email": "Windows Media Player 9 Series", "rating": 196, "count": 0})
    yield "tags/rated.mp3", id3(*texts(TIT2="Rated", TPE1="Tidal Choir"), rated) + containers.mp3(20, 6)
    ids = ("UFID", {"owner": MUSICBRAINZ, "data": RECORDING.encode()})
    artist = ("TXXX", {"encoding": 3, "desc": "MusicBrainz Artist Id", "text": [ARTIST]})
    yield "tags/musicbrainz.mp3", id3(*texts(TIT2="Known", TPE1="Tidal Choir"), ids, artist) + containers.mp3(20, 7)
    yield "tags/freeform.m4a", m4a(8, title=["Free"], artist=["Tidal Choir"], rate=["80"], ISRC="ZZAAA0000001")
    yield "tags/info.wav", containers.wav(22_050, 9, info=containers.info_list(INAM="Info", IART="Tidal Choir"))
    yield "tags/own-texts.aiff", containers.aiff(22_050, NAME="Aiff", AUTH="Tidal Choir")
    yield "tags/beyond-4-gib.wav", containers.wav(22_050, 10, form=b"RF64")
    yield "tags/mpeg2-variable.mp3", id3(*texts(TIT2="Variable", TPE1="Tidal Choir")) + containers.mpeg2_variable(90)


def _encodings() -> Iterator[Case]:
    yield "encodings/cp1251.mp3", latin1_frames("cp1251", "Отлив", "Хор прилива")  # noqa: RUF001
    yield "encodings/gbk.mp3", latin1_frames("gbk", "退潮", "潮汐合唱团")
    yield "encodings/latin-1.mp3", latin1_frames("latin-1", "Ebbe für Möwen", "Gezeitenchor Köln")
    name = unicodedata.normalize("NFD", "encodings/Ébb in NFD.flac")
    yield name, flac(11, TITLE="Ébb", ARTIST="Tidal Choir", ALBUM="Ebb")


def _albums() -> Iterator[Case]:
    for disc in (1, 2):
        for track, artist in enumerate(("Harbour Brass", "Tidal Choir"), 1):
            said = {"TITLE": f"Piece {disc}.{track}", "ARTIST": artist, "ALBUM": "Mixed", "TRACKNUMBER": str(track)}
            yield f"albums/mixed/CD{disc}/{track}.flac", flac(20 + 2 * disc + track, COMPILATION="1", **said)
    for artist in ("Harbour Brass", "Tidal Choir"):
        said = {"TITLE": "Opening", "ARTIST": artist, "ALBUMARTIST": artist, "ALBUM": "Greatest Hits"}
        yield f"albums/hits/{artist}.flac", flac(30 + len(artist), **said)
    yield "albums/copy.flac", flac(31 + len("Tidal Choir") - 1, TITLE="Opening, again", ARTIST="Tidal Choir")


def _passages() -> Iterator[Case]:
    yield "passages/side.flac", flac(40, 30, ARTIST="Tidal Choir")
    yield "passages/side.cue", cue("side.wav").encode()
    yield "passages/cp1251.flac", flac(41, 30)
    yield "passages/cp1251.cue", cue("cp1251.flac", "Начало отлива", "Конец отлива").encode("cp1251")
    yield "passages/embedded.flac", flac(42, 30, CUESHEET=cue("embedded.flac"))
    yield "passages/one-track-of-a-disc.flac", flac(43, 10, TITLE="First half", CUESHEET=cue("disc.wav"))
    frames = [
        ("CHAP", {"element_id": f"c{number}", "start_time": start, "end_time": start + 400, "sub_frames": [title]})
        for number, (start, title) in enumerate(((0, _title("Rising")), (400, _title("Falling"))))
    ]
    yield "passages/chapters.mp3", id3(*texts(TIT2="A talk", TPE1="Tidal Choir"), *frames) + containers.mp3(31, 44)
    said = ["TITLE=A talk", "CHAPTER001=00:00:00.000", "CHAPTER001NAME=Rising", "CHAPTER002=00:00:02.500"]
    yield "passages/chapters.opus", containers.opus(250, said, 45)


def _title(text: str) -> Any:
    return _frame["TIT2"](encoding=3, text=[text])


def _broken() -> Iterator[Case]:
    yield "broken/empty.mp3", b""
    yield "broken/text.mp3", b"This is no audio.\n"
    # A packet of 0 bytes, whose end lies before its start.
    yield "broken/circles.mpc", b"MPCKAA\x00" + bytes(64)
    yield "broken/cut-off.flac", containers.flac(5)[:30]
    yield "broken/cut-off.m4a", containers.mp4(20)[:120]
    yield "broken/tag-longer-than-file.mp3", id3(*texts(TIT2="Cut", TPE1="Tidal Choir"))[:-40]
