"""Closes an upload: notes that its run is through with it, and says what became of each dataset."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import LongshoreError
from include.ledger.retention import prune
from include.loading.csv.job import Connect
from include.loading.upload import Upload
from include.log import line, logger
from include.postgres.errors import translated
from include.results import Status
from include.settings import read_stores, settings

# One statement: one round trip, and a server that repeats a statement by itself repeats all of it.
CLOSE = """
WITH closed AS (UPDATE commerce.uploads SET closed_at = clock_timestamp() WHERE upload_id = %(upload_id)s),
    ended AS (UPDATE ledger.runs SET ended_at = clock_timestamp() WHERE run_id = %(run_id)s)
SELECT DISTINCT ON (dataset) dataset, status, message FROM ledger.loads
WHERE run_id = %(run_id)s AND upload_id = %(upload_id)s ORDER BY dataset, load_id DESC
"""


def close_upload(connect: Connect, upload: Upload) -> dict[str, Any]:
    """Marks the upload closed, whatever happened to its datasets, and reads their last state in this run.

    After that the text of some rejects, of any store, is emptied where its time to live is over.

    Returns:
        `store`, `day`, `upload_id`, `datasets` (dataset -> status), the names that are `held` or `failed`, and the
        `reasons` of those (reason -> names).
    """
    with connect() as connection, translated():
        rows = connection.execute(CLOSE, {"run_id": upload.run_id, "upload_id": upload.upload_id}).fetchall()
        _prune(connection)
    datasets = {str(dataset): str(status) for dataset, status, _ in rows}
    reasons: dict[str, list[str]] = {}
    for dataset, status, message in rows:
        if status in {Status.HELD, Status.FAILED}:
            reasons.setdefault(message, []).append(dataset)
    return {
        "store": upload.store,
        "day": upload.day.isoformat(),
        "upload_id": upload.upload_id,
        "datasets": datasets,
        "held": [name for name, status in datasets.items() if status == Status.HELD],
        "failed": [name for name, status in datasets.items() if status == Status.FAILED],
        "reasons": reasons,
    }


def _prune(connection: Connection[TupleRow]) -> None:
    """The upload is closed by now: what cannot be emptied is said, and the next upload tries again."""
    try:
        prune(connection, read_stores(settings().stores_file))
    except LongshoreError as error:
        logger("close").warning(line("not-pruned", reason=error.what))
