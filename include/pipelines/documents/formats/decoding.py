"""Bytes to text: which encoding a document has, and what of it no database can hold.

In this order: a byte order mark; UTF-8, if all bytes are that; UTF-16 by its NULs; what the file declares, if the bytes
agree; else a kept detector, and of the encodings that are alike to it, the one that leaves the fewest signs in words.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

import chardet

from include.errors import FileError
from include.readers.encoding import CP1252, MARKS, UTF_8

# Where pages and feeds name their encoding; browsers look at the first 1,024 bytes, feeds at the first line.
DECLARED_BYTES = 2048
DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})|<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.I,
)

# The detector's time grows with the bytes, its answer does not after some ten kilobytes that are not ASCII.
DETECTED_BYTES = 64 << 10

# Below this the detector guesses; what the file declares is then the better guess, if its bytes allow it.
SURE = 0.2

# Below this it does not know: a few accents in a short text. It is read as tables are then (cp1252).
GUESS = 0.05

# Text that differs from UTF-8 in no more of its characters than this was UTF-8 once, and was damaged.
DAMAGED_SHARE = 0.2

# Encodings of the same letters at other places: the detector confuses them where few of these letters occur.
ALIKE = (
    ("cp1250", "iso8859-2"),
    ("cp1254", "iso8859-9"),
    ("cp1257", "iso8859-13"),
    ("cp1253", "iso8859-7"),
    ("cp1256", "iso8859-6"),
)

# Signs that open what is no text, whatever the file's name says, and what to call it.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document"),
    (b"\x7fELF", "a program"),
)

# Control characters that text has none of; beyond this share of the bytes it is another kind of file.
CONTROLS = bytes(sorted(set(range(32)) - {0, 9, 10, 11, 12, 13, 27, 30, 31}))
CONTROL_SHARE = 0.02

NOT_ASCII = re.compile(rb"[\x80-\xff]")
SURROGATES = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"
SIGN_IN_WORD = re.compile(r"(?<=\w)[^\w\s'\u2019.,:;!?()\"/-]|[^\w\s'\u2019.,:;!?()\"/-](?=\w)")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text without byte order mark, Python's name of its encoding, and what was mended."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(raw: bytes, name: str) -> Decoded:
    """Decodes a whole file.

    Args:
        raw: its bytes.
        name: what messages call it.

    Raises:
        FileError: it is no text (an image, an archive), is UTF-8 with some bytes that are not, or fits no encoding.
    """
    _refuse_other_kinds(raw, name)
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return _clean(_strictly(raw[len(mark) :], encoding, name), encoding)
    try:
        return _clean(raw.decode(UTF_8), _seven_bits(raw) or UTF_8)
    except UnicodeDecodeError as error:
        _refuse_damaged(raw, error, name)
    return _legacy(raw, name)


def clean_text(text: str) -> tuple[str, tuple[str, ...]]:
    """Text that PostgreSQL can hold, and what was taken out: NULs are dropped, lone surrogates replaced by U+FFFD."""
    notes = []
    if nuls := text.count("\0"):
        text = text.replace("\0", "")
        notes.append(f"nul: {nuls}")
    text, lone = SURROGATES.subn(REPLACEMENT, text)
    if lone:
        notes.append(f"lone surrogate: {lone}")
    return text, tuple(notes)


def _clean(text: str, encoding: str, *notes: str) -> Decoded:
    text, mended = clean_text(_iso_2022(text, encoding))
    return Decoded(text, encoding, (*notes, *mended))


def _iso_2022(text: str, encoding: str) -> str:
    """Seven-bit Japanese is ASCII to UTF-8's eyes: decoded from the bytes that it was."""
    return text.encode("ascii").decode(encoding) if encoding == "iso2022_jp" and text.isascii() else text


def _seven_bits(raw: bytes) -> str | None:
    if b"\x1b$" not in raw[:DETECTED_BYTES]:
        return None
    try:
        raw.decode("iso2022_jp")
    except UnicodeDecodeError:
        return None
    return "iso2022_jp"


def _refuse_other_kinds(raw: bytes, name: str) -> None:
    kind = next((kind for signature, kind in SIGNATURES if raw.startswith(signature)), None)
    sample = raw[:DETECTED_BYTES]
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    if kind is None and controls > CONTROL_SHARE * len(sample) and not _wide(sample):
        kind = "full of control characters"
    if kind:
        raise FileError(f"The file {name} is no text: it is {kind}.", "Deliver the document itself, or leave it out.")


