"""Brings back rejects of a contract's table: the replay of commerce, on the ground of a contract."""

from __future__ import annotations

from functools import partial

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import SetupError, UsageError
from include.loading.csv.plan import Filling, Plan
from include.loading.replay.mended_file import MendedFile
from include.loading.replay.outcome import ReplayOutcome
from include.loading.replay.subject import Selection, Subject
from include.pipelines.commerce.delivery.replay import Connect, Ground, ReplayOptions, replay_on
from include.pipelines.tables.contract import SOURCE_LINE, TableContract
from include.pipelines.tables.load import lock_name, slice_id
from include.pipelines.tables.schema import ensure_table, table_exists

# A row without a key is named by its number in the file, which the reject has kept; the staged place is the line's.
NUMBER_REPLAYED = """
CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
SELECT staged.*, rejects.sequence AS delivered_number
FROM {staging} AS staged
JOIN ledger.rejects AS rejects ON rejects.load_id = {load_id} AND rejects.line = staged._line
"""

# A stored row says on which line it stood, not of which delivery. Where all rows of the slice are of the load (as many
# as it wrote, with those that replays have added to it), a later line is a later row of the same delivery, which wins.
# Where others are among them, as after an upsert, nobody knows: the record stays a reject.
NOTE_STORED_LATER = """
CREATE TEMPORARY TABLE stored_later ON COMMIT DROP AS
SELECT staged._sequence, staged._part, staged._line
FROM {{staging}} AS staged
JOIN {table} AS stored ON {match}
WHERE staged._fault = 0 AND stored.{source_line} > staged._line AND {scope}
    AND (SELECT count(*) FROM {table} AS stored WHERE {scope}) <> (
        SELECT loads.inserted + loads.updated + loads.unchanged - coalesce(sum(
            coalesce((replays.counts #>> ARRAY[loads.dataset, 'updated'])::bigint, 0)
            + coalesce((replays.counts #>> ARRAY[loads.dataset, 'unchanged'])::bigint, 0)
        ), 0)
        FROM ledger.loads AS loads LEFT JOIN ledger.replays AS replays ON replays.load_id = loads.load_id
        WHERE loads.load_id = {{load_id}}
        GROUP BY loads.load_id
    )
"""


STORED_LATER = """
SELECT _sequence, _part, _line, '{column}', 'stored_later',
    'a row of this key is stored from a later line, and nothing says of which delivery; deliver the mended file instead'
FROM stored_later
"""


def replay_table(
    connect: Connect,
    selection: Selection,
    contract: TableContract,
    options: ReplayOptions,
    mended: MendedFile | None = None,
) -> ReplayOutcome:
    """Reads rejects of the current load of a contract's table again; promises and errors are those of `replay`.

    Args:
        connect: opens an autocommit connection to a migrated database; called once for each attempt.
        selection: the load that is meant.
        contract: today's; of the same table and, where it has one, the same scope.
        options: what the caller wants; there is no profile but the contract's own.
        mended: records to read in place of the recorded texts, and only those.
    """
    return replay_on(connect, selection, partial(_ground, contract=contract, options=options), options, mended)


def _ground(subject: Subject, *, contract: TableContract, options: ReplayOptions) -> Ground:
    main = subject.main
    if options.profile:
        raise UsageError(f"{subject.title} is read by a contract, which has no profile.", "Leave --profile out.")
    if not subject.by_contract:
        raise UsageError(f"{subject.title} is no load by a contract.", "Leave --contract out.")
    source = main.store if contract.scope else None
    file = str(main.files[0]["file"])
    if contract.table != subject.dataset or slice_id(contract, source, file) != main.upload_id:
        raise UsageError(
            f"{subject.title} was loaded by a contract of another table or scope than {contract.table}.",
            "Name the contract that the file was loaded by.",
        )
    return Ground(
        plan=_plan(contract),
        scope=contract.scope_of(source, file),
        parameters={"load_id": main.load_id, "source": source, "file": file},
        lock=lock_name(main.upload_id),
        profile=lambda: contract.profile,
        time_zone=contract.time_zone,
        ready=partial(_ready, contract=contract),
    )


def _plan(contract: TableContract) -> Plan:
    """A row without a key is told from others by its number, one with a key by what is stored."""
    if not contract.key:
        select = contract.select_numbered("delivered_number").replace("{staging}", "numbered")
        filling = Filling(contract.table, contract.target, select, unique=True)
        return Plan(contract.contract, (filling,), preparation=(NUMBER_REPLAYED,))
    select = f"{contract.select} AND _sequence NOT IN (SELECT _sequence FROM stored_later)"  # noqa: S608 # as contract.select
    return Plan(
        contract.contract,
        (Filling(contract.table, contract.target, select),),
        STORED_LATER.format(column=contract.key[0]),
        preparation=(_note_stored_later(contract),),
    )


def _note_stored_later(contract: TableContract) -> str:
    schema, name = contract.table.split(".")
    return NOTE_STORED_LATER.format(
        table=f'"{schema}"."{name}"',
        match=" AND ".join(f'stored."{column}" = staged."{column}"' for column in contract.key),
        scope=_scope(contract),
        source_line=SOURCE_LINE,
    )


def _scope(contract: TableContract) -> str:
    """The condition on stored rows of the load's part of the table."""
    named = contract.scope_of("{source}", "{file}")
    return " AND ".join(f'stored."{column}" = {value}' for column, value in named.items()) or "true"


def _ready(connection: Connection[TupleRow], *, contract: TableContract) -> None:
    """A table that somebody took away holds none of the load's rows: rejects alone would stand for the delivery."""
    if not table_exists(connection, contract.target):
        raise SetupError(f"The table {contract.table} is not there any more.", "Load its file again.")
    ensure_table(connection, contract.target)
