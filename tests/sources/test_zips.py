from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from include.errors import FileError
from include.sources import zips
from include.sources.bytes import open_bytes, zip_members


def packed(folder: Path, name: str = "orders.zip", **files: bytes) -> Path:
    """A zip of these files; dashes in their names are written as underscores, and `.csv` is left out."""
    return packed_as(folder, name, [(f"{file.replace('_', '-')}.csv", content) for file, content in files.items()])


def packed_as(folder: Path, name: str, files: list[tuple[str, bytes]]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files:
            archive.writestr(file, content)
    return path


def test_its_files_are_listed_in_name_order_and_each_is_read_by_its_address(tmp_path: Path) -> None:
    file = packed(tmp_path, orders_2=b"two", orders_1=b"one")
    assert zip_members(str(file)) == ("orders-1.csv", "orders-2.csv")
    for url in (str(file), file.as_uri()):
        with open_bytes(zips.member_url(url, "orders-2.csv")) as stream:
            assert stream.read() == b"two"


def test_folders_and_the_attributes_of_macos_are_no_parts(tmp_path: Path) -> None:
    files = [("day/", b""), ("day/b.csv", b"b"), ("day/a.csv", b"a"), ("__MACOSX/day/._a.csv", b"attributes")]
    assert zip_members(str(packed_as(tmp_path, "orders.zip", files))) == ("day/a.csv", "day/b.csv")


def test_what_is_no_zip_has_no_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "orders.zip").write_bytes(b"id\n1\n")
    assert zip_members(str(tmp_path / "orders.zip")) == ()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["../a.csv", "b.csv"], "leaves the archive"),
        (["/a.csv", "b.csv"], "leaves the archive"),
        (["day\\..\\..\\a.csv", "b.csv"], "leaves the archive"),
        (["a.csv", "b.csv.zip"], r"not all of them are named \*\.csv"),
        (["a.csv", "b.csv.gz"], r"not all of them are named \*\.csv"),
        (["a.csv", "readme.txt"], r"not all of them are named \*\.csv"),
        ([f"{number}.csv" for number in range(zips.MAX_MEMBERS + 1)], "at most 1000 are read"),
    ],
)
def test_what_a_zip_must_not_hold_is_said_and_nothing_is_read(tmp_path: Path, names: list[str], said: str) -> None:
    file = packed_as(tmp_path, "orders.zip", [(name, b"id\n") for name in names])
    for read in (zip_members, _first_bytes):
        with pytest.raises(FileError, match=said):
            read(str(file))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        file = packed_as(tmp_path, "orders.zip", [("a.csv", b"1"), ("a.csv", b"2")])
    with pytest.raises(FileError, match="two files of one name"):
        zip_members(str(file))


def test_a_zip_that_would_grow_beyond_measure_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    blanks = b"\n" * (zips.MIN_BOMB_BYTES // 2 + 1)
    with pytest.raises(FileError, match="200 times"):
        zip_members(str(packed_as(tmp_path, "orders.zip", [("a.csv", blanks), ("b.csv", blanks)])))
    assert zip_members(str(packed_as(tmp_path, "small.zip", [("a.csv", blanks), ("b.csv", b"")]))) == ("a.csv", "b.csv")


def test_a_zip_within_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("orders.csv", "id\n1\n")
    file = packed_as(tmp_path, "orders.zip", [("orders.csv", inner.getvalue())])
    with open_bytes(str(file)) as stream:
        assert stream.read().startswith(b"PK"), "it is read as what it is: no CSV"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("/landing/orders.zip!/a.csv", ("/landing/orders.zip", "a.csv")),
        ("s3://b/ORDERS.ZIP!/day/a.csv", ("s3://b/ORDERS.ZIP", "day/a.csv")),
        ("/landing/orders.zip", ("/landing/orders.zip", None)),
        ("/land!/orders.csv", ("/land!/orders.csv", None)),
    ],
)
def test_an_address_is_taken_apart_as_it_was_put_together(url: str, parts: tuple[str, str | None]) -> None:
    assert zips.split_url(url) == parts
    stored, member = parts
    assert member is None or zips.member_url(stored, member) == url


def _first_bytes(url: str) -> None:
    with open_bytes(url) as stream:
        stream.read(1)
