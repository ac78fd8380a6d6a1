"""Which encoding a file has, decided over all of it, and its text as UTF-8.

UTF-8 whose bytes are bad in places stays UTF-8, and the records that hold them are rejects. A legacy encoding is chosen
by how plausible the text is in it (charset-normalizer); in doubt the file is refused.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import FileError, SetupError
from include.readers.sniffing.legacy import MENDING, Tally, plausible_encoding
from include.sources.bytes import CHUNK_BYTES, open_bytes

UTF_8 = "utf-8"
CP1252 = "cp1252"

# UTF-32's mark begins with UTF-16's, so it stands first.
MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Names that leave the byte order to the mark, and what they mean in a file without one.
UNMARKED = {"utf-8-sig": UTF_8, "utf-16": "utf-16-le", "utf-32": "utf-32-le"}

# Encodings in which a block of ASCII bytes is its own text.
ASCII_SUPERSETS = frozenset({CP1252, "iso8859-1", "iso8859-15"})

# UTF-16 without a mark shows in the NULs that every second byte of Latin text is. Bytes of the file's start that are
# looked at; the least share of NULs on one side (a table's header is ASCII mostly, its cells need not be); the most on
# the other side, relative to the first; fewer bytes than the last figure say nothing.
SNIFFED_BYTES = 4096
NUL_SHARE = 0.4
OTHER_SIDE = 0.1
LEAST_BYTES = 8


@dataclass(frozen=True, slots=True)
class EncodingFacts:
    """What was decided about a file's encoding.

    `encoding` is Python's name of it (utf-8, utf-16-le, utf-16-be, utf-32-le, utf-32-be, or a legacy one), `bom`
    whether a byte order mark opens the file, `size` the decompressed bytes with it, `assumed` whether it is a guess:
    neither profile nor mark says so, and the bytes fit more than one (cp1252, UTF-16 without mark). `bad_bytes`: bytes
    of a file in UTF-8 that are none; each is read as BAD_BYTE.
    """

    encoding: str
    bom: bool
    size: int
    assumed: bool
    bad_bytes: int = 0


def detect_encoding(url: str, fixed: str | None = None, options: Mapping[str, Any] | None = None) -> EncodingFacts:
    """Decides the encoding in one streaming pass over the whole decompressed file.

    The profile decides, else a byte order mark, else the NULs of UTF-16; else it is UTF-8 if all bytes are that, or if
    more characters beyond ASCII are than bytes are not; else the legacy encoding in which the text is plausible.
    Whatever decides, every byte is checked.

    Args:
        url: a path, or a URL that fsspec opens.
        fixed: the encoding that the profile's key `encoding` fixes.
        options: storage options for fsspec.

    Raises:
        FileError: the bytes are not text in that encoding, or no legacy encoding is more plausible than others; names
            the line and the key.
        SetupError: `fixed` is no encoding that Python knows.
    """
    fixed = _known(fixed) if fixed else None
    with open_bytes(url, options) as stream:
        start = stream.read(SNIFFED_BYTES)
        chunks = _chunks(start, stream)
        mark, marked = next((mark for mark in MARKS if start.startswith(mark[0])), (b"", None))
        if fixed and marked and not marked.startswith(fixed.removesuffix("-sig")):
            what = f"The file {url} opens with the mark of {marked}, the profile's key `encoding` says {fixed}."
            raise FileError(what, "Correct the profile, or ask for the file in that encoding.")
        unmarked = _unmarked_utf16(start)
        encoding = marked or _byte_order(fixed, unmarked) or unmarked
        if encoding is None:
            size = _utf8_size(chunks)
            return EncodingFacts(UTF_8, False, size, False) if size is not None else _other_than_utf8(url, options)
        size = _checked(url, chunks, encoding, options)
    return EncodingFacts(encoding, bool(mark), size, assumed=not (fixed or marked))


def utf8_blocks(
    url: str, facts: EncodingFacts, block_bytes: int = 4 * CHUNK_BYTES, options: Mapping[str, Any] | None = None
) -> Iterator[bytes]:
    """The file as UTF-8 without byte order mark, in blocks of about `block_bytes` that may end within a character.

    Raises:
        FileError: the file is not what it was when `facts` were found.
    """
    size = 0

    def counted(blocks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal size
        for block in blocks:
            size += len(block)
            yield block

    with open_bytes(url, options) as stream:
        blocks = counted(iter(lambda: stream.read(block_bytes), b""))
        if facts.bad_bytes:
            blocks = _mended(blocks)
        elif facts.encoding != UTF_8:
            blocks = _as_utf8(url, blocks, facts.encoding, options)
        yield from _without_mark(blocks) if facts.bom else blocks
    if size != facts.size:
        what = f"The file {url} changed while it was read: {facts.size} bytes at first, {size} later."
        raise FileError(what, "Load it again when it is complete.")


def _known(name: str) -> str:
    try:
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        what = f"The profile's key `encoding` names {name!r}, which is no text encoding of Python."
        raise SetupError(what, "Name one such as utf-8, cp1252, iso8859-15 or utf-16.") from error
    return codecs.lookup(name).name


def _byte_order(fixed: str | None, unmarked: str | None) -> str | None:
    if fixed == "utf-16" and unmarked:
        return unmarked
    return UNMARKED.get(fixed, fixed) if fixed else None


def _unmarked_utf16(start: bytes) -> str | None:
    if len(start) < LEAST_BYTES:
        return None
    pairs = len(start) // 2
    low, high = start[0::2].count(0), start[1::2].count(0)
    if high > NUL_SHARE * pairs and low <= OTHER_SIDE * high:
        return "utf-16-le"
    if low > NUL_SHARE * pairs and high <= OTHER_SIDE * low:
        return "utf-16-be"
    return None


def _chunks(start: bytes, stream: Any) -> Iterator[bytes]:
    yield start
    yield from iter(lambda: stream.read(CHUNK_BYTES), b"")


def _utf8_size(chunks: Iterable[bytes]) -> int | None:
    """The bytes of the file if all of them are UTF-8."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    size = 0
    for chunk in chunks:
        # An ASCII byte ends a character that the last chunk left open.
        if not _decodes(decoder, chunk[:1] if chunk.isascii() else chunk):
            return None
        size += len(chunk)
    return size if _decodes(decoder, b"", final=True) else None


