"""`demo`: the real DAGs over the shipped samples, from nothing to tables."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.bundles import COLUMNS as BUNDLES
from include.cli.bundles import bundle_cells
from include.cli.output import ExitCode, Panel, print_json, progress
from include.cli.rows import print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.stack.local_runs import LocalRun

HELP = """Load the sample deliveries of three stores over three days with the real DAGs.

\b
Starts PostgreSQL from its wheel, migrates Airflow's and Longshore's schemas,
lays the samples out in the landing zone, runs commerce_to_postgres for each
day, commerce_coverage, commerce_bundles and commerce_product_graph after
them, and shows what every load did.
A second call finds the same bytes and changes nothing.

\b
Exit code: 0 done (the samples hold a few rows that are rejected on purpose),
1 a run failed.
"""

COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted", "rejected")
COLUMNS = ("store", "day", "dataset", "status", "rows", *COUNTS[1:], "ms", "rows/s")
GOES_WITH = ("store", "whoever buys", "also takes", "baskets", "confidence", "lift")
COVERAGE = ("store", "day", "dataset", "currency", "lines", "matched", "ambiguous", "unmatched", "revenue")

# What follows the loads; each asks the ledger what is due, and may be skipped.
DOWNSTREAM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("commerce_coverage", {}),
    ("commerce_bundles", {}),
    ("commerce_product_graph", {}),
)

# Pairs of the graph that are printed.
GOES_WITH_ROWS = 3

NEXT = """
Where to look next
  ./longshore query "SELECT * FROM commerce.current_inventory WHERE store = 'harbour-books' LIMIT 5"
  ./longshore rejects list          what was not loaded: line, column, reason
  ./longshore coverage --html coverage.html
  ./longshore bundles               what is bought together, and how surely
  ./longshore graph                 the same as a graph, and where it is; ask it in Cypher:
  ./longshore query --store graph "MATCH (v:Variant)-[r:BOUGHT_WITH]->(o) RETURN v.title, o.title, r.lift"
  ./longshore up                    the same DAGs under Airflow's scheduler, with its web interface
"""


def demo(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """See HELP."""
    from include.ledger.report import loads_of
    from include.pipelines.commerce.bundles import rows as bundles_report
    from include.pipelines.commerce.coverage.rows import table
    from include.pipelines.commerce.product_graph.rows import goes_with
    from include.postgres.session import connect
    from include.samples.shop import DAYS
    from include.settings import settings
    from include.stack.lifecycle import stack

    with progress("reading the settings") as report:
        runs = _run(report)
    with connect(stack().postgres.url()) as connection:
        loads = loads_of(connection, "airflow", [run.run_id for run in runs])
        coverage = table(connection, None, DAYS[0], DAYS[-1])
        bundles = bundles_report.table(connection)
    together = goes_with(settings().graph_file, GOES_WITH_ROWS)
    if json:
        products = {"coverage": coverage, "bundles": bundles, "goes_with": together}
        print_json({"runs": [asdict(run) for run in runs], "loads": loads, **products})
    else:
        _print(loads, coverage, bundles, together)
    raise typer.Exit(ExitCode.DONE if all(run.state == "success" for run in runs) else ExitCode.FAILED)


def _run(report: Callable[[str], None]) -> list[LocalRun]:
    from include.samples.generate import lay_out
    from include.samples.shop import DAYS
    from include.settings import settings
    from include.stack.lifecycle import stack
    from include.stack.local_runs import run_dags
    from include.stack.supervisor import log_file

    environment = stack().airflow_environment(report)
    report("laying out the samples")
    lay_out(settings().home / "landing")
    report("starting Airflow")
    requests: list[tuple[str, dict[str, Any]]] = [
        ("commerce_to_postgres", {"from": day.isoformat(), "until": day.isoformat()}) for day in DAYS
    ]
    runs = []
    for run in run_dags([*requests, *DOWNSTREAM], environment, log_file(settings().home, "demo")):
        runs.append(run)
        report(f"ran {run.dag_id} {run.conf.get('from', '')}: {run.state}")
    return runs


def _print(
    loads: list[dict[str, Any]],
    coverage: list[dict[str, Any]],
    bundles: list[dict[str, Any]],
    together: list[dict[str, Any]],
) -> None:
    print_table(COLUMNS, [_load(row) for row in loads if row["status"] != "skipped"])
    typer.echo()
    print_table(COVERAGE, [[_shown(row[name]) for name in COVERAGE] for row in coverage])
    typer.echo()
    print_table(BUNDLES, [bundle_cells(row) for row in bundles])
    typer.echo()
    print_table(GOES_WITH, [_goes_with(row) for row in together])
    changed = any(row["status"] not in {"unchanged", "skipped"} for row in loads)
    if not changed:
        typer.echo("\nNothing changed: the same bytes are loaded already.")
    typer.echo(NEXT.rstrip())


def _load(row: dict[str, Any]) -> list[object]:
    rate = round(row["rows_read"] / row["ms"] * 1000) if row["ms"] else 0
    names = [row[name] for name in ("store", "day", "dataset", "status")]
    return [*names, *(row[name] for name in COUNTS), round(row["ms"]), rate]


def _goes_with(row: dict[str, Any]) -> list[object]:
    names = [row[name] for name in ("store", "variant", "goes_with", "baskets")]
    return [*names, round(row["confidence"], 2), round(row["lift"], 2)]


def _shown(value: Any) -> Any:
    """Money with two decimals; --json has all of them."""
    return round(value, 2) if isinstance(value, Decimal) else value


def register(app: typer.Typer) -> None:
    """Adds `demo`."""
    app.command("demo", help=HELP, rich_help_panel=Panel.STACK)(demo)
