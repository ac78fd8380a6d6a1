"""Loads a CSV of any kind by a contract: an example to copy.

The file is a small export of an ERP (`include/samples/tables/artikel.csv`: German headers, semicolons, decimal commas),
the contract beside it was made by `./longshore contract infer`, and a person looked through it. The table
`erp.artikel` is made from the contract. Loading the same bytes again changes nothing; what cannot be
loaded is in `ledger.rejects` with line, column and reason.

**Your own.** `./longshore contract infer FILE --out C.yaml`, then `./longshore contract check C.yaml FILE`, then copy
this file and name both in `BulkLoadOperator`; they can be templates. A held delivery fails the task and changes
nothing: run the DAG again with `accept` once somebody has looked at it.

Needs the connection `longshore_postgres` and the pool `longshore_postgres`.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Param
from longshore.operators.tables import BulkLoadOperator
from longshore.outcomes import RETRIES

with DAG(
    "example_bulk_load",
    description="One CSV of any kind into PostgreSQL by a contract in YAML",
    doc_md=__doc__,
    schedule=None,
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "longshore", **RETRIES},
    tags=["example", "postgres"],
    params={
        "source": Param("include/samples/tables/artikel.csv", type="string", minLength=1, description="Path or URL"),
        "force": Param(False, type="boolean", description="Load again although the same bytes are loaded"),
        "accept": Param(False, type="boolean", description="Let a held delivery through"),
    },
):
    BulkLoadOperator(
        task_id="load",
        contract="include/samples/tables/artikel.yaml",
        source="{{ params.source }}",
        conn_id="longshore_postgres",
        pool="longshore_postgres",
        execution_timeout=dt.timedelta(hours=2),
    )
