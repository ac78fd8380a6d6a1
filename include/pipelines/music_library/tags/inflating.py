"""A bound on what ID3 frames inflate to: mutagen has none, and a file of 1 MB can hold a frame of 1 GB.

mutagen calls the module `zlib` by its name in `mutagen.id3._frames`, and offers no other place to say so.
"""

from __future__ import annotations

import threading
import zlib

import mutagen.id3._frames as frames

# Bytes that all frames of one file may inflate to: a picture that is worth deflating has 10 MB.
MOST_BYTES = 1 << 25


class SwellingError(ValueError):
    """Frames that inflate to more than any tag holds."""


class _Left(threading.local):
    """Bytes that are left to the file that this thread reads."""

    size = MOST_BYTES


_LEFT = _Left()


def begin_file() -> None:
    """Lets the next file's frames inflate to `MOST_BYTES` again."""
    _LEFT.size = MOST_BYTES


class Bounded:
    """What mutagen uses of zlib."""

    error = zlib.error

    @staticmethod
    def decompress(data: bytes) -> bytes:
        """The inflated bytes.

        Raises:
            SwellingError: there are more of them than any tag holds; mutagen lets it through, and the file is refused.
            zlib.error: they are no deflated bytes, or cut off; mutagen leaves that frame out.
        """
        if _LEFT.size < 0:  # a file that has swelled is read no further: 0 would mean without a bound
            raise SwellingError
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(data, _LEFT.size + 1)
        _LEFT.size -= len(inflated)
        if _LEFT.size < 0:
            raise SwellingError
        if not inflater.eof:
            raise zlib.error("cut off")
        return inflated


def bound() -> None:
    """Bounds all ID3 tags that are read from now on in this process."""
    frames.zlib = Bounded  # type: ignore[attr-defined, assignment]
