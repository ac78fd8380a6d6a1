"""What a person does about a delivery that is held: see what it would change, and let it through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import FileError, HeldError, LongshoreError, UsageError
from include.ledger.attempts import UploadState, resolve
from include.ledger.explain import RecordedLoad, read_load
from include.ledger.loads import digest
from include.loading.upload import Upload, shell_name
from include.pipelines.commerce.delivery.upload_id import DATASETS, Delivery
from include.results import Counts, LoadResult, Status
from include.settings import StoresFile

if TYPE_CHECKING:  # the engine takes most of a second to import, and an upload of which nothing waits does without
    from include.loading.csv.job import Connect
    from include.pipelines.commerce.delivery.load_delivery import Located, Outcome, Report
    from include.sources.files import ListedFile

# What became of an attempt that a person may have to do something about.
WAITING = (Status.HELD, Status.FAILED)


@dataclass(frozen=True, slots=True)
class TableReview:
    """One table of an upload: its newest attempt, its current load, and what the attempt's files would change now.

    `current` is None where nothing was ever loaded, `would` where the attempt waits for nobody. `same_bytes` says
    whether the files are still those of the attempt.
    """

    attempt: RecordedLoad
    current: RecordedLoad | None
    would: LoadResult | None

    @property
    def dataset(self) -> str:
        """The name that the table's loads go by."""
        return self.attempt.result.dataset

    @property
    def same_bytes(self) -> bool | None:
        """None where nothing was read now."""
        return self.would.digest == self.attempt.result.digest if self.would else None

    @property
    def rows_now(self) -> int:
        """Rows of the upload that the table holds."""
        return rows_left(self.current.result.counts) if self.current else 0

    @property
    def rows_then(self) -> int | None:
        """Rows that it would hold; None where the files would not load, or wait for nobody."""
        if self.would is None or self.would.status is not Status.LOADED:
            return None
        return rows_left(self.would.counts)

    def as_json(self) -> dict[str, Any]:
        """For `uploads show --json`."""
        return {
            "dataset": self.dataset,
            "status": self.attempt.result.status.value,
            "rows_now": self.rows_now,
            "rows_then": self.rows_then,
            "same_bytes": self.same_bytes,
            "attempt": self.attempt.as_json(),
            "current": self.current.as_json() if self.current else None,
            "would": self.would.as_json() if self.would else None,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """An upload, table by table; `remark` says why what waits could not be read now, "" where it was."""

    upload: UploadState
    tables: tuple[TableReview, ...]
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object that `uploads show --json` prints."""
        return {
            "upload_id": self.upload.upload_id,
            "store": self.upload.store,
            "day": self.upload.day,
            "url": self.upload.url,
            "remark": self.remark,
            "tables": [table.as_json() for table in self.tables],
        }


def rows_left(counts: Counts) -> int:
    """Rows that a table holds of an upload after a load with these counts."""
    return counts.inserted + counts.updated + counts.unchanged


def review(connect: Connect, name: str, stores: StoresFile, storage: Mapping[str, Any] | None = None) -> Review:
    """Looks at an upload: what is loaded, what waits, and (a dry run, rolled back) what that would change.

    Args:
        connect: opens an autocommit connection to a migrated database.
        name: the upload's id, the first signs of it, or STORE/DAY.
        stores: settings per store.
        storage: options of fsspec, for object stores.

    Raises:
        UsageError: the name means no upload, or several.
    """
    with connect() as connection:
        upload = resolve(connection, name)
        recorded = {dataset: _recorded(connection, attempt.load_id) for dataset, attempt in upload.attempts.items()}
        current = {
            dataset: _recorded(connection, attempt.current_load_id) if attempt.current_load_id else None
            for dataset, attempt in upload.attempts.items()
        }
    waiting = [name for name in DATASETS if name in recorded and recorded[name].result.status in WAITING]
    would, remark = _would(connect, upload, {name: recorded[name] for name in waiting}, stores, storage)
    tables = (TableReview(load, current[dataset], would.get(dataset)) for dataset, load in recorded.items())
    return Review(upload, tuple(tables), remark)


def accept(
    connect: Connect,
    name: str,
    stores: StoresFile,
    *,
    accepted_by: str,
    dataset: str | None = None,
    force: bool = False,
    report: Report = lambda _name, _rows: None,
    storage: Mapping[str, Any] | None = None,
) -> Outcome:
    """Loads what is held of an upload from where it was last opened, and notes who let it through.

    Args:
        connect: opens an autocommit connection to a migrated database.
        name: the upload's id, the first signs of it, or STORE/DAY.
        stores: settings per store.
        accepted_by: who lets it through.
        dataset: only this one; all that are held where None.
        force: lets the files through though they are no longer those that were held.
        report: told of the progress.
        storage: options of fsspec, for object stores.

    Raises:
        UsageError: the name means no upload, or nothing of it is held.
        HeldError: the files are no longer those that were held.
        FileError: they are gone.
    """
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_delivery import Request, load_delivery

    with connect() as connection:
        upload = resolve(connection, name)
        held = {name: _recorded(connection, upload.attempts[name].load_id) for name in _held(upload, dataset)}
    located = _located(upload, held, storage)
    # Bytes that were held although they are loaded (a load by force) are loaded anew: the ledger notes who accepted.
    options = LoadOptions(force=True, accept=True, accepted_by=accepted_by)
    request = Request(located.delivery.url, options=options, storage=storage)
    check = _no_check if force else _same_bytes(held)
    return load_delivery(connect, located, request, stores, report, check)


def _held(upload: UploadState, dataset: str | None) -> list[str]:
    held = [name for name in upload.names(Status.HELD) if name in DATASETS]
    wanted = [name for name in held if dataset in {None, name}]
    if not wanted:
        said = ", ".join(f"{name} {attempt.status.value}" for name, attempt in upload.attempts.items())
        raise UsageError(
            f"{dataset or 'Nothing'} of {upload.store} {upload.day} is {'not ' if dataset else ''}held: {said}.",
            "See what is: ./longshore uploads list --held",
        )
    return wanted


def _would(
    connect: Connect,
    upload: UploadState,
    waiting: Mapping[str, RecordedLoad],
    stores: StoresFile,
    storage: Mapping[str, Any] | None,
) -> tuple[dict[str, LoadResult], str]:
    if not waiting:
        return {}, ""
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_delivery import Request, load_delivery

    options = LoadOptions(force=True, accept=True, dry_run=True)
    try:
        located = _located(upload, waiting, storage)
        request = Request(located.delivery.url, options=options, storage=storage)
        outcome = load_delivery(connect, located, request, stores)
    except LongshoreError as error:
        return {}, str(error)
    return {result.dataset: result for result in outcome.results}, ""


def _located(upload: UploadState, attempts: Mapping[str, RecordedLoad], storage: Mapping[str, Any] | None) -> Located:
    """The files of those attempts as they lie there now."""
    from include.pipelines.commerce.delivery.load_delivery import Located

    if upload.url is None:
        raise FileError(
            f"The ledger does not know where {upload.store} {upload.day} lay: an earlier version opened it.",
            "Load the folder: ./longshore load commerce FOLDER --accept",
        )
    try:
        files = {name: _files(upload.url, name, load, storage) for name, load in attempts.items()}
    except UsageError as gone:
        raise FileError(
            f"What was delivered of {upload.store} {upload.day} is not there any more. {gone.what}",
            "Deliver it again, and load it with ./longshore load commerce FOLDER --accept.",
        ) from gone
    return Located(Delivery(upload.store, upload.day, upload.url), files, tuple(attempts))


def _files(url: str, dataset: str, attempt: RecordedLoad, storage: Mapping[str, Any] | None) -> tuple[ListedFile, ...]:
    """All that the folder has of the dataset; files that were loaded by a name of their own are looked for by it."""
    from include.pipelines.commerce.delivery.extract import list_files
    from include.sources.files import list_file

    names = [file.file for file in attempt.result.files]
    listed = list_files(url, storage)[dataset]
    if set(names) <= {file.name for file in listed}:
        return listed
    return tuple(list_file(f"{url.rstrip('/')}/{name}", storage) for name in names)


def _same_bytes(held: Mapping[str, RecordedLoad]) -> Callable[[Upload], None]:
    def check(upload: Upload) -> None:
        changed = [
            name
            for name, load in held.items()
            if digest([part.sha256 for part in upload.parts[name]]) != load.result.digest
        ]
        if changed:
            name = shell_name(upload.store, upload.day)
            raise HeldError(
                f"{', '.join(changed)} of {upload.store} {upload.day}: the files are no longer those that were held"
                f" ({_changes(upload, held, changed)}); nothing was loaded.",
                f"See what they would change: ./longshore uploads show {name}; load them all the same with --force.",
            )

    return check


def _changes(upload: Upload, held: Mapping[str, RecordedLoad], datasets: Collection[str]) -> str:
    before = {file.file: file.sha256 for name in datasets for file in held[name].result.files}
    now = {part.name: part.sha256 for name in datasets for part in upload.parts[name]}
    words = {
        "changed": sorted(name for name in before.keys() & now.keys() if before[name] != now[name]),
        "new": sorted(now.keys() - before.keys()),
        "gone": sorted(before.keys() - now.keys()),
    }
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in words.items() if names)


def _no_check(_upload: Upload) -> None:
    """Any files will do."""


def _recorded(connection: Connection[TupleRow], load_id: int) -> RecordedLoad:
    load = read_load(connection, load_id)
    if load is None:  # removed between two looks
        raise UsageError(f"The ledger has no load {load_id} any more.", "Run the command again.")
    return load
