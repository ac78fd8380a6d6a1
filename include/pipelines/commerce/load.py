"""Loads one dataset of one upload: the job of a commerce delivery."""

from __future__ import annotations

from include.contracts import fingerprint
from include.ledger import loads
from include.loading.job import Connect, Job, LoadOptions, Report, silent
from include.loading.load import load_job
from include.loading.upload import Upload
from include.pipelines.commerce import records
from include.pipelines.commerce.plans import PLANS
from include.pipelines.commerce.uploads import lock_name, month_of
from include.readers.profile import Profile, read_profile
from include.results import LoadResult
from include.settings import StoreSettings, StoresFile, settings


def load_dataset(
    connect: Connect,
    upload: Upload,
    dataset: str,
    stores: StoresFile,
    options: LoadOptions,
    *,
    profile: str | None = None,
    report: Report = silent,
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

    Returns:
        One result for each table, `orders` before `order_lines`.

    Raises:
        HeldError: nothing changed; the message says why and what to do.
        FileError: the file cannot be read, or (BudgetError) has too many rejects.
        TransientError: the database stayed out of reach through all attempts.
        SetupError: something has to be changed first.
    """
    return load_job(connect, _job(upload, dataset, stores.store(upload.store), profile, options, report))


def _job(
    upload: Upload, dataset: str, store: StoreSettings, profile_name: str | None, options: LoadOptions, report: Report
) -> Job:
    plan, parts = PLANS[dataset], upload.parts[dataset]
    name = profile_name or store.profile
    profile = read_profile(name, settings().profiles_folder, records.CONTRACTS.values()) if name else Profile.none()
    return Job(
        upload=upload,
        dataset=dataset,
        plan=plan,
        store=store,
        profile=profile,
        options=options,
        digest=loads.stored_digest(parts) if parts else "",
        fingerprint=fingerprint(plan.contract, profile.model_dump(mode="json"), store.time_zone, store.currency),
        scope={"upload_id": upload.upload_id},
        lock=lock_name(upload.upload_id, dataset),
        partition=month_of(upload.day),
        parameters={"currency": store.currency},
        report=report,
    )
