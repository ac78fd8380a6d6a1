"""A file seen from some byte on, for parsers that want their magic at position 0."""

from __future__ import annotations

import io
from typing import BinaryIO

# Bytes of an ID3v2 header: "ID3", version, flags, size as four bytes of seven bits.
ID3_HEADER = 10


# Reads after which a parser is taken to run in circles: the longest sound header of Musepack takes 40.
MAX_READS = 100_000


class Window(io.RawIOBase):
    """The bytes of `stream` from `start` on; reads and seeks only, the stream's own position is its position.

    A parser that reads it more than `MAX_READS` times gets an OSError instead of running in circles.
    """

    def __init__(self, stream: BinaryIO, start: int) -> None:
        super().__init__()
        self._stream = stream
        self._start = start
        self._reads = 0
        stream.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise OSError("the parser runs in circles")
        return self._stream.read(size)

    def tell(self) -> int:
        return self._stream.tell() - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = self._start if whence == io.SEEK_SET else self._base(whence)
        if base + offset < self._start:
            raise OSError("a position before the window's start")
        return self._stream.seek(base + offset) - self._start

    def _base(self, whence: int) -> int:
        return self._stream.tell() if whence == io.SEEK_CUR else self._stream.seek(0, io.SEEK_END)


def id3_size(header: bytes) -> int:
    """Bytes of the ID3v2 tag that starts with `header`, its header and footer included; 0 where none starts there."""
    if len(header) < ID3_HEADER or header[:3] != b"ID3" or max(header[6:10]) > 0x7F:
        return 0
    size = header[6] << 21 | header[7] << 14 | header[8] << 7 | header[9]
    return size + ID3_HEADER * (2 if header[5] & 0x10 else 1)


def syncsafe(size: int) -> bytes:
    """A size as ID3v2 writes it: four bytes of seven bits."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3_end(stream: BinaryIO) -> int:
    """Position behind the ID3v2 tags that open the file: some players write several, one after the other."""
    position = 0
    while True:
        stream.seek(position)
        size = id3_size(stream.read(ID3_HEADER))
        if not size:
            return position
        position += size
