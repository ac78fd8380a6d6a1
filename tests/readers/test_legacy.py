"""Encodings from before UTF-8, told by how likely the text is in them."""
# ruff: noqa: RUF001 # other alphabets are what this is about

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import FileError
from include.readers.encoding import detect_encoding, utf8_blocks

TEXTS = {
    "cp1252": "Müller;Köln\nJosé;Málaga\nGarçon;naïve\nÅse;Ærø\n€ 5;£6\n“quoted” – dash\n",
    "cp1250": "Książka;Łódź;źdźbło;żółw\nČeská republika;Příliš žluťoučký kůň\n",
    "cp1251": "Москва;Санкт-Петербург;Иванов\nЕкатеринбург;Петрова Анна\n",
    "koi8-r": "Москва;Санкт-Петербург;Иванов\nПетрова Анна\n",
    "mac-roman": "Frédéric;Bazille\nBöcklin;Arnold\nCarrà;Carlo\nFlémalle;x\n",
    "cp1253": "Αθήνα;Θεσσαλονίκη\nΓιώργος;Παπαδόπουλος\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_text_of_a_language_is_read_in_the_encoding_in_which_it_is_likely(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(b"id;name\n" + TEXTS[encoding].encode(encoding))
    facts = detect_encoding(str(file))
    assert (facts.encoding, facts.assumed) == (encoding, True)
    assert b"".join(utf8_blocks(str(file), facts)).decode() == "id;name\n" + TEXTS[encoding]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Praha;Dvořák\nKraków;Łukasz\n", "cp1250"),
        ("İstanbul;Şişli\nİzmir;Ağrı\n", "cp1254"),
        ("\x81\x8d\x8f", "latin-1"),
    ],
)
def test_in_doubt_a_file_is_refused_with_the_key_to_set(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(text.encode(encoding))
    with pytest.raises(FileError, match=r"not clearly that of one older encoding.*`encoding`"):
        detect_encoding(str(file))
    assert detect_encoding(str(file), encoding).assumed is False


@pytest.mark.parametrize("bad", [b"\xe9", b"\xff\xfe", b"\xc3\n"])
def test_sound_characters_beside_fewer_bad_bytes_prove_utf_8(tmp_path: Path, bad: bytes) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes("é;ü;ñ;ö\n".encode() + bad)
    facts = detect_encoding(str(file))
    assert (facts.encoding, facts.bad_bytes) == ("utf-8", len(bad.strip()))
    text = b"".join(utf8_blocks(str(file), facts, 3)).decode()
    assert text.startswith("é;ü;ñ;ö\n\uffff") and text.count("\uffff") == facts.bad_bytes
