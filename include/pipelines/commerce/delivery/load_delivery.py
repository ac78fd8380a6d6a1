"""One delivery, a folder or a single file, opened, loaded and closed in one call: `./longshore load commerce`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from include.errors import DefectError, HeldError, LongshoreError, TransientError, UsageError
from include.ledger import explain, loads
from include.ledger.runs import RunSource, open_run
from include.loading.csv.job import Connect, LoadOptions
from include.loading.upload import Upload
from include.log import line, logger
from include.migrations import migrate
from include.pipelines.commerce.delivery.close import close_upload
from include.pipelines.commerce.delivery.extract import DAY_FOLDER, Files, list_files, open_upload
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.pipelines.commerce.delivery.plans import PLANS
from include.pipelines.commerce.delivery.recognise import recognise
from include.pipelines.commerce.delivery.upload_id import DATASETS, Delivery
from include.pipelines.commerce.records import CONTRACTS
from include.postgres.errors import translated
from include.postgres.kept import KeptConnection
from include.readers.profile import Profile, read_profile
from include.results import FileResult, LoadResult, Status
from include.settings import StoresFile, settings
from include.sources.bytes import storage_errors
from include.sources.files import entry_at, list_file, opened_storage

PIPELINE = "commerce_to_postgres"

# Is told the dataset that is being loaded, and how many of its rows were read so far.
Report = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be loaded: `path` is a delivery's folder or one file, a path or URL.

    `store` and `day` are taken from the folder's name (.../<store>/<YYYY-MM-DD>) where None, `dataset` from the file's
    name, `profile` from the store's settings. `storage` are options of fsspec, for object stores.
    """

    path: str
    store: str | None = None
    day: dt.date | None = None
    dataset: str | None = None
    profile: str | None = None
    options: LoadOptions = field(default_factory=LoadOptions)
    storage: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Located:
    """A request's delivery, the files of each dataset, and the datasets that it is about."""

    delivery: Delivery
    files: Files
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The upload as it was opened, and what became of each of its tables."""

    upload: Upload
    results: tuple[LoadResult, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that `load --json` prints."""
        return {
            "upload_id": self.upload.upload_id,
            "run_id": self.upload.run_id,
            "datasets": [result.as_json() for result in self.results],
        }


def locate(request: Request, stores: StoresFile) -> Located:
    """Finds the files that a request means; a single file is recognised by its name, or else by its header.

    Raises:
        UsageError: there is nothing at the path, no file of any dataset, or nothing says whose it is, or of which day.
        FileError: neither its name nor its header says which dataset a single file holds.
        SetupError: the profile is missing or not valid, or the storage refuses.
        TransientError: the storage did not answer.
    """
    with storage_errors(request.path):
        filesystem, path = opened_storage(request.path, request.storage)
        kind = entry_at(filesystem, path).get("type")
    if kind == "directory":
        folder, files = path, _files_of_folder(request)
    elif kind == "file":
        folder, files = path.rpartition("/")[0], {}
    else:
        raise UsageError(f"There is no folder and no file {request.path}.", "Check the path.")
    delivery = _delivery(request, folder, str(filesystem.unstrip_protocol(folder)))
    files = files or _single_file(request, stores.store(delivery.store).profile)
    chosen = tuple(files) if request.dataset or kind == "file" else DATASETS
    return Located(delivery, files, chosen)


def load_delivery(
    connect: Connect,
    located: Located,
    request: Request,
    stores: StoresFile,
    report: Report = lambda _name, _rows: None,
    check: Callable[[Upload], None] = lambda _upload: None,
) -> Outcome:
    """Loads the datasets one after the other; one that fails or is held stops no other.

    Args:
        connect: opens an autocommit connection, once where nothing goes wrong; the schema is brought up to date
            first.
        located: what `locate` found.
        request: what is wanted.
        stores: settings per store.
        report: told of the progress.
        check: raises where the files, as they were opened, must not be loaded.

    Returns:
        The opened upload, and one result per table, failed and held ones with the reason in `message`.

    Raises:
        LongshoreError: the database cannot be reached or brought up to date, or a file changed while it was opened.
    """
    with KeptConnection(connect) as kept:
        with kept() as connection, translated():
            migrate(connection)
        with _opened(kept, located, request) as upload:
            check(upload)
            results = [
                result for name in located.datasets for result in _load(kept, upload, name, request, stores, report)
            ]
    if request.options.dry_run:
        results = [replace(result, load_id=None) for result in results]  # the ledger has forgotten them
    return Outcome(upload, tuple(results))


