"""From the landing zone to an opened upload: which stores delivered for which days, and with which files.

landing/<store>/<YYYY-MM-DD>/{catalog,inventory,orders,variants}*.csv[.gz|.zst|.zip], or *.zip
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import SetupError, UsageError
from include.ledger import loads, runs
from include.loading.rules import limits_of
from include.loading.upload import Upload
from include.log import line, logger
from include.pipelines.commerce.delivery.profile import reading_fingerprint, store_profile
from include.pipelines.commerce.delivery.upload_id import DATASETS, Delivery, upload_id
from include.readers.blocks import Part
from include.settings import StoreSettings, StoresFile
from include.sources.bytes import digest, storage_errors
from include.sources.files import (
    Digests,
    ListedFile,
    base_name,
    entry_at,
    list_folder,
    opened_part,
    opened_storage,
    parts_in,
)

DATASET_FILE = re.compile(rf"^({'|'.join(DATASETS)})[^/]*(\.csv(\.gz|\.zst)?|\.zip)$", re.IGNORECASE)
DAY_FOLDER = re.compile(r"^\d{4}-\d{2}-\d{2}$")
SUCCESS_FILE = "_SUCCESS"


OPEN_UPLOAD = """
INSERT INTO commerce.uploads (upload_id, store, day, url) VALUES (%(upload_id)s, %(store)s, %(day)s, %(url)s)
ON CONFLICT (upload_id) DO UPDATE SET closed_at = NULL, url = excluded.url
"""


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a run is for, both included."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise UsageError(f"The window ends on {self.last}, before it starts on {self.first}.", "Swap the dates.")

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


Files = Mapping[str, tuple[ListedFile, ...]]


def discover(
    landing: str,
    window: Window,
    stores: StoresFile,
    *,
    store: str | None = None,
    settle: bool = True,
    lookback: Callable[[Delivery], bool] | None = None,
    options: Mapping[str, Any] | None = None,
    now: dt.datetime | None = None,
) -> list[Delivery]:
    """The deliveries of the window that are ready, sorted by store and day.

    Args:
        landing: path or URL of the landing zone.
        window: the days the run is for.
        stores: settings per store.
        store: only this one; all where None.
        settle: whether a folder without `_SUCCESS` must have been left alone for the store's `settle_seconds`.
        lookback: says of an earlier delivery (within the store's `lookback_days` before the window) whether it brings
            something that is not loaded yet; None looks at the window only.
        options: of fsspec, for object stores.
        now: the present moment, for `settle`.

    Raises:
        UsageError: the landing zone, or the folder of the store that was asked for, does not exist.
        SetupError, TransientError: as `readers.source.storage_errors`.
    """
    moment = (now or dt.datetime.now(dt.UTC)).timestamp()
    found = []
    for delivery in _folders(landing, store, options):
        settings = stores.store(delivery.store)
        earliest = window.first - dt.timedelta(days=settings.lookback_days if lookback else 0)
        if not earliest <= delivery.day <= window.last:
            continue
        late = delivery.day not in window
        if settle and not _settled(delivery, settings.settle_seconds, moment, options):
            _say("waiting", delivery, reason=f"changed less than {settings.settle_seconds} s ago, no {SUCCESS_FILE}")
            continue
        if late and not (lookback and lookback(delivery)):
            continue
        if not stores.listed(delivery.store):
            _say("unlisted", delivery, reason="the store is not in the stores' file and loads with the defaults")
        found.append(delivery)
    return sorted(found, key=lambda delivery: (delivery.store, delivery.day))


def brings_news(
    connection: Connection[TupleRow],
    delivery: Delivery,
    stores: StoresFile,
    options: Mapping[str, Any] | None = None,
) -> bool:
    """Whether the delivery holds bytes that the ledger's current loads lack.

    A dataset whose newest attempt with these bytes is held, or that was forgotten, is no news: a person decides about
    it. Nor is one whose bytes failed and would fail again: the file itself was at fault, and contract, profile and
    limits are what they were. Files are hashed only where their size or time of change differ from what was loaded,
    or would not tell.
    """
    files = list_files(delivery.url, options)
    identifier = upload_id(delivery.store, delivery.day)
    store = stores.store(delivery.store)
    known = loads.known_files(connection, identifier, delivery.url)
    return any(_lacks(connection, identifier, name, files[name], known, store, options) for name in DATASETS)


def open_upload(
    connection: Connection[TupleRow],
    delivery: Delivery,
    source: runs.RunSource,
    options: Mapping[str, Any] | None = None,
    *,
    files: Files | None = None,
    hash_all: bool = False,
) -> Upload:
    """Resolves run and upload ids, lists and hashes the files: once, so that every task of the run sees the same.

    A file that lies where it lay with the size and time of change that the ledger's current load knows is not hashed.

    Args:
        connection: autocommit.
        delivery: whose, which day, where.
        source: who asked for it.
        options: of fsspec, for object stores.
        files: what to open, where that is not the whole folder; a dataset that is not in it is not delivered.
        hash_all: whatever the ledger knows of the files.

    Raises:
        UsageError: the folder does not exist.
        TransientError: a file vanished or changed while it was hashed.
    """
    chosen = files is not None
    files = list_files(delivery.url, options) if files is None else {name: files.get(name, ()) for name in DATASETS}
    if not any(files.values()):
        _say("empty", delivery, reason="the folder holds no file of any dataset")
    identifier = upload_id(delivery.store, delivery.day)
    known = {} if hash_all else loads.known_files(connection, identifier, delivery.url)
    opened = {"upload_id": identifier, "store": delivery.store, "day": delivery.day, "url": delivery.url}
    return Upload(
        run_id=runs.open_run(connection, source, OPEN_UPLOAD, opened),
        upload_id=identifier,
        store=delivery.store,
        day=delivery.day,
        url=delivery.url,
        parts={name: _parts(listed, options, known) for name, listed in files.items()},
        ignored=() if chosen else _ignored(delivery, options),
    )


def list_files(url: str, options: Mapping[str, Any] | None = None) -> Files:
    """The files of each dataset in a delivery's folder, in name order.

    Raises:
        UsageError: the folder does not exist.
    """
    listed: dict[str, list[ListedFile]] = {name: [] for name in DATASETS}
    for file in list_folder(url, options):
        match = DATASET_FILE.match(file.name)
        if match:
            listed[match.group(1).lower()].append(file)
    return {name: tuple(sorted(files, key=lambda file: file.name)) for name, files in listed.items()}


def _folders(landing: str, store: str | None, options: Mapping[str, Any] | None) -> Iterator[Delivery]:
    with storage_errors(landing):
        filesystem, root = opened_storage(landing, options)
        wanted = f"{root}/{store}" if store else root
        if entry_at(filesystem, wanted).get("type") != "directory":
            raise UsageError(
                f"The landing zone has no folder {wanted}.",
                "Put deliveries under <landing>/<store>/<YYYY-MM-DD>/, or set LONGSHORE_LANDING.",
            )
        names = [store] if store else [base_name(path) for path in _subfolders(filesystem, root)]
        folders = [(name, path) for name in names for path in _subfolders(filesystem, f"{root}/{name}")]
    for name, path in folders:
        day = _day(base_name(path))
        if day is not None:
            yield Delivery(name, day, str(filesystem.unstrip_protocol(path)))


def _day(name: str) -> dt.date | None:
    """The day that a folder is named after; None for every other folder, which is none of ours."""
    try:
        return dt.date.fromisoformat(name) if DAY_FOLDER.match(name) else None
    except ValueError:
        logger("discover").warning(line("ignored", folder=name, reason="no day of the calendar"))
        return None


def _subfolders(filesystem: Any, path: str) -> Iterable[str]:
    return [entry["name"] for entry in filesystem.ls(path, detail=True) if entry["type"] == "directory"]


def _settled(delivery: Delivery, settle_seconds: int, now: float, options: Mapping[str, Any] | None) -> bool:
    files = list_folder(delivery.url, options)
    if any(file.name == SUCCESS_FILE for file in files):
        return True
    return bool(files) and max(file.modified for file in files) <= now - settle_seconds


def _parts(listed: tuple[ListedFile, ...], options: Mapping[str, Any] | None, known: Digests) -> tuple[Part, ...]:
    return tuple(part for file in listed for part in parts_in(opened_part(file, options, known), options))


def _ignored(delivery: Delivery, options: Mapping[str, Any] | None) -> tuple[str, ...]:
    names = sorted(file.name for file in list_folder(delivery.url, options) if file.name != SUCCESS_FILE)
    ignored = tuple(name for name in names if not DATASET_FILE.match(name))
    if ignored:
        _say("ignored", delivery, files=",".join(ignored), reason="the names belong to no dataset")
    return ignored


def _lacks(
    connection: Connection[TupleRow],
    identifier: str,
    dataset: str,
    files: tuple[ListedFile, ...],
    known: Digests,
    store: StoreSettings,
    options: Mapping[str, Any] | None,
) -> bool:
    if not files:
        return False
    current = loads.current(connection, identifier, dataset)
    # Not opened: a file that is still being written is news, and no reason to look at no other delivery.
    found = loads.digest(
        [known.get((file.name, file.size, file.modified)) or digest(file.url, options).sha256 for file in files]
    )
    if current and current.digest == found:
        return False
    asked = (connection, identifier, dataset, found)
    if loads.is_held(*asked) or loads.is_forgotten(*asked):
        return False
    failed = loads.failed_under(*asked)
    return failed is None or failed != _asked_now(dataset, store)


def _asked_now(dataset: str, store: StoreSettings) -> tuple[str, str] | None:
    """Fingerprint and limits of a load now; None for a profile that cannot be read, which the load itself will say."""
    try:
        return reading_fingerprint(dataset, store, store_profile(store)), limits_of(store)
    except SetupError:
        return None


def _say(event: str, delivery: Delivery, **fields: object) -> None:
    logger("discover").warning(line(event, store=delivery.store, day=delivery.day, **fields))
