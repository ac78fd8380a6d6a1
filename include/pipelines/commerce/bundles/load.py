"""Bundles: what a store's customers buy together, mined over a window of days and kept beside what it was mined by.

A window ends with the day of an upload that has order lines and goes by that upload in the ledger: a load of the
dataset `bundles`, whose digest is that of its inputs and whose fingerprint is that of the settings. Due is the newest
window of each store, as soon as one of the two differs; older windows are mined when somebody asks for their days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.contracts import fingerprint
from include.errors import DefectError, LongshoreError, TransientError
from include.ledger import loads, runs
from include.ledger.runs import RunSource
from include.loading import rules
from include.loading.csv.job import Connect
from include.log import line, logger
from include.pipelines.commerce.bundles import read as bundles_read
from include.pipelines.commerce.bundles.mine import Mined, engine, mine, take_lines
from include.pipelines.commerce.bundles.read import Masters, Span
from include.pipelines.commerce.derived import record_failure
from include.pipelines.commerce.records import BUNDLES_TABLE
from include.postgres.dialect import ask_dialect
from include.postgres.errors import translated
from include.postgres.session import LoadSession, snapshot
from include.results import Counts, LoadResult, Status
from include.settings import StoreSettings, StoresFile
from include.timing import Stopwatch
from include.writers.errors import repeat_transient
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.staged import PostgresCopyWriter

DATASET = "bundles"
PIPELINE = "commerce_bundles"

# Counts up when the same baskets would give other bundles than before: then every store is due.
METHOD = 1

# Signs of the settings' fingerprint that tables and ledger hold: 64 bits tell a store's few settings apart.
FINGERPRINT_SIGNS = 16

NEWEST = """
SELECT newest.store, newest.day, newest.upload_id::text, inputs.inputs, mined.digest, mined.fingerprint
FROM commerce.newest_uploads AS newest
JOIN commerce.bundle_inputs AS inputs USING (store)
LEFT JOIN LATERAL (
    SELECT digest, fingerprint FROM ledger.loads
    WHERE upload_id = newest.upload_id AND dataset = 'bundles' AND status = 'loaded'
    ORDER BY load_id DESC LIMIT 1
) AS mined ON true
WHERE newest.dataset = 'order_lines'
ORDER BY newest.day, newest.store
"""

BETWEEN = """
SELECT store, day, upload_id::text
FROM ledger.current_loads
WHERE dataset = 'order_lines' AND day BETWEEN %(first)s AND %(last)s
    AND (%(store)s::text IS NULL OR store = %(store)s)
ORDER BY day, store
"""

# NULL where the window's upload has no order lines any more.
INPUTS = """
SELECT inputs FROM commerce.bundle_inputs
WHERE store = %(store)s AND EXISTS (
    SELECT FROM ledger.loads WHERE upload_id = %(upload_id)s AND dataset = 'order_lines' AND status = 'loaded'
)
"""

MINED_COLUMNS = (
    *("rank", "variant_a", "variant_b", "variant_c", "product_a", "product_b", "product_c", "baskets"),
    *("support_count", "support", "confidence_a", "confidence_b", "confidence_c", "lift", "score", "price", "currency"),
)
SELECT = f"""
SELECT {{upload_id}}::uuid AS upload_id, {{window_start}}::date AS window_start, {", ".join(MINED_COLUMNS)}
FROM {{staging}}
"""  # noqa: S608 # the columns are this module's

# Takes out the bundles of every window that reaches over a day of the store.
TAKE_OUT = """
WITH gone AS (
    DELETE FROM commerce.bundles
    WHERE store = %(store)s AND %(day)s::date BETWEEN window_start AND window_end
    RETURNING upload_id
),
marked AS (
    UPDATE ledger.loads SET status = 'forgotten'
    WHERE dataset = 'bundles' AND status = 'loaded' AND upload_id IN (SELECT upload_id FROM gone)
)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A window of orders that ends with the day of an upload."""

    store: str
    day: dt.date
    upload_id: str

    def span(self, days: int) -> Span:
        """The days of its orders."""
        return Span(self.store, self.day - dt.timedelta(days=days - 1), self.day)


@dataclass(frozen=True, slots=True)
class MinedWindow:
    """A window with the load that the ledger has of it, and that load's facts."""

    window: Window
    result: LoadResult
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        window = {**asdict(self.window), "day": self.window.day.isoformat()}
        return {**window, **self.result.as_json(), "facts": dict(self.facts)}


