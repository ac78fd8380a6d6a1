"""`graph`: what the product graph shows, and building it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import ExitCode, Panel, print_json, progress, words
from include.cli.rows import print_objects, print_table
from include.cli.target import Target, connector, ledger, migrated_ledger

if TYPE_CHECKING:
    from include.pipelines.commerce.product_graph.load import BuiltGraph
    from include.writers.graph.stores import GraphStore

GROUP_HELP = """Show what the product graph holds of each store.

\b
  longshore graph
  longshore graph --store sunrise --json
  longshore query --store graph "MATCH (n) RETURN label(n), count(*)"

\b
Nothing is built: see `longshore graph build --help`.
"""

BUILD_HELP = """Bring stores, products, variants and what is bought together into the graph.

\b
  longshore graph build
  longshore graph build --store sunrise --again
  export LONGSHORE_NEO4J=neo4j://USER:PASSWORD@HOST:7687/DATABASE

\b
Due is each store whose catalog, variants or bundles are others than the graph
shows. What the tables no longer hold goes from the graph. Without
LONGSHORE_NEO4J it is the embedded graph (LONGSHORE_GRAPH, else graph.lbdb in
LONGSHORE_HOME).

\b
Exit code: 0 done, 1 failed, 2 wrong usage, 3 the graph refused elements.
"""

COLUMNS = ("store", "day", "products", "variants", "of", "bought_with", "rejected", "load_id", "ms", "graph")
BUILT = ("store", "day", "elements", "new", "changed", "same", "gone", "rejected", "load", "ms", "")

Store = Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store.")]
Json = Annotated[bool, typer.Option("--json", help="Print a list of objects.")]


def show_graph(context: typer.Context, store: Store = None, json: Json = False, target: Target = "") -> None:
    """See GROUP_HELP."""
    if context.invoked_subcommand:
        return
    from include.pipelines.commerce.product_graph import load as product_graph
    from include.pipelines.commerce.product_graph.rows import table

    with migrated_ledger(target) as connection, chosen_graph() as graph:
        rows = table(connection, store)
        due = product_graph.due(connection, graph, store=store)
    if json:
        names = list(rows[0]) if rows else []
        print_objects(names, ([row[name] for name in names] for row in rows))
        return
    if rows:
        print_table(COLUMNS, ([round(row[name]) if name == "ms" else row[name] for name in COLUMNS] for row in rows))
    else:
        words().print("The graph holds nothing of these stores.")
    if due:
        words().print(f"{_stores(len(due))} due: ./longshore graph build")


def build_graph(
    store: Store = None,
    again: Annotated[bool, typer.Option("--again", help="Stores that are not due, too.")] = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See BUILD_HELP."""
    from include.ledger.runs import RunSource
    from include.migrations import migrate
    from include.pipelines.commerce.product_graph import load as product_graph

    with ledger(target) as connection, connector(target) as connect, chosen_graph() as graph:
        migrate(connection)
        states = product_graph.due(connection, graph, store=store, again=again)
        built = []
        if states:
            source = RunSource.command_line(product_graph.PIPELINE)
            with progress(f"building {_stores(len(states))} in {graph.name}") as report:
                for one in product_graph.build(connect, states, graph, source):
                    built.append(one)
                    report(f"built {one.state.store}: {one.result.counts.rows_read} elements")
    if json:
        print_json([one.as_json() for one in built])
    elif built:
        print_table(BUILT, [_built_cells(one) for one in built])
    else:
        words().print("No store is due: the graph shows what the tables hold.")
    _exit(built)


def _built_cells(one: BuiltGraph) -> list[object]:
    result, counts = one.result, one.result.counts
    written = (counts.rows_read, counts.inserted, counts.updated, counts.unchanged, counts.deleted, counts.rejected)
    return [one.state.store, one.state.day, *written, result.load_id, round(result.ms), result.message]


def _exit(built: Sequence[BuiltGraph]) -> None:
    if any(one.result.counts.rejected for one in built):
        words().print("The graph refused elements: ./longshore rejects list --load LOAD")
        raise typer.Exit(ExitCode.LOADED_WITH_REJECTS)


@contextmanager
def chosen_graph() -> Iterator[GraphStore]:
    """The graph that the settings name, for the length of the block."""
    from include.settings import settings
    from include.writers.graph.stores import LadybugGraph, connected

    url = settings().neo4j.get_secret_value()
    if not url:
        yield LadybugGraph(settings().graph_file)
        return
    with connected(url) as graph:
        yield graph


def _stores(count: int) -> str:
    return f"{count} store{'' if count == 1 else 's'}"


def register(app: typer.Typer) -> None:
    """Adds `graph` and `graph build`."""
    group = typer.Typer(invoke_without_command=True, help=GROUP_HELP)
    group.callback(help=GROUP_HELP)(show_graph)
    group.command("build", help=BUILD_HELP)(build_graph)
    app.add_typer(group, name="graph", rich_help_panel=Panel.DATA)
