"""Texts whose tag calls them Latin-1 although their bytes are another encoding's, told by all texts of the tag.

Latin-1 is what ID3v1 and many writers of ID3v2 declare, whatever the machine's code page was. "Êèíî" is "Кино" in
cp1251, "ÖÐ¹ú" is "中国" in GBK, and "Motörhead" is what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Bytes beyond ASCII, and a word in which such letters stand beside ASCII ones: French, German, Spanish. A Cyrillic or
# Chinese word has none of these.
HIGH = re.compile(r"[\x80-\xff]")
MIXED_WORD = re.compile(r"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")

# Letters of cp1251, both forms of yo among them; so many and more in the whole tag.
CYRILLIC = re.compile(r"[\xc0-\xff\xa8\xb8]")
LOWER_CYRILLIC = re.compile(r"[\xe0-\xff\xb8]")
LEAST_LETTERS = 4
CYRILLIC_WORD = re.compile(r"[\xc0-\xff\xa8\xb8]{3}")

# A character of GBK in two bytes, and one of those 3,755 that make up 99.7 % of running Chinese (GB 2312, level 1).
GBK_PAIR = re.compile(r"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
COMMON_CHINESE = re.compile(r"[\xb0-\xd7][\xa1-\xfe]")

# Least share of the common ones. Cyrillic in small letters read as pairs has next to none, Japanese in EUC has kana,
# which GBK knows too but Chinese does not use.
COMMON_SHARE = 0.8


def _utf_8(text: str) -> bool:
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cp1251(text: str) -> bool:
    letters = len(CYRILLIC.findall(text))
    lower = len(LOWER_CYRILLIC.findall(text))
    others = len(HIGH.findall(text)) - letters
    if letters < LEAST_LETTERS or not CYRILLIC_WORD.search(text):
        return False
    return others <= letters / 10 and (lower >= letters / 2 or lower == 0)


def _gbk(text: str) -> bool:
    pairs = GBK_PAIR.findall(text)
    unpaired = HIGH.search(GBK_PAIR.sub("", text))
    common = sum(bool(COMMON_CHINESE.fullmatch(pair)) for pair in pairs)
    return len(pairs) >= 2 and not unpaired and common >= COMMON_SHARE * len(pairs)


# In the order of how much the bytes prove: UTF-8 is next to impossible by chance, GBK's common characters are rare in
# Cyrillic, and cp1251 takes any letters.
FORMS: tuple[tuple[str, Callable[[str], bool]], ...] = (("utf-8", _utf_8), ("gbk", _gbk), ("cp1251", _cp1251))


def legacy_encoding(texts: list[str], allowed: tuple[str, ...]) -> str | None:
    """The encoding, one of `allowed`, that the bytes of all these texts are in; None where they are Latin-1 indeed."""
    suspects = [text for text in texts if HIGH.search(text) and all(ord(letter) < 256 for letter in text)]
    if not suspects:
        return None
    whole = " ".join(suspects)
    for name, fits in FORMS:
        if name in allowed and (name == "utf-8" or not MIXED_WORD.search(whole)) and fits(whole):
            return name
    return None


def repaired(text: str, encoding: str) -> str:
    """The text its bytes are in this encoding; itself where they are not all."""
    try:
        return text.encode("latin-1").decode(encoding)
    except UnicodeError:
        return text
