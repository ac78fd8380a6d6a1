"""Files as a landing zone lists them, on disk or in an object store, and the parts that are read of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import fsspec

from include.errors import FileError, TransientError, UsageError
from include.readers.blocks import Part
from include.sources.bytes import digest, storage_errors, zip_members
from include.sources.zips import member_url


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file of a delivery as the landing zone lists it: its bytes as stored, its time of change in seconds (UTC)."""

    name: str
    url: str
    size: int
    modified: float


def opened_storage(url: str, options: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    """The filesystem of fsspec that holds the URL, asked anew, and the path there."""
    filesystem, path = fsspec.core.url_to_fs(url, **(options or {}))
    filesystem.invalidate_cache()
    return filesystem, str(path)


def entry_at(filesystem: Any, path: str) -> Mapping[str, Any]:
    """What lies there (`type`, `size` ...), empty where nothing does.

    Unlike `isfile` and `isdir`, which also say no where the store refuses the key or does not answer.
    """
    try:
        entry: Mapping[str, Any] = filesystem.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return entry


def list_file(url: str, options: Mapping[str, Any] | None = None) -> ListedFile:
    """One file as its store lists it.

    Args:
        url: its path or URL.
        options: of fsspec, for object stores.

    Raises:
        UsageError: there is no such file.
        SetupError, TransientError: as `readers.source.storage_errors`.
    """
    with storage_errors(url):
        filesystem, path = opened_storage(url, options)
        entry = entry_at(filesystem, path)
    if entry.get("type") != "file":
        raise UsageError(f"There is no file {url}.", "Check the path.")
    return ListedFile(base_name(path), str(filesystem.unstrip_protocol(path)), entry["size"], _modified(entry))


def list_folder(url: str, options: Mapping[str, Any] | None) -> list[ListedFile]:
    """The files of a folder; subfolders are left out.

    Raises:
        UsageError: there is no such folder.
        SetupError, TransientError: as `readers.source.storage_errors`.
    """
    with storage_errors(url):
        filesystem, path = opened_storage(url, options)
        if entry_at(filesystem, path).get("type") != "directory":
            raise UsageError(f"There is no folder {url}.", "Check the store, the day and the landing zone.")
        entries = filesystem.ls(path, detail=True)
    return [
        ListedFile(
            base_name(entry["name"]), str(filesystem.unstrip_protocol(entry["name"])), entry["size"], _modified(entry)
        )
        for entry in entries
        if entry["type"] == "file"
    ]


# SHA-256 (hex) of files that lie where they lay, by name, bytes and time of change in seconds.
Digests = Mapping[tuple[str, int, float], str]


def opened_part(file: ListedFile, options: Mapping[str, Any] | None = None, known: Digests | None = None) -> Part:
    """The file with its digest, which is computed where it is not known of a file with that size and time of change.

    Raises:
        TransientError: it changed since it was listed.
    """
    digest_known = (known or {}).get((file.name, file.size, file.modified))
    if digest_known:
        return Part(file.url, file.name, file.size, digest_known, file.modified)
    found = digest(file.url, options)
    if found.size != file.size:
        raise TransientError(
            f"{file.url} changed from {file.size} to {found.size} bytes while it was read.",
            "It is still being written: wait, or deliver it under another name and rename it at the end.",
        )
    return Part(file.url, file.name, file.size, found.sha256, file.modified)


def parts_in(whole: Part, options: Mapping[str, Any] | None = None) -> list[Part]:
    """The parts that a file is: several in name order where it is a zip of several, else the file itself.

    What is wrong with a zip is said when its dataset is read, so that it stops no other dataset.
    """
    names: tuple[str, ...] = ()
    if whole.name.lower().endswith(".zip"):
        with suppress(FileError):
            names = zip_members(whole.url, options)
    if len(names) < 2:
        return [whole]
    return [replace(whole, url=member_url(whole.url, name), name=f"{whole.name}/{name}") for name in names]


def _modified(entry: Mapping[str, Any]) -> float:
    moment = entry.get("mtime") or entry.get("LastModified") or entry.get("last_modified") or 0.0
    return moment.timestamp() if isinstance(moment, dt.datetime) else float(moment)


def base_name(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