def _other_than_utf8(url: str, options: Mapping[str, Any] | None) -> EncodingFacts:
    """Weighs a file that is not UTF-8 in all its bytes, in one more pass."""
    count = Tally()
    with open_bytes(url, options) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            count.add(chunk)
    count.add(b"")
    if count.characters > count.bad_bytes:
        return EncodingFacts(UTF_8, bom=False, size=count.size, assumed=False, bad_bytes=count.bad_bytes)
    encoding = plausible_encoding(url, count.sample)
    with open_bytes(url, options) as stream:
        _checked(url, _chunks(b"", stream), encoding, options)
    return EncodingFacts(encoding, bom=False, size=count.size, assumed=True)


def _mended(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(UTF_8)(errors=MENDING)
    for block in blocks:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _checked(url: str, chunks: Iterable[bytes], encoding: str, options: Mapping[str, Any] | None) -> int:
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    for _ in _as_utf8(url, counted(), encoding, options):
        pass
    return size


def _as_utf8(url: str, blocks: Iterable[bytes], encoding: str, options: Mapping[str, Any] | None) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    end = 0
    try:
        for block in blocks:
            end += len(block)
            yield block if encoding in ASCII_SUPERSETS and block.isascii() else decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        # The decoder's object is what earlier blocks left over and this block.
        offset = end - len(error.object) + error.start
        raise _undecodable(url, encoding, offset, _line_at(url, encoding, offset, options)) from error
    except UnicodeError as error:
        raise _undecodable(url, encoding, end, _line_at(url, encoding, end, options)) from error


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    start = b""
    for block in blocks:
        start += block
        if len(start) >= len(codecs.BOM_UTF8):
            break
    yield start.removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _line_at(url: str, encoding: str, offset: int, options: Mapping[str, Any] | None) -> int:
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
    line = 1
    with open_bytes(url, options) as stream:
        while offset > 0 and (chunk := stream.read(min(offset, CHUNK_BYTES))):
            offset -= len(chunk)
            line += decoder.decode(chunk, final=offset <= 0).count("\n")
    return line


def _undecodable(url: str, encoding: str, offset: int, line: int) -> FileError:
    what = f"The file {url} is not text in {encoding}: byte {offset} (line {line}) cannot be read."
    return FileError(what, "Set the key `encoding` of profile or contract, or ask for the file as UTF-8.")
