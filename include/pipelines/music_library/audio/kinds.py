"""What kind of audio a file holds, told by its bytes and not by its name.

Each kind names its reader, so that a file is parsed once and not by all readers in turn. A file whose bytes say nothing
is guessed by mutagen's own scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from mutagen._file import FileType
from mutagen.aac import AAC
from mutagen.ac3 import AC3
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.dsdiff import DSDIFF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.monkeysaudio import MonkeysAudio
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.musepack import Musepack
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis
from mutagen.optimfrog import OptimFROG
from mutagen.smf import SMF
from mutagen.tak import TAK
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the name its rows carry, mutagen's reader of it, and the family whose rules hold for its tags."""

    name: str
    reader: type[FileType]
    family: str


MPEG = Kind("mp3", MP3, "mpeg")
RIFF = Kind("wav", WAVE, "riff")
FLAC_KIND = Kind("flac", FLAC, "flac")
MP4_KIND = Kind("mp4", MP4, "mp4")
ADTS = Kind("aac", AAC, "mpeg")

# What stands at a position of the file behind its ID3v2 tags, in the order in which it is looked for.
MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"fLaC", FLAC_KIND),
    (8, b"WAVE", RIFF),
    (8, b"AIFF", Kind("aiff", AIFF, "aiff")),
    (8, b"AIFC", Kind("aiff", AIFF, "aiff")),
    (4, b"ftyp", MP4_KIND),
    (4, b"moov", MP4_KIND),
    (0, b"0&\xb2u\x8ef\xcf\x11", Kind("asf", ASF, "asf")),
    (0, b"MAC ", Kind("ape", MonkeysAudio, "ape")),
    (0, b"wvpk", Kind("wavpack", WavPack, "ape")),
    (0, b"MPCK", Kind("musepack", Musepack, "ape")),
    (0, b"MP+", Kind("musepack", Musepack, "ape")),
    (0, b"OFR ", Kind("optimfrog", OptimFROG, "ape")),
    (0, b"tBaK", Kind("tak", TAK, "ape")),
    (0, b"TTA1", Kind("tta", TrueAudio, "tta")),
    (0, b"TTA2", Kind("tta", TrueAudio, "tta")),
    (0, b"DSD ", Kind("dsf", DSF, "dsf")),
    (0, b"FRM8", Kind("dsdiff", DSDIFF, "dsdiff")),
    (0, b"MThd", Kind("midi", SMF, "none")),
    (0, b"\x0b\x77", Kind("ac3", AC3, "none")),
    (0, b"ADIF", ADTS),
    (0, b"\xff\xf1", ADTS),
    (0, b"\xff\xf9", ADTS),
)

# What the first packet of a stream in Ogg opens with.
OGG_CODECS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x01vorbis", Kind("vorbis", OggVorbis, "ogg")),
    (b"OpusHead", Kind("opus", OggOpus, "ogg")),
    (b"\x7fFLAC", Kind("oggflac", OggFLAC, "ogg")),
    (b"Speex   ", Kind("speex", OggSpeex, "ogg")),
    (b"\x80theora", Kind("theora", OggTheora, "ogg")),
)

# Bytes in which the first pages of all streams of an Ogg file stand: each is 58 bytes or so.
OGG_OPENING_BYTES = 512

# Bytes after the tags that `MAGIC` looks at.
MAGIC_BYTES = 16


def kind_at(stream: BinaryIO, start: int) -> Kind | None:
    """The kind of the audio that begins at byte `start`; None where its bytes do not say.

    An Ogg file with several streams is of the first audio codec that it holds, whatever pictures move beside it.
    """
    stream.seek(start)
    head = stream.read(MAGIC_BYTES)
    if head[:4] == b"OggS":
        return _ogg_kind(head + stream.read(OGG_OPENING_BYTES))
    return next((kind for at, magic, kind in MAGIC if head[at : at + len(magic)] == magic), None)


def _ogg_kind(opening: bytes) -> Kind | None:
    return next((kind for magic, kind in OGG_CODECS if magic in opening), None)
