"""Loads one dataset of one upload: the job of a commerce delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from include.ledger import loads
from include.loading.csv.job import Connect, Job, LoadOptions, Report, silent
from include.loading.load import load_job
from include.loading.upload import Upload
from include.pipelines.commerce.delivery.plans import PLANS
from include.pipelines.commerce.delivery.profile import reading_fingerprint, store_profile
from include.pipelines.commerce.delivery.upload_id import lock_name, month_of
from include.results import LoadResult
from include.settings import StoreSettings, StoresFile


def load_dataset(
    connect: Connect,
    upload: Upload,
    dataset: str,
    stores: StoresFile,
    options: LoadOptions,
    *,
    profile: str | None = None,
    report: Report = silent,
    storage: Mapping[str, Any] | None = None,
) -> tuple[LoadResult, ...]:
    """Loads one of `catalog`, `inventory`, `orders`, `variants` and returns what became of each of its tables.

    Args:
        connect: opens an autocommit connection; called once for each attempt.
        upload: the opened delivery.
        dataset: the dataset's name.
        stores: settings per store.
        options: what the caller wants.
        profile: name of the profile, where it is not the store's.
        report: is told after each batch how many rows were read so far; an attempt that is repeated begins at 0.
        storage: options of fsspec, for object stores.

    Returns:
        One result for each table, `orders` before `order_lines`.

    Raises:
        HeldError: nothing changed; the message says why and what to do.
        FileError: the file cannot be read, or (BudgetError) has too many rejects.
        TransientError: the database stayed out of reach through all attempts.
        SetupError: something has to be changed first.
    """
    job = _job(upload, dataset, stores.store(upload.store), profile, options)
    return load_job(connect, replace(job, report=report, storage=storage))


def _job(upload: Upload, dataset: str, store: StoreSettings, profile_name: str | None, options: LoadOptions) -> Job:
    plan, parts = PLANS[dataset], upload.parts[dataset]
    profile = store_profile(store, profile_name)
    return Job(
        upload=upload,
        dataset=dataset,
        plan=plan,
        store=store,
        profile=profile,
        options=options,
        digest=loads.stored_digest(parts) if parts else "",
        fingerprint=reading_fingerprint(dataset, store, profile),
        scope={"upload_id": upload.upload_id},
        lock=lock_name(upload.upload_id, dataset),
        remedy=_remedy(upload),
        partition=month_of(upload.day),
        parameters={"currency": store.currency},
    )


def _remedy(upload: Upload) -> str:
    name = upload.shell_name
    return (
        f"See what it would change with `./longshore uploads show {name}`; let it through with"
        f" `./longshore uploads accept {name}` (or --accept, or the run's parameter `accept`), or deliver it again."
    )
