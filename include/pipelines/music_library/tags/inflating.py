"""A bound on what ID3 frames inflate to: mutagen has none, and a file of 1 MB can hold a frame of 1 GB.

mutagen calls the module `zlib` by its name in `mutagen.id3._frames`, and offers no other place to say so.
"""

from __future__ import annotations

import zlib

import mutagen.id3._frames as frames

# Times its size, and bytes beside, that a frame may inflate to. Texts come to 4 times theirs, pictures to theirs.
MOST_TIMES = 20
MOST_BESIDE = 4096


class SwellingError(ValueError):
    """A frame that inflates to many times its size."""


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
        inflater = zlib.decompressobj()
        inflated = inflater.decompress(data, len(data) * MOST_TIMES + MOST_BESIDE)
        if inflater.unconsumed_tail:
            raise SwellingError
        if not inflater.eof:
            raise zlib.error("cut off")
        return inflated


def bound() -> None:
    """Bounds all ID3 tags that are read from now on in this process."""
    frames.zlib = Bounded  # type: ignore[assignment]
