"""What the products share that are derived from a store's loads and have loads of their own in the ledger."""

from __future__ import annotations

from include.errors import LongshoreError, TransientError
from include.ledger import loads
from include.loading.csv.job import Connect
from include.log import line, logger
from include.results import LoadResult, Status
from include.timing import Stopwatch


def record_failure(
    connect: Connect, key: loads.LoadKey, dataset: str, named: str, error: LongshoreError, stopwatch: Stopwatch
) -> None:
    """Writes what failed in a transaction of its own; a database out of reach is said in the log.

    Args:
        connect: opens an autocommit connection.
        key: whose load it was.
        dataset: what was derived.
        named: the fingerprint of what it was derived by.
        error: what the ledger's message says.
        stopwatch: the attempts' times.
    """
    result = LoadResult(dataset, Status.FAILED, ms=stopwatch.ms, phases=dict(stopwatch.phases), message=str(error))
    try:
        with connect() as connection:
            loads.record(connection, key, [result], fingerprint=named, facts={})
    except TransientError as unreachable:
        logger(dataset).error(line("load-not-recorded", dataset=dataset, reason=unreachable.what))
