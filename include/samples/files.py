"""How rows become the bytes of a delivered file: delimiter, line ends, encoding, compression."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence

Row = Mapping[str, str]

# Bytes of a stored (uncompressed) block of deflate, at most; the format's own limit.
STORED_BLOCK_BYTES = 65_535

# Magic, method deflate, no flags, no time, no hint, unknown system.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def header(cells: str) -> tuple[str, ...]:
    """A header's cells, written here with commas between them."""
    return tuple(cells.split(","))


def delimited(columns: Sequence[str], rows: Iterable[Row], *, delimiter: str = ",", line_end: str = "\n") -> str:
    """CSV text of a header and rows; a row's missing cells are blank, quotes stand where they are needed."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def gzipped(content: bytes) -> bytes:
    """A gzip archive that stores the content as it is, so that its bytes do not depend on the machine's zlib."""
    starts = range(0, len(content), STORED_BLOCK_BYTES) or [0]
    blocks = [content[start : start + STORED_BLOCK_BYTES] for start in starts]
    last = len(blocks) - 1
    body = b"".join(
        struct.pack("<BHH", number == last, len(block), len(block) ^ 0xFFFF) + block
        for number, block in enumerate(blocks)
    )
    return GZIP_HEADER + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
