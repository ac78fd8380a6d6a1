"""Finds the loads that an export or a replay of rejects is about: the current one of a dataset and upload, no other."""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import UsageError
from include.ledger import replays
from include.loading.replay.subject import Selection, Subject
from include.pipelines.commerce.delivery.plans import PLANS
from include.pipelines.commerce.delivery.upload_id import upload_id

# The dataset whose files fill a table, by the name that the table's load goes by.
DATASET_OF = {filling.dataset: name for name, plan in PLANS.items() for filling in plan.fillings}

# How what is made of the tables tries again what was refused.
REMADE = {
    "bundles": "Mine them again: ./longshore bundles mine --help",
    "product_graph": "Refused elements are written again without a file: ./longshore rejects replay --load LOAD",
}


def find_subject(connection: Connection[TupleRow], selection: Selection) -> Subject:
    """The current loads that the selection means.

    Raises:
        UsageError: nothing or too little is named, it was never loaded, or the load is not the current one.
    """
    if selection.load_id is not None:
        return _of_load(connection, selection.load_id)
    if not (selection.store and selection.day and selection.dataset):
        raise UsageError("Nothing says whose rejects are meant.", "Add --load N, or --store S --day D --dataset X.")
    if "." in selection.dataset:
        raise UsageError(f"{selection.dataset} is the table of a contract.", "Name the load: --load N.")
    if selection.dataset not in DATASET_OF:
        raise UsageError(f"{selection.dataset!r} is no dataset.", f"Known are: {', '.join(DATASET_OF)}.")
    return _current(connection, upload_id(selection.store, selection.day), selection.dataset, selection)


def _of_load(connection: Connection[TupleRow], load_id: int) -> Subject:
    load = replays.read_load(connection, load_id)
    if load is None:
        raise UsageError(f"The ledger has no load {load_id}.", "See: ./longshore rejects list")
    if load.dataset in REMADE:
        raise UsageError(
            f"Load {load_id} is no load of files but of {load.dataset}, which is made of the tables.",
            REMADE[load.dataset],
        )
    named = Selection(load_id, load.store, load.day, load.dataset)
    if load.status != "loaded":
        raise UsageError(
            f"Load {load_id} ({load.dataset} of {load.store} {load.day}) is {load.status}: none of its rows are in the"
            " tables, so none of its rejects can join them.",
            "Mend the file, its profile or its contract, and load the delivery again.",
        )
    subject = _current(connection, load.upload_id, load.dataset, named)
    if load_id not in subject.load_ids:
        now = subject.loads[load.dataset].load_id
        raise UsageError(
            f"Load {load_id} is no longer the current load of {load.dataset} of {load.store} {load.day}:"
            f" load {now} is.",
            f"Its rejects: ./longshore rejects list --load {now}",
        )
    return subject


def _current(connection: Connection[TupleRow], upload: str, name: str, selection: Selection) -> Subject:
    # The table of a contract is a dataset of its own.
    dataset = DATASET_OF.get(name, name)
    names = [filling.dataset for filling in PLANS[dataset].fillings] if dataset in PLANS else [name]
    loads = {name: load for name in names if (load := replays.current_load(connection, upload, name))}
    if len(loads) < len(names):
        raise UsageError(
            f"No {name} of {selection.store} {selection.day} is loaded.",
            'See: ./longshore query "SELECT load_id, store, day, dataset FROM ledger.current_loads"',
        )
    return Subject(dataset, loads)
