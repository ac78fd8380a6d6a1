"""The encoding is decided by every byte of the file, what was assumed is said, and no byte is dropped."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import FileError, SetupError
from include.readers.encoding import EncodingFacts, detect_encoding, utf8_blocks
from include.sources.bytes import CHUNK_BYTES

DEFECTS = Path(__file__).parent / "defects"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoding") / "orders.csv"


def text_of(path: Path, facts: EncodingFacts, block_bytes: int = 1 << 20) -> str:
    return b"".join(utf8_blocks(str(path), facts, block_bytes)).decode()


@pytest.mark.parametrize(
    ("name", "encoding", "bom", "assumed"),
    [
        ("utf_8.csv", "utf-8", False, False),
        ("utf_8_with_mark.csv", "utf-8", True, False),
        ("utf_16_with_mark.csv", "utf-16-le", True, False),
        ("utf_16_big_endian_with_mark.csv", "utf-16-be", True, False),
        ("utf_16_without_mark.csv", "utf-16-le", False, True),
        ("utf_16_big_endian_without_mark.csv", "utf-16-be", False, True),
        ("utf_32_with_mark.csv", "utf-32-le", True, False),
        ("cp1252.csv", "cp1252", False, True),
    ],
)
def test_every_encoding_gives_the_same_text(name: str, encoding: str, bom: bool, assumed: bool) -> None:
    path = DEFECTS / name
    facts = detect_encoding(str(path))
    assert facts == EncodingFacts(encoding, bom, path.stat().st_size, assumed)
    for block_bytes in (1, 2, 3, 1000):
        assert text_of(path, facts, block_bytes) == "id,text\r\n1,café 5 €\r\n"


def test_one_bad_byte_at_the_end_of_a_large_file_leaves_it_utf_8(file: Path) -> None:
    file.write_bytes(b"id,text\n" + "1,é\n".encode() * CHUNK_BYTES + b"2,\xe9\n")
    facts = detect_encoding(str(file))
    assert (facts.encoding, facts.assumed, facts.bad_bytes) == ("utf-8", False, 1)


def test_a_character_may_lie_across_two_chunks(file: Path) -> None:
    file.write_bytes(b"x" * (4096 - 1) + "é".encode() + b"x" * (CHUNK_BYTES - 2) + "€".encode())
    assert detect_encoding(str(file)).encoding == "utf-8"


def test_a_character_that_an_ascii_chunk_cuts_off_is_no_utf_8(file: Path) -> None:
    file.write_bytes(b"x" * (4096 - 2) + b" \xc3" + b"x" * 100)
    assert detect_encoding(str(file)).encoding == "cp1252"


def test_bytes_that_are_likely_in_no_encoding_are_refused_with_the_key_to_set() -> None:
    with pytest.raises(FileError, match=r"undefined_in_cp1252\.csv is not UTF-8, and .* key `encoding`"):
        detect_encoding(str(DEFECTS / "undefined_in_cp1252.csv"))


@pytest.mark.parametrize(
    ("content", "fixed", "said"),
    [
        (b"a\r\nb\r\xff", "utf-8", r"not text in utf-8: byte 5 \(line 3\)"),
        (b"a\nb\n\x81", "cp1252", r"not text in cp1252: byte 4 \(line 3\)"),
        (b"\xff\xfea\0\n\0b", None, r"not text in utf-16-le: byte 6 \(line 2\)"),
        (b"a\n\x82\xa0\n\x82", "shift_jis", r"not text in shift_jis: byte 5 \(line 3\)"),
        (b"\xef\xbb\xbfa", "cp1252", "opens with the mark of utf-8, the profile's key `encoding` says cp1252"),
    ],
)
def test_bytes_against_mark_or_profile_are_an_error(file: Path, content: bytes, fixed: str | None, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(FileError, match=said):
        detect_encoding(str(file), fixed)


@pytest.mark.parametrize(
    ("text", "written", "fixed", "decided"),
    [
        ("a,ż\n", "cp1250", "windows-1250", "cp1250"),
        ("a,é\n", "utf-8-sig", "UTF8", "utf-8"),
        ("a,é\n", "utf-8", "utf-8-sig", "utf-8"),
        ("a,é\n", "utf-16-le", "utf-16", "utf-16-le"),
        ("a,é,b,c\n", "utf-16-be", "utf-16", "utf-16-be"),
        ("a,é\n", "utf-16", "utf_16_le", "utf-16-le"),
    ],
)
def test_the_profile_decides_and_assumes_nothing(file: Path, text: str, written: str, fixed: str, decided: str) -> None:
    file.write_bytes(text.encode(written))
    facts = detect_encoding(str(file), fixed)
    assert (facts.encoding, facts.assumed) == (decided, False)
    assert text_of(file, facts) == text


@pytest.mark.parametrize("name", ["klingon", "rot13", "undefined"])
def test_a_name_that_is_no_encoding_is_an_error_of_the_set_up(file: Path, name: str) -> None:
    file.write_bytes(b"a\n")
    with pytest.raises(SetupError, match="key `encoding`"):
        detect_encoding(str(file), name)


def test_nul_characters_alone_do_not_make_utf_16(file: Path) -> None:
    file.write_bytes(b"id,text\n1,a\0b\n2,\0\0\0\0\n")
    assert detect_encoding(str(file)).encoding == "utf-8"


def test_the_size_is_that_of_the_decompressed_bytes(file: Path) -> None:
    file.write_bytes(gzip.compress(b"a,b\n" * 1000))
    assert detect_encoding(str(file)) == EncodingFacts("utf-8", False, 4000, False)


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_file_without_text_has_none(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert text_of(file, detect_encoding(str(file))) == ""


def test_a_file_that_grows_after_it_was_judged_is_an_error(file: Path) -> None:
    file.write_bytes(b"a,b\n")
    facts = detect_encoding(str(file))
    file.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(FileError, match="changed while it was read: 4 bytes at first, 8 later"):
        text_of(file, facts)


@given(
    st.text(st.characters(codec="utf-8")),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.integers(1, 9),
)
def test_any_text_that_says_its_encoding_comes_back(file: Path, text: str, encoding: str, block_bytes: int) -> None:
    file.write_bytes(text.encode(encoding))
    assert text_of(file, detect_encoding(str(file), encoding), block_bytes) == text
