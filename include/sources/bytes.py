"""Bytes of a delivered file: opened by path or URL, decompressed by what they are and not by what they are called."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, cast

import fsspec
import pyarrow as pa

from include.errors import FileError, LongshoreError, SetupError, TransientError
from include.sources import zips

# Bytes. Hashing and decompression gain nothing from more; object stores are asked in pieces of at least this size.
CHUNK_BYTES = 1 << 20

Archive = Literal["gzip", "zstd", "zip"]

# What compressed files open with. A zip without any member opens with its end record.
MAGIC: dict[bytes, Archive] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}

# What the libraries raise on bytes that are no archive of their kind. Errors of the storage are translated earlier.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    OverflowError,
    ValueError,
)

# The base classes of botocore's errors of the connection, which are no OSError: no answer came, one may come next time.
NO_ANSWER = frozenset({"HTTPClientError", "ConnectionError"})


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 (hex) and size of a file's bytes as stored."""

    sha256: str
    size: int


@contextmanager
def open_bytes(url: str, options: Mapping[str, Any] | None = None) -> Iterator[BinaryIO]:
    """Opens a file and streams its decompressed bytes; nothing is written to disk.

    gzip, zstd and zip are recognised by their first bytes. A zip holds one file, or `url` says which of several
    (`zips.member_url`).

    Args:
        url: a path, or a URL that fsspec opens (file://, s3://).
        options: storage options for fsspec.

    Raises:
        FileError: the file is missing, truncated or corrupt, or its zip holds anything but one readable file.
            Corruption may show only while the stream is read.
        SetupError: the file may not be read, or nothing can open such a URL.
        TransientError: the storage did not answer.
    """
    stored_url, member = zips.split_url(url)
    with ExitStack() as stack:
        stored = stack.enter_context(_stored(stored_url, options))
        kind = _archive_kind(stored)
        if kind is None:
            yield stored
            return
        with _archive_errors(url):
            unpacked = _zip_member(stored, stored_url, member) if kind == "zip" else _decompressed(stored, kind)
            opened = stack.enter_context(unpacked)
        yield stack.enter_context(_guarded(opened, lambda: _archive_errors(url)))


def zip_members(url: str, options: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Names of the files in a zip, sorted; empty where the file is no zip. Reads its directory only.

    Raises:
        FileError: it is broken, or holds what it must not; see `zips.members`.
        SetupError, TransientError: as `open_bytes`.
    """
    with _stored(url, options) as stored:
        if _archive_kind(stored) != "zip":
            return ()
        with _archive_errors(url), zipfile.ZipFile(stored) as archive:
            return tuple(info.filename for info in zips.members(archive, url))


def digest(url: str, options: Mapping[str, Any] | None = None) -> Digest:
    """Hashes the bytes as stored (compressed ones stay compressed), streaming.

    Raises:
        FileError: the file is missing.
        SetupError: the file may not be read, or nothing can open such a URL.
        TransientError: the storage did not answer.
    """
    sha256, size = hashlib.sha256(), 0
    with _stored(url, options) as stored:
        while chunk := stored.read(CHUNK_BYTES):
            sha256.update(chunk)
            size += len(chunk)
    return Digest(sha256.hexdigest(), size)


@contextmanager
def _stored(url: str, options: Mapping[str, Any] | None) -> Iterator[BinaryIO]:
    with ExitStack() as stack:
        with storage_errors(url):
            source = fsspec.open(url, "rb", **dict(options or {})) if "://" in url else open(url, "rb", 0)  # noqa: PTH123, SIM115
            stream = stack.enter_context(source)
        yield stack.enter_context(_guarded(stream, lambda: storage_errors(url)))


def _archive_kind(stored: BinaryIO) -> Archive | None:
    start = stored.read(max(map(len, MAGIC)))
    stored.seek(0)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)


def _decompressed(stored: BinaryIO, kind: Literal["gzip", "zstd"]) -> AbstractContextManager[BinaryIO]:
    # Arrow's stream notices a truncated end, which zstandard's own reader takes for the end of the file.
    stream = pa.CompressedInputStream(pa.PythonFile(cast(io.IOBase, stored), mode="r"), kind)
    return cast(AbstractContextManager[BinaryIO], stream)


@contextmanager
def _zip_member(stored: BinaryIO, url: str, member: str | None) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(stored) as archive, archive.open(zips.chosen(archive, url, member)) as opened:
        yield cast(BinaryIO, opened)


class _GuardedStream(io.RawIOBase):
    """A stream whose errors are translated, whoever reads it."""

    def __init__(self, stream: io.BufferedIOBase, guard: Callable[[], AbstractContextManager[None]]) -> None:
        self._stream = stream
        self._guard = guard

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: Any) -> int:
        with self._guard():
            return self._stream.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # Not guarded: what can fail is the offset, which a broken archive's directory asked for.
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _guarded(stream: Any, guard: Callable[[], AbstractContextManager[None]]) -> io.BufferedReader:
    return io.BufferedReader(_GuardedStream(stream, guard), CHUNK_BYTES)


@contextmanager
def _archive_errors(url: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        what = f"The archive {url} is truncated or corrupt ({type(error).__name__}: {error})."
        raise FileError(what, "Wait until it is complete, or ask for it again.") from error


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turns whatever a storage library raises about a file or folder into one of ours.

    Raises:
        FileError: it is missing.
        SetupError: it may not be read, or nothing can open such a URL.
        TransientError: the storage did not answer.
    """
    try:
        yield
    except LongshoreError:
        raise
    except Exception as error:  # each storage library has a tree of its own; none of it may leave this module
        raise _storage_error(url, error) from error


def _storage_error(url: str, error: Exception) -> LongshoreError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return FileError(f"The file {url} does not exist.", "Check its path, or deliver it again.")
        case IsADirectoryError():
            return FileError(f"{url} is a folder, expected a file.", "Name the file itself.")
        case PermissionError():
            return SetupError(f"The file {url} may not be read.", "Give this user or key access to it.")
    found = f"({type(error).__name__}: {error})"
    if isinstance(error, OSError) or not NO_ANSWER.isdisjoint(base.__name__ for base in type(error).__mro__):
        return TransientError(f"The storage failed while {url} was read {found}.", "Try again.")
    return SetupError(f"The storage cannot open {url} {found}.", "Check the URL and the connection's options.")
