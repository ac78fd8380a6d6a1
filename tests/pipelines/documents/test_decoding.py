"""Which encoding a document has, and what is never garbled in silence."""

from __future__ import annotations

import pytest

from include.errors import FileError
from include.pipelines.documents.formats.decoding import clean_text, decode

RUSSIAN = "Корабль стоит в порту, и команда ждёт утра. " * 8
POLISH = "Łódź płynie przez źródło, a ścieżka prowadzi nad morze. " * 8


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_and_is_no_text(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding), "x.txt").text == RUSSIAN


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "iso8859-5"])
def test_legacy_russian_is_told_by_its_letters(encoding: str) -> None:
    decoded = decode(RUSSIAN.encode(encoding, "replace"), "x.txt")
    assert decoded.text == RUSSIAN


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2"])
def test_of_two_encodings_alike_the_one_without_signs_in_words_is_taken(encoding: str) -> None:
    assert decode(POLISH.encode(encoding), "x.txt").text == POLISH


def test_declared_utf_8_that_is_not_gives_way_to_the_bytes_and_says_so() -> None:
    page = f'<html><head><meta charset="utf-8"></head><body>{RUSSIAN}</body></html>'
    decoded = decode(page.encode("cp1251"), "x.html")
    assert decoded.text == page
    assert decoded.notes == ("declared utf-8, read as cp1251",)


def test_declared_latin_1_gives_way_where_the_letters_are_of_another_script() -> None:
    page = f'<html><head><meta charset="iso-8859-1"></head><body>{RUSSIAN}</body></html>'
    assert decode(page.encode("cp1251"), "x.html").text == page


def test_a_declared_encoding_is_believed_where_the_bytes_leave_doubt() -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body>Łoś</body></html>'
    assert decode(page.encode("iso8859-2"), "x.html").text == page


def test_a_few_accents_are_read_as_cp1252() -> None:
    assert decode("naïve café".encode("cp1252"), "x.txt").text == "naïve café"


def test_utf_8_with_a_few_bad_bytes_is_refused_with_the_first_ones_line() -> None:
    raw = (RUSSIAN + "\n").encode() + b"caf\xe9 \n" + RUSSIAN.encode()
    with pytest.raises(FileError, match=r"UTF-8 but for 1 bytes.*line 2"):
        decode(raw, "x.txt")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG image"),
        (b"\x1f\x8b\x08\x00" + bytes(40), "gzip data"),
        (bytes(range(32)) * 20, "control characters"),
    ],
)
def test_what_is_no_text_is_refused_by_its_bytes(raw: bytes, kind: str) -> None:
    with pytest.raises(FileError, match=kind):
        decode(raw, "x.html")


def test_nuls_are_dropped_and_lone_surrogates_replaced_and_both_are_counted() -> None:
    assert clean_text("a\0b\0c\ud800d") == ("abc\ufffdd", ("nul: 2", "lone surrogate: 1"))


def test_seven_bit_japanese_is_told_by_its_escapes() -> None:
    assert decode("昆布と鰹節".encode("iso2022_jp"), "x.txt").text == "昆布と鰹節"
