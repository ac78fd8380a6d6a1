"""The smallest real audio files of each kind: silence that players play, made without an encoder."""

from __future__ import annotations

import struct
import zlib

# Hz of all samples that are made here but MPEG-2's.
RATE = 44_100

# A frame of MPEG 1 layer 3, 128 kbit/s at 44.1 kHz: 417 bytes and 1,152 samples, nothing but zeros behind its header.
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)

# Frames of MPEG 2 layer 3 at 22.05 kHz, 576 samples each, at 8, 64 and 160 kbit/s: variable bitrate without a header.
MPEG2_FRAMES = tuple(
    bytes((0xFF, 0xF3, index << 4, 0xC4)) + bytes(576 * kbps * 125 // 22_050 - 4)
    for index, kbps in ((1, 8), (8, 64), (14, 160))
)

# What `esds` says of AAC: low complexity, 44.1 kHz, one channel.
AAC_CONFIG = bytes.fromhex("03190000000411401500000000000000000000000005021208060102")

# Opus' own packet of 20 ms of silence.
OPUS_SILENCE = b"\xf8\xff\xfe"
OPUS_PACKET_SAMPLES = 960


def mp3(frames: int, mark: int = 0) -> bytes:
    """Silence of so many frames of 26 ms; `mark` makes the audio of two files differ."""
    return MP3_FRAME * (frames - 1) + MP3_FRAME[:-4] + struct.pack(">I", mark)


def mpeg2_variable(frames: int) -> bytes:
    """Silence of so many frames whose bitrate changes, with no header that counts them."""
    return b"".join(MPEG2_FRAMES[number * 7 % 5 % 3] for number in range(frames))


def wav(samples: int, mark: int = 0, *, form: bytes = b"RIFF", info: bytes = b"") -> bytes:
    """16-bit mono; `form` RF64 is for files beyond 4 GiB, whose sizes stand in a chunk of their own."""
    data = bytes(samples * 2 - 4) + struct.pack("<I", mark)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    long = form == b"RF64"
    sizes = b"ds64" + struct.pack("<IQQQI", 28, 0, len(data), samples, 0) if long else b""
    body = b"WAVE" + sizes + fmt + info + b"data" + struct.pack("<I", 0xFFFFFFFF if long else len(data)) + data
    return form + struct.pack("<I", 0xFFFFFFFF if long else len(body)) + body


def info_list(**texts: str) -> bytes:
    """Bytes of a chunk LIST with texts by name, as in `info_list(INAM="Title")`."""
    entries = b"".join(
        name.encode() + struct.pack("<I", len(raw)) + raw + bytes(len(raw) % 2)
        for name, raw in ((name, text.encode() + b"\x00") for name, text in texts.items())
    )
    return b"LIST" + struct.pack("<I", len(entries) + 4) + b"INFO" + entries


def aiff(samples: int, **texts: str) -> bytes:
    """16-bit mono with AIFF's own texts by chunk, as in `aiff(100, NAME="Title", AUTH="Artist")`."""
    rate = struct.pack(">HQ", 16383 + 15, RATE << 48)
    common = b"COMM" + struct.pack(">IhIh", 18, 1, samples, 16) + rate
    sound = b"SSND" + struct.pack(">III", 8 + samples * 2, 0, 0) + bytes(samples * 2)
    named = b"".join(
        name.encode() + struct.pack(">I", len(raw)) + raw + bytes(len(raw) % 2)
        for name, raw in ((name, text.encode()) for name, text in texts.items())
    )
    body = b"AIFF" + common + named + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def flac(blocks: int, mark: int = 0) -> bytes:
    """16-bit mono, blocks of 4,096 equal samples; STREAMINFO states no MD5, as some encoders do not."""
    streaminfo = struct.pack(">HH", 4096, 4096) + bytes(6)
    streaminfo += struct.pack(">Q", RATE << 44 | 15 << 36 | blocks * 4096) + bytes(16)
    head = b"fLaC" + b"\x80" + struct.pack(">I", len(streaminfo))[1:] + streaminfo
    return head + b"".join(_flac_frame(number, mark) for number in range(blocks))


def _flac_frame(number: int, value: int) -> bytes:
    """A frame of one subframe that says that all its samples have one value."""
    head = b"\xff\xf8\xc9\x08" + _utf_8(number)
    head += bytes((_crc(head, 0x07, 8),))
    frame = head + b"\x00" + struct.pack(">h", value % 0x8000)
    return frame + struct.pack(">H", _crc(frame, 0x8005, 16))


def _utf_8(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass")


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    register, top, mask = 0, 1 << bits - 1, (1 << bits) - 1
    for byte in data:
        register ^= byte << bits - 8
        for _ in range(8):
            register = (register << 1 ^ (polynomial if register & top else 0)) & mask
    return register


def opus(packets: int, comments: list[str], mark: int = 0) -> bytes:
    """Opus in Ogg: packets of 20 ms of silence, and comments like "TITLE=Title"."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    raw = [comment.encode() for comment in comments]
    tags = b"OpusTags" + struct.pack("<I", 9) + b"longshore" + struct.pack("<I", len(raw))
    tags += b"".join(struct.pack("<I", len(each)) + each for each in raw)
    audio = [OPUS_SILENCE] * (packets - 1) + [OPUS_SILENCE + struct.pack("<I", mark)]
    pages = [_ogg_page([head], 0, 0, 2), _ogg_page([tags], 1, 0, 0)]
    for start in range(0, packets, 200):
        group = audio[start : start + 200]
        last = start + 200 >= packets
        pages.append(_ogg_page(group, len(pages), (start + len(group)) * OPUS_PACKET_SAMPLES, 4 if last else 0))
    return b"".join(pages)


def _ogg_page(packets: list[bytes], number: int, granule: int, flags: int) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in packets)
    head = b"OggS" + struct.pack("<BBQIII", 0, flags, granule, 1, number, 0) + bytes((len(lacing),)) + lacing
    page = head + b"".join(packets)
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(page: bytes) -> int:
    """Ogg's sum runs over the bits the other way round than zlib's, and without its complements."""
    turned = page.translate(REVERSED)
    register = zlib.crc32(turned, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{register:032b}"[::-1], 2)


# Each byte with its bits in the other order.
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def mp4(packets: int, mark: int = 0) -> bytes:
    """An MP4 file with one audio track of so many packets of 1,024 samples."""
    data = bytes(8 * packets - 4) + struct.pack(">I", mark)
    ftyp = _box(b"ftyp", b"M4A \x00\x00\x00\x00M4A isom")
    moov = _moov(packets, 0)
    return ftyp + _moov(packets, len(ftyp) + len(moov) + 8) + _box(b"mdat", data)


def _moov(packets: int, offset: int) -> bytes:
    duration = packets * 1024
    entry = struct.pack(">6xH8xHH4xI", 1, 1, 16, RATE << 16) + _full(b"esds", AAC_CONFIG)
    table = b"".join(
        (
            _full(b"stsd", struct.pack(">I", 1) + _box(b"mp4a", entry)),
            _full(b"stts", struct.pack(">III", 1, packets, 1024)),
            _full(b"stsc", struct.pack(">IIII", 1, 1, packets, 1)),
            _full(b"stsz", struct.pack(">II", 8, packets)),
            _full(b"stco", struct.pack(">II", 1, offset)),
        )
    )
    header = struct.pack(">IIII", 0, 0, RATE, duration)
    sound = _full(b"mdhd", header + bytes(4)) + _full(b"hdlr", b"\x00\x00\x00\x00soun" + bytes(13))
    sound += _box(b"minf", _full(b"smhd", bytes(4)) + _box(b"stbl", table))
    track = _full(b"tkhd", struct.pack(">IIIII", 0, 0, 1, 0, duration) + bytes(60)) + _box(b"mdia", sound)
    return _box(b"moov", _full(b"mvhd", header + bytes(80)) + _box(b"trak", track))


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def _full(name: bytes, data: bytes) -> bytes:
    return _box(name, bytes(4) + data)