def due(connection: Connection[TupleRow], stores: StoresFile) -> list[Window]:
    """The newest windows of stores whose inputs or settings have changed since they were mined; reads only."""
    with translated():
        rows = connection.execute(NEWEST).fetchall()
    return [
        Window(store, day, upload_id)
        for store, day, upload_id, inputs, *mined in rows
        if mined != [inputs, settings_fingerprint(stores.store(store))]
    ]


def windows_between(connection: Connection[TupleRow], store: str | None, first: dt.date, last: dt.date) -> list[Window]:
    """The windows of one store (or all) that end from `first` to `last`, both included."""
    with translated():
        rows = connection.execute(BETWEEN, {"store": store, "first": first, "last": last}).fetchall()
    return [Window(*row) for row in rows]


def settings_fingerprint(store: StoreSettings) -> str:
    """Names the settings that bundles are mined by: other settings make other bundles, kept beside these."""
    return fingerprint(store.bundles.model_dump(mode="json"), store.time_zone, METHOD)[:FINGERPRINT_SIGNS]


def lock_name(store: str) -> str:
    """Name of the lock under which one transaction at a time writes a store's bundles."""
    return f"bundles/{store}"


def mine_windows(
    connect: Connect,
    windows: Sequence[Window],
    stores: StoresFile,
    source: RunSource,
    *,
    statement_timeout_ms: int = 0,
) -> Iterator[MinedWindow]:
    """Mines each window and writes its bundles, one transaction each; safe to repeat and to run side by side.

    Args:
        connect: opens an autocommit connection; called once for each attempt.
        windows: see `due` and `windows_between`. One whose upload was forgotten meanwhile is left out.
        stores: settings per store.
        source: who asks, for the ledger.
        statement_timeout_ms: of every statement; 0 is none.

    Yields:
        Each window when it is done.

    Raises:
        LongshoreError: the first that a window met, when the others are done; the ledger has each as `failed`.
    """
    first_error: LongshoreError | None = None
    with connect() as connection:
        run_id = runs.open_run(connection, source)
    for window in windows:
        stopwatch, store = Stopwatch(), stores.store(window.store)
        key = loads.LoadKey(run_id, window.upload_id, window.store, window.day.isoformat())
        try:
            mining = Mining(connect, window, store, key, stopwatch, statement_timeout_ms)
            mined = repeat_transient(mining.attempt)
        except LongshoreError as error:
            first_error = first_error or error
            record_failure(connect, key, DATASET, settings_fingerprint(store), error, stopwatch)
            continue
        if mined:
            _say(window, mined.result)
            yield mined
    with connect() as connection:
        runs.close_run(connection, run_id)
    if first_error:
        raise first_error


