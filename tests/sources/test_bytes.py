"""Whatever way a file is packed, the same bytes come out of it, and what is broken says so by name."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from include.errors import FileError, SetupError
from include.sources.bytes import digest, open_bytes

CONTENT = b"id,text\n" + b"".join(b"%d,some words\n" % number for number in range(5000))


def zipped(*names: str, content: bytes = CONTENT, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def without_size(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(content)


def with_folder(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.mkdir("day")
        archive.writestr("day/orders.csv", content)
        archive.writestr("__MACOSX/day/._orders.csv", b"attributes")
    return packed.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip in two members": lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]),
    "zstd": zstandard.compress,
    "zstd in two frames": lambda content: without_size(content[:100]) + without_size(content[100:]),
    "zip": lambda content: zipped("orders.csv", content=content),
    "stored zip": lambda content: zipped("day/orders.csv", content=content, method=zipfile.ZIP_STORED),
    "zip with folder": with_folder,
}


def unpacked(url: str) -> bytes:
    with open_bytes(url) as stream:
        return stream.read()


@pytest.mark.parametrize("packing", PACKINGS)
def test_bytes_come_out_as_they_went_in_whatever_the_file_is_called(tmp_path: Path, packing: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(PACKINGS[packing](CONTENT))
    assert unpacked(str(file)) == CONTENT
    assert unpacked(file.as_uri()) == CONTENT


@pytest.mark.parametrize("packing", PACKINGS)
def test_an_empty_file_is_empty_however_it_is_packed(tmp_path: Path, packing: str) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(PACKINGS[packing](b""))
    assert unpacked(str(file)) == b""


@pytest.mark.parametrize("packing", [packing for packing in PACKINGS if packing != "plain"])
@pytest.mark.parametrize("cut", [5, 300, -200, -1])
def test_a_truncated_archive_is_an_error_that_names_the_file(tmp_path: Path, packing: str, cut: int) -> None:
    file = tmp_path / "orders.csv.gz"
    file.write_bytes(PACKINGS[packing](CONTENT)[:cut])
    with pytest.raises(FileError, match=r"orders\.csv\.gz is truncated or corrupt"):
        unpacked(str(file))


def test_bytes_damaged_within_an_archive_are_an_error(tmp_path: Path) -> None:
    for name, packed in {"gzip": gzip.compress(CONTENT), "zip": zipped("orders.csv")}.items():
        middle = len(packed) // 2
        (tmp_path / name).write_bytes(packed[:middle] + bytes([packed[middle] ^ 0xFF]) + packed[middle + 1 :])
        with pytest.raises(FileError, match="truncated or corrupt"):
            unpacked(str(tmp_path / name))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "holds 0 files"),
        (("a.csv", "b.csv"), "holds 2 files"),
        (("../a.csv",), "a path that leaves the archive"),
        (("/a.csv",), "a path that leaves the archive"),
        (("day\\..\\..\\a.csv",), "a path that leaves the archive"),
    ],
)
def test_a_zip_holds_one_file_by_a_plain_name(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    file = tmp_path / "orders.zip"
    file.write_bytes(zipped(*names))
    with pytest.raises(FileError, match=said):
        unpacked(str(file))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    packed = bytearray(zipped("orders.csv"))
    # The flag that says "encrypted", in the file's own header and in the directory's.
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(magic) + place] |= 1
    (tmp_path / "orders.zip").write_bytes(packed)
    with pytest.raises(FileError, match="is encrypted"):
        unpacked(str(tmp_path / "orders.zip"))


def test_what_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    for url in (str(tmp_path / "none.csv"), (tmp_path / "none.csv").as_uri(), "memory://longshore/none.csv"):
        for reader in (unpacked, digest):
            with pytest.raises(FileError, match=r"none\.csv does not exist\. Check its path"):
                reader(url)
    with pytest.raises(FileError, match="is a folder"):
        digest(str(tmp_path))
    with pytest.raises(SetupError, match="cannot open nowhere://orders"):
        digest("nowhere://orders")


def test_object_storage_is_read_through_fsspec() -> None:
    with fsspec.open("memory://longshore/orders.csv.zip", "wb") as stream:
        stream.write(zipped("orders.csv"))
    assert unpacked("memory://longshore/orders.csv.zip") == CONTENT


def test_the_digest_is_that_of_the_bytes_as_stored(tmp_path: Path) -> None:
    stored = gzip.compress(CONTENT)
    (tmp_path / "orders.csv.gz").write_bytes(stored)
    found = digest(str(tmp_path / "orders.csv.gz"))
    assert (found.sha256, found.size) == (hashlib.sha256(stored).hexdigest(), len(stored))


MAGIC = st.sampled_from(
    [b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PK\x05\x06", gzip.compress(b"a,b\n")]
)


@given(MAGIC, st.binary(max_size=60))
def test_no_archive_raises_anything_but_an_error_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(start + rest)
    try:
        unpacked(str(file))
    except FileError as error:
        assert str(file) in str(error)
