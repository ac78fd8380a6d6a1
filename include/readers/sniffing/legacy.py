"""Bytes that are not all UTF-8: how many are, and which of the encodings before it makes the likeliest text of them."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import charset_normalizer

from include.errors import FileError

# Stands for each byte that is no UTF-8 in a file that is: a character that no text has, by Unicode's own word.
BAD_BYTE = "\uffff"
MENDING = "longshore-bad-byte"

# Bytes of lines beyond ASCII that are weighed: some hundred lines are enough.
WEIGHED_BYTES = 32 << 10

CP1252 = "cp1252"

# Encodings that files come in; the detector knows thirty more, which differ from these in a letter or two.
COMMON = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_2", "koi8_r", "cp866"),
    *("cp437", "cp850", "cp852", "mac_roman", "cp932", "euc_jp", "gb18030", "big5", "cp949", "tis_620"),
)

# How much less garbled (0: not at all), or how much more like a language (1: all of its letters as often as usual) a
# text has to be in one encoding than in another one that makes another text of it.
CLEARLY_LESS, CLEARLY_MORE = 0.02, 0.1
# How garbled it may be at all; mojibake of a language reaches 0.2 and more.
MOST_GARBLED = 0.1
# The most letters and signs of a Western text that one would not expect there.
ODD_SHARE = 0.02
# Encodings that the message lists.
LISTED = 4

# Letters of Western Europe beyond ASCII, without the Icelandic ones that stand for the Turkish ones of cp1254.
WESTERN = "\u00c0-\u00cf\u00d1-\u00d6\u00d8-\u00dc\u00df-\u00ef\u00f1-\u00f6\u00f8-\u00fc\u00ff"
WESTERN += "\u0152\u0153\u0160\u0161\u0178\u017d\u017e"
# Signs that stand in texts, but seldom beside a letter: there they are letters of another alphabet's encoding.
SIGNS = "\u00a0-\u00bf\u00d7\u00f7\u20ac\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2122\u02c6\u02dc"
BETWEEN = "\u00ad\u00b7\u00b4\u2018\u2019\u2013\u2014\u2026"
CZECH = "\u00f8\u00e8\u00ec\u00f9\u00f2\u00ef"
CAPITALS = "\u00c0-\u00de\u0152\u0160\u0178\u017d"
UNLIKELY = re.compile(
    rf"[^\x00-\x7f{WESTERN}{SIGNS}]"  # no letter or sign of the West
    rf"|[{WESTERN}]{{3}}"  # three in a row
    rf"|[a-z](?:[{CAPITALS}]|[\u02c6\u02dc\u2020\u2021\u2030])"  # a capital or a mark after a small letter: Mac's
    rf"|[^\W\d_][^\w\s\x00-\x7f{BETWEEN}](?=[^\W\d_])"  # a sign within a word
    r"|(?<![^\W\d_])[\u00a3\u00a5\u00aa\u00af\u00b3\u00b9\u00bc\u00be](?=[a-z])"  # a sign that begins one
    rf"|[\u0161\u017e]\w*[{CZECH}]|[{CZECH}]\w*[\u0161\u017e]"  # letters of cp1250
)

LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD_BYTE * (error.end - error.start), error.end


codecs.register_error(MENDING, _replace)


@dataclass(slots=True)
class Tally:
    """What a file's bytes are as UTF-8: `characters` beyond ASCII that are sound, and `bad_bytes` that are none.

    `sample`: the first lines with bytes beyond ASCII. `size`: all bytes.
    """

    characters: int = 0
    bad_bytes: int = 0
    size: int = 0
    sample: bytes = b""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors=MENDING)
    )

    def add(self, chunk: bytes) -> None:
        """Counts the file's next bytes; none end it."""
        self.size += len(chunk)
        text = self._decoder.decode(chunk, final=not chunk)
        bad = text.count(BAD_BYTE)
        self.bad_bytes += bad
        self.characters += len(text) - len(text.encode("ascii", "ignore")) - bad
        for line in LINE.finditer(chunk):
            if len(self.sample) >= WEIGHED_BYTES:
                break
            self.sample += line[0][:WEIGHED_BYTES] + b"\n"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An encoding, the text that it makes, how garbled that is, and how like a language."""

    encoding: str
    text: str
    garbled: float
    like: float


def plausible_encoding(url: str, sample: bytes) -> str:
    """The legacy encoding in which lines make the likeliest text.

    Args:
        url: the file, for messages.
        sample: lines with bytes beyond ASCII.

    Raises:
        FileError: several encodings make other texts of them that are as likely; names these.
    """
    found = list(_candidates(sample))
    least = min((candidate.garbled for candidate in found), default=1.0)
    likely = [candidate for candidate in found if candidate.garbled - least < CLEARLY_LESS]
    best = max(likely, key=lambda candidate: candidate.like, default=None)
    western = _western(sample)
    if western is not None and (best is None or best.like - _like(found, western) < CLEARLY_MORE):
        return CP1252
    if best is None or best.garbled > MOST_GARBLED:
        raise _doubt(url, likely)
    rivals = [other for other in likely if other.text != best.text and best.like - other.like < CLEARLY_MORE]
    if rivals:
        raise _doubt(url, [best, *rivals])
    return codecs.lookup(best.encoding).name


def _candidates(sample: bytes) -> Iterator[_Candidate]:
    """The detector's candidates, without those in whose text one word has letters of two scripts."""
    for match in charset_normalizer.from_bytes(sample, cp_isolation=list(COMMON)):
        text = sample.decode(match.encoding, "replace")
        if not any(map(_is_mixed, set(re.findall(r"[^\W\d_]+", text)))):
            yield _Candidate(match.encoding, text, match.chaos, match.coherence)


def _is_mixed(word: str) -> bool:
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in word}
    return len(scripts - {"MASCULINE", "FEMININE", "HIRAGANA", "KATAKANA"}) > 1


def _western(sample: bytes) -> str | None:
    """The text in cp1252, where all of it is plausible as one of Western Europe."""
    try:
        text = sample.decode(CP1252)
    except UnicodeDecodeError:
        return None
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if len(UNLIKELY.findall(text)) <= ODD_SHARE * beyond else None


def _like(found: Sequence[_Candidate], text: str) -> float:
    """How like a language a text is, as the detector has it; as like as any where the detector leaves it out."""
    return next((candidate.like for candidate in found if candidate.text == text), 1.0)


def _doubt(url: str, likely: Sequence[_Candidate]) -> FileError:
    names = ", ".join(candidate.encoding for candidate in likely[:LISTED])
    what = f"The file {url} is not UTF-8, and its text is not clearly that of one older encoding."
    what += f" Likely are: {names}." if names else ""
    return FileError(what, "Say which it is: the key `encoding` of profile or contract (--encoding), then look.")
