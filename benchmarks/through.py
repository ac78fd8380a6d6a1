"""The loader through its public way in, as the command line and the operators use it: what benchmarks measure."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.loading.csv.job import Connect
    from include.loading.upload import Upload
    from include.results import LoadResult

STORE = "benchmark"
DAY = dt.date(2025, 3, 3)


def delivery(home: Path, day: dt.date = DAY, store: str = STORE) -> Path:
    """Makes the folder of a delivery, where its files are to be written: `orders.csv`, `catalog.csv` and so on."""
    folder = home / "landing" / store / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def imports(_work: object) -> None:
    """`ready` of a case that loads: what the loader imports, so that the clock runs for its work alone."""
    import include.pipelines.commerce.delivery.extract
    import include.pipelines.commerce.delivery.load_dataset
    import include.postgres.session  # noqa: F401


def driver(_work: object) -> None:
    """`ready` of a case that is SQL by hand: the driver alone."""
    import include.postgres.session  # noqa: F401


def load(url: str, folder: Path, dataset: str = "orders", *, force: bool = False) -> tuple[LoadResult, ...]:
    """Opens a delivery (lists and hashes its files) and loads one dataset of it, over a connection of its own.

    Args:
        url: the database's.
        folder: of `delivery`; its names say which store and day.
        dataset: catalog, inventory, orders or variants.
        force: load bytes that are loaded already.
    """
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset
    from include.postgres.kept import KeptConnection
    from include.postgres.session import connect
    from include.settings import StoresFile

    with KeptConnection(lambda: connect(url)) as kept:
        upload = _open(kept, folder)
        return load_dataset(kept, upload, dataset, StoresFile(), LoadOptions(force=force))


def open_delivery(url: str, folder: Path) -> Upload:
    """Only the first half of `load`."""
    from include.postgres.session import connect

    return _open(lambda: connect(url), folder)


def _open(connect: Connect, folder: Path) -> Upload:
    from include.ledger.runs import RunSource
    from include.pipelines.commerce.delivery.extract import open_upload
    from include.pipelines.commerce.delivery.upload_id import Delivery

    delivered = Delivery(folder.parent.name, dt.date.fromisoformat(folder.name), str(folder))
    with connect() as connection:
        return open_upload(connection, delivered, RunSource.command_line("benchmark"))
