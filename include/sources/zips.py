"""What a delivered zip may hold: one file, or several CSV files that are parts in the order of their names."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import PurePosixPath

from include.errors import FileError

# macOS packs a file's attributes beside it, under this folder: no data that anyone delivers.
ATTRIBUTES_FOLDER = "__MACOSX"

ENCRYPTED_FLAG = 0x1

# Files of one zip. A day's export is cut into some dozens at most; each part costs a pass over the archive's directory.
MAX_MEMBERS = 1_000

# Times that the files may be larger than the archive. CSV packs 5 to 20 times smaller, a column of blanks 100 times;
# an archive made to fill disks 1,000 times. Below MIN_BOMB_BYTES nothing is harmed, whatever the ratio.
MAX_RATIO = 200
MIN_BOMB_BYTES = 64 * 1024 * 1024

# Archives within the archive, and other files beside several CSVs: nobody would see that they were left out.
CSV = ".csv"

# Between the archive's URL and the name of the file in it.
SEPARATOR = "!/"
MEMBER_URL = re.compile(rf"(.*\.zip){re.escape(SEPARATOR)}(.+)", re.IGNORECASE | re.DOTALL)


def member_url(url: str, member: str) -> str:
    """The address of a file in a zip, which `source.open_bytes` opens."""
    return f"{url}{SEPARATOR}{member}"


def split_url(url: str) -> tuple[str, str | None]:
    """The address of what is stored, and the name of the file in it where it is a zip's."""
    found = MEMBER_URL.fullmatch(url)
    return (found.group(1), found.group(2)) if found else (url, None)


def chosen(archive: zipfile.ZipFile, url: str, member: str | None) -> zipfile.ZipInfo:
    """The file to read: the one of that name, or the only one.

    Raises:
        FileError: there is no such file, or more than one to choose from, or the zip may not be opened; see `members`.
    """
    found = members(archive, url)
    wanted = [info for info in found if member in {None, info.filename}]
    if len(wanted) != 1:
        what = f"The zip {url} holds {len(wanted)} files, expected exactly one."
        raise FileError(what, "Deliver the parts as CSV files of one zip whose name ends with .zip.")
    return wanted[0]


def members(archive: zipfile.ZipFile, url: str) -> list[zipfile.ZipInfo]:
    """The files of a zip in name order.

    Raises:
        FileError: a path leaves the archive or stands twice in it, a file is encrypted or, beside others, no CSV, there
            are too many of them, or they would be too large unpacked. Nothing was unpacked then.
    """
    found = sorted((info for info in archive.infolist() if not _beside_the_data(info)), key=lambda info: info.filename)
    for refused, what, remedy in (
        (len(found) > MAX_MEMBERS, f"holds {len(found)} files, at most {MAX_MEMBERS} are read", "Deliver fewer parts."),
        (any(map(_leaves, found)), "holds a path that leaves the archive", "Pack the files by their plain names."),
        (len({info.filename for info in found}) < len(found), "holds two files of one name", "Give each its own."),
        (any(info.flag_bits & ENCRYPTED_FLAG for info in found), "is encrypted", "Deliver it without a password."),
        (_too_large(found), f"would grow more than {MAX_RATIO} times when unpacked", "Deliver the CSV files as such."),
        (
            len(found) > 1 and not all(info.filename.lower().endswith(CSV) for info in found),
            "holds several files, and not all of them are named *.csv",
            "Pack CSV files only; no archives within the archive.",
        ),
    ):
        if refused:
            raise FileError(f"The zip {url} {what}.", remedy)
    return found


def _beside_the_data(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or PurePosixPath(info.filename).parts[:1] == (ATTRIBUTES_FOLDER,)


def _leaves(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or stat.S_ISLNK(info.external_attr >> 16)


def _too_large(found: list[zipfile.ZipInfo]) -> bool:
    size, packed = sum(info.file_size for info in found), sum(info.compress_size for info in found)
    return size > MIN_BOMB_BYTES and size > packed * MAX_RATIO