def _wide(sample: bytes) -> bool:
    return any(sample.startswith(mark) for mark, encoding in MARKS if encoding != UTF_8) or _utf16(sample) is not None


def _utf16(raw: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of Latin text is NUL."""
    sample = raw[:4096]
    low, high, pairs = sample[0::2].count(0), sample[1::2].count(0), len(sample) // 2
    if high > 0.4 * pairs and low <= 0.1 * high:
        return "utf-16-le"
    return "utf-16-be" if low > 0.4 * pairs and high <= 0.1 * low else None


def _refuse_damaged(raw: bytes, error: UnicodeDecodeError, name: str) -> None:
    """Refuses UTF-8 in which a few bytes are wrong: read as anything else, its good characters would be garbled."""
    text = raw.decode(UTF_8, "replace")
    bad = text.count(REPLACEMENT) - raw.count(REPLACEMENT.encode())
    good = sum(not character.isascii() for character in text) - bad
    if good and bad <= DAMAGED_SHARE * good:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"The file {name} is UTF-8 but for {bad} bytes, the first at byte {error.start} (line {line})."
        raise FileError(what, "Mend them, or ask for the file again.")


def _legacy(raw: bytes, name: str) -> Decoded:
    if wide := _utf16(raw):
        return _clean(_strictly(raw, wide, name), wide)
    declared = _declared(raw)
    found = chardet.detect(_telling(raw))
    detected = _known(found["encoding"]) if (found["confidence"] or 0) >= GUESS else CP1252
    if declared and _decodes(raw, declared) and (_several_bytes(declared) or _agrees(raw, declared, detected, found)):
        return _clean(raw.decode(declared), declared)
    if detected is None or not _decodes(raw, detected):
        what = f"The file {name} is text in no encoding that is known: {_said(declared)}, and its bytes fit none."
        raise FileError(what, "Ask for the file as UTF-8.")
    best = _most_plausible(raw, detected)
    notes = (f"declared {declared}, read as {best}",) if declared else ()
    return _clean(raw.decode(best), best, *notes)


def _telling(raw: bytes) -> bytes:
    """The bytes about the first one that is not ASCII, without what they declare: the detector would believe it."""
    first = next((match.start() for match in NOT_ASCII.finditer(raw)), 0)
    return DECLARATION.sub(b" ", raw[max(0, first - 1024) :][:DETECTED_BYTES])


def _said(declared: str | None) -> str:
    return f"it declares {declared}" if declared else "it declares none"


def _declared(raw: bytes) -> str | None:
    found = DECLARATION.search(raw[:DECLARED_BYTES])
    return _known((found.group(1) or found.group(2)).decode("ascii")) if found else None


def _known(encoding: str | None) -> str | None:
    """Python's name; what the web calls Latin-1 is cp1252, as every browser reads it."""
    try:
        name = codecs.lookup(encoding or "").name
    except LookupError:
        return None
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _several_bytes(encoding: str) -> bool:
    """Whether bytes that decode are proof: random ones do not make characters of several bytes."""
    return encoding.startswith(("big5", "gb", "euc", "shift", "cp932", "cp949", "iso2022", "johab", "hz"))


def _agrees(raw: bytes, declared: str, detected: str | None, found: chardet.DetectionDict) -> bool:
    if detected is None or declared == detected or (found["confidence"] or 0) < SURE or not _decodes(raw, detected):
        return True
    return _signs(raw, declared) <= _signs(raw, detected) and _same_script(raw, declared, detected)


def _same_script(raw: bytes, one: str, other: str) -> bool:
    letters = [{ord(c) >> 8 for c in raw.decode(name) if c.isalpha() and ord(c) > 0xFF} for name in (one, other)]
    return bool(letters[0]) == bool(letters[1])


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except (UnicodeDecodeError, UnicodeError):
        return False
    return True


def _most_plausible(raw: bytes, detected: str) -> str:
    family = next((family for family in ALIKE if detected in family), (detected,))
    candidates = [detected, *(name for name in family if name != detected and _decodes(raw, name))]
    return min(candidates, key=lambda name: _signs(raw, name))


def _signs(raw: bytes, encoding: str) -> int:
    """Signs that stand within words: right text has few of them."""
    return len(SIGN_IN_WORD.findall(raw.decode(encoding)))


def _strictly(raw: bytes, encoding: str, name: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        what = f"The file {name} is not text in {encoding}: byte {error.start} cannot be read."
        raise FileError(what, "Ask for the file as UTF-8.") from error
