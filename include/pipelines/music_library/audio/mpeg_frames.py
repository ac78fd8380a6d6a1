"""Frames of MPEG audio, walked where a length cannot be had from a header."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Kilobits a second by (MPEG 1?, layer) and the header's index; 0: free format or forbidden, which ends the walk.
_LAYER_2 = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0)
_LOW_2_3 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
BITRATES = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0),
    (True, 2): _LAYER_2,
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0),
    (False, 2): _LOW_2_3,
    (False, 3): _LOW_2_3,
}

# Samples a second by the header's version bits: MPEG 2.5, (reserved), 2, 1.
RATES = {0: (11025, 12000, 8000), 2: (22050, 24000, 16000), 3: (44100, 48000, 32000)}

# Bytes that the walk reads at a time; a frame is at most 2,881 bytes long.
BLOCK_BYTES = 1 << 18
MAX_FRAME = 2881

# Frames that are counted, four hours of them: 0.5 s of work at a million frames a second.
MAX_FRAMES = 500_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its bytes, its samples, their rate and the frame's kilobits a second."""

    size: int
    samples: int
    rate: int
    kbps: int


def frame_at(header: bytes) -> Frame | None:
    """The frame whose four bytes of header are given; None where they are none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rates, place = RATES.get(version), header[2] >> 2 & 3
    if rates is None or layer == 4 or place == 3:
        return None
    kbps = BITRATES[version == 3, layer][header[2] >> 4]
    return _frame(version == 3, layer, kbps, rates[place], header[2] >> 1 & 1) if kbps else None


def _frame(first: bool, layer: int, kbps: int, rate: int, padding: int) -> Frame:
    if layer == 1:
        return Frame((12_000 * kbps // rate + padding) * 4, 384, rate, kbps)
    samples = 1152 if first or layer == 2 else 576
    return Frame(samples * kbps * 125 // rate + padding, samples, rate, kbps)


def frames(stream: BinaryIO, start: int, end: int) -> Iterator[Frame]:
    """Frames from byte `start` up to `end`, one behind the other; the first bytes that are no frame end the walk."""
    stream.seek(start)
    block, at, position = stream.read(min(BLOCK_BYTES, end - start)), 0, start
    while frame := frame_at(block[at : at + 4]):
        yield frame
        at += frame.size
        position += frame.size
        if at + MAX_FRAME > len(block) and position < end:
            stream.seek(position)
            block, at = stream.read(min(BLOCK_BYTES, end - position)), 0


def length_ms(stream: BinaryIO, start: int, end: int) -> int | None:
    """How long the frames between the two bytes play, in ms; None where none begins at `start`.

    After `MAX_FRAMES` the bytes that are left are taken to play like those before.
    """
    samples, rate, size, count = 0, 0, 0, 0
    for frame in itertools.islice(frames(stream, start, end), MAX_FRAMES):
        samples, rate, size, count = samples + frame.samples, frame.rate, size + frame.size, count + 1
    if not rate:
        return None
    share = (end - start) / size if count == MAX_FRAMES else 1.0
    return round(samples * 1000 * share / rate)