def take_out(connection: Connection[TupleRow], store: str, day: dt.date | str) -> int:
    """Takes out the bundles that a day's orders may be in, in the caller's transaction; returns how many there were.

    The newest window of the store is due again, since its inputs have changed.
    """
    row = connection.execute(TAKE_OUT, {"store": store, "day": day}).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Mining:
    """One window on its way: read in one snapshot, mined without the database, written if nothing came between."""

    connect: Connect
    window: Window
    store: StoreSettings
    key: loads.LoadKey
    stopwatch: Stopwatch
    statement_timeout_ms: int

    def attempt(self) -> MinedWindow | None:
        """None where the window's upload has no order lines any more."""
        span = self.window.span(self.store.bundles.window_days)
        with self.connect() as connection, engine() as database:
            with self.stopwatch.phase("read"), snapshot(connection, self._session):
                inputs = self.inputs(connection)
                if inputs is None:
                    return None
                masters = bundles_read.read_masters(connection, self.window.store)
                offers = bundles_read.read_offers(connection, span, masters, self.store)
                take_lines(database, bundles_read.read_lines(connection, span, masters, self.store))
            with self.stopwatch.phase("mine"):
                mined = mine(database, offers, self.store.bundles)
            if not mined.balanced:
                raise DefectError(f"The lines of the baskets do not add up: {dict(mined.lines)}.", "Please report it.")
            return self.save(connection, inputs, span, masters, mined)

    def save(
        self, connection: Connection[TupleRow], inputs: str, span: Span, masters: Masters, mined: Mined
    ) -> MinedWindow:
        """Makes the mined bundles those of the window and these settings, with the ledger's row, in one transaction."""
        named = settings_fingerprint(self.store)
        target = Target(
            BUNDLES_TABLE,
            {"store": span.store, "window_end": span.last, "settings": named},
            SELECT,
            unique=True,
            parameters={"upload_id": self.window.upload_id, "window_start": span.first},
        )
        bundles = mined.bundles
        with PostgresCopyWriter(
            connection,
            bundles.schema,
            [target],
            streamed=True,
            session=self._session,
            lock=lock_name(span.store),
            stopwatch=self.stopwatch,
        ) as writer:
            writer.write(bundles)
            writer.complete()
            # In one round trip; the question sees what was committed before the lock was had.
            if self.inputs(connection, first=writer.take_lock) != inputs:
                raise TransientError(f"The orders or masters of {span.store} changed while they were mined.")
            (written,) = writer.finish()
            result = LoadResult(
                DATASET,
                Status.LOADED,
                Counts(
                    rows_read=bundles.num_rows,
                    inserted=written.inserted,
                    updated=written.updated,
                    unchanged=written.unchanged,
                    deleted=written.deleted,
                ),
                digest=inputs,
                ms=self.stopwatch.ms,
                phases=dict(self.stopwatch.phases),
                message="; ".join(masters.notes),
            )
            rules.check_balance(result)
            facts = self._facts(span, mined)
            [load_id] = loads.record(connection, self.key, [result], fingerprint=named, facts={DATASET: facts})
        timed = replace(result, load_id=load_id, ms=self.stopwatch.ms, phases=dict(self.stopwatch.phases))
        return MinedWindow(self.window, timed, facts)

    @property
    def _session(self) -> LoadSession:
        return LoadSession(f"longshore bundles {self.window.store} {self.window.day}", self.statement_timeout_ms)

    def inputs(self, connection: Connection[TupleRow], first: Callable[[], None] | None = None) -> str | None:
        """The digest of all that the window is mined from.

        Args:
            connection: to the database.
            first: what is to be done before, in the same round trip.
        """
        with translated():
            with connection.pipeline():
                ask_dialect(connection)  # taking the lock wants to know it
                if first:
                    first()
                found = connection.execute(INPUTS, asdict(self.window))
            row = found.fetchone()
        return str(row[0]) if row else None

    def _facts(self, span: Span, mined: Mined) -> dict[str, Any]:
        return {
            "window_start": span.first.isoformat(),
            "window_end": span.last.isoformat(),
            "settings": self.store.bundles.model_dump(mode="json"),
            "lines": dict(mined.lines),
            **mined.facts,
        }


def _say(window: Window, result: LoadResult) -> None:
    fields = {"bundles": result.counts.rows_read, "ms": round(result.ms, 1), "message": result.message}
    logger(DATASET).info(line("mined", store=window.store, day=window.day, upload=window.upload_id, **fields))