@contextmanager
def _opened(connect: Connect, located: Located, request: Request) -> Iterator[Upload]:
    source = RunSource.command_line(PIPELINE)
    opened = partial(
        open_upload,
        delivery=located.delivery,
        source=source,
        options=request.storage,
        files=located.files,
        hash_all=request.options.force,
    )
    if not request.options.dry_run:
        with connect() as connection:
            upload = opened(connection)
        try:
            yield upload
        finally:
            _close(connect, upload)
        return
    with connect() as connection:
        with connection.transaction(force_rollback=True):
            upload = opened(connection)
        run_id = open_run(connection, source)  # the loads that are taken back refer to it
    try:
        yield replace(upload, run_id=run_id)
    finally:
        with connect() as connection, translated():
            connection.execute("DELETE FROM ledger.runs WHERE run_id = %s", [run_id])


def _close(connect: Connect, upload: Upload) -> None:
    try:
        close_upload(connect, upload)
    except TransientError as unreachable:
        logger("load").error(line("not-closed", store=upload.store, day=upload.day, reason=unreachable.what))


def _load(
    connect: Connect, upload: Upload, dataset: str, request: Request, stores: StoresFile, report: Report
) -> tuple[LoadResult, ...]:
    told = partial(report, dataset)
    told(0)
    try:
        return load_dataset(
            connect,
            upload,
            dataset,
            stores,
            request.options,
            profile=request.profile,
            report=told,
            storage=request.storage,
        )
    except LongshoreError as error:
        return _not_loaded(connect, upload, dataset, error)
    except Exception as error:
        if os.environ.get("LONGSHORE_DEBUG") == "1":
            raise
        # Its words are left out: they can quote a row.
        what = f"Unexpected {type(error).__name__} while {dataset} was loaded."
        remedy = "This is a defect of Longshore. Run it again with LONGSHORE_DEBUG=1 and report the traceback."
        return _not_loaded(connect, upload, dataset, DefectError(what, remedy))


def _not_loaded(connect: Connect, upload: Upload, dataset: str, error: LongshoreError) -> tuple[LoadResult, ...]:
    """What the ledger noted of the failure, rejects and all; from the error alone where it noted nothing."""
    noted = _noted(connect, upload)
    parts = upload.parts[dataset]
    fallback = LoadResult(
        dataset,
        Status.HELD if isinstance(error, HeldError) else Status.FAILED,
        files=tuple(FileResult(part.name, part.sha256, 0, part.size, part.modified) for part in parts),
        digest=loads.stored_digest(parts),
        message=str(error),
    )
    names = [filling.dataset for filling in PLANS[dataset].fillings]
    return tuple(noted.get(name, replace(fallback, dataset=name)) for name in names)


def _noted(connect: Connect, upload: Upload) -> dict[str, LoadResult]:
    try:
        with connect() as connection:
            return explain.of_run(connection, upload.run_id, upload.upload_id)
    except TransientError:
        return {}


def _files_of_folder(request: Request) -> Files:
    files = list_files(request.path, request.storage)
    if request.dataset:
        files = {request.dataset: files[request.dataset]}
    if not any(files.values()):
        wanted = request.dataset or f"{{{','.join(DATASETS)}}}"
        raise UsageError(
            f"The folder {request.path} holds no file named {wanted}*.csv[.gz|.zst|.zip].",
            "Check the path; a file with another name loads by its own path and --dataset.",
        )
    return files


def _single_file(request: Request, profile_of_store: str | None) -> Files:
    file = list_file(request.path, request.storage)
    name = request.profile or profile_of_store
    profile = read_profile(name, settings().profiles_folder, CONTRACTS.values()) if name else Profile.none()
    contract, _ = recognise(file.url, file.name, request.dataset, profile, request.storage)
    return {contract.name: (file,)}


def _delivery(request: Request, folder: str, url: str) -> Delivery:
    """Options go before the folder's last two names; these count only together, as <store>/<YYYY-MM-DD>."""
    *_, parent, name = ["", "", *folder.rstrip("/").split("/")]
    named = _day(name)
    store, day = request.store or (parent if named else ""), request.day or named
    if not store or day is None:
        missing = " and ".join(option for option, value in (("--store", store), ("--day YYYY-MM-DD", day)) if not value)
        raise UsageError(
            f"The folder {folder} is not named <store>/<YYYY-MM-DD>, so nothing says whose delivery this is.",
            f"Add {missing}.",
        )
    return Delivery(store, day, url)


def _day(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name) if DAY_FOLDER.match(name) else None
    except ValueError:
        return None
