"""`explain`: where a load's time went, and what was found in its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Panel, print_json
from include.cli.rows import cell_text, print_table
from include.cli.target import Target, ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from include.ledger.explain import RecordedLoad

HELP = """Explain a load: phases, files, columns, rejects by reason.

\b
  ./longshore explain 17
  ./longshore explain 17 --json

The load's number stands in `uploads show`, in `rejects list`, in what `load`
says of rejects, and in ledger.loads.
"""

# Characters of the bar of a phase that took all of the time.
BAR = 30

# What is counted of each label and relationship type of a graph.
ELEMENTS = ("rows", "inserted", "updated", "unchanged", "deleted")


def explain(
    load: Annotated[int, typer.Argument(metavar="LOAD", help="The load's number.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    target: Target = "",
) -> None:
    """See HELP."""
    from include.ledger.explain import read_load
    from include.migrations import migrate

    with ledger(target) as connection:
        migrate(connection)
        found = read_load(connection, load)
    if found is None:
        raise UsageError(
            f"The ledger has no load {load}.", 'See: ./longshore query "SELECT load_id, store, day FROM ledger.loads"'
        )
    if json:
        print_json(found.as_json())
    else:
        _print(found)


def _print(load: RecordedLoad) -> None:
    for line in _heading(load):
        typer.echo(cell_text(line))
    if load.shares:
        _table("Time", ("phase", "ms", "percent", ""), [_phase(*share) for share in load.shares])
    files = [(file.file, file.rows_read, file.size, file.sha256[:12]) for file in load.result.files]
    if files:
        _table("Files", ("file", "rows", "bytes", "sha256"), files)
    for part in load.facts.get("parts", ()):
        form = [f"{name} {part[name]}" for name in ("encoding", "decimal") if part.get(name)]
        form += [f"{column} {order}" for column, order in part.get("date_orders", {}).items()]
        typer.echo(cell_text(f"{part['file']}: {', '.join([*form, 'delimiter ' + repr(part.get('delimiter'))])}"))
    for line in (*_columns(load), *_money(load), *_baskets(load)):
        typer.echo(cell_text(line))
    graph = load.facts.get("product_graph")
    if graph:
        typer.echo(cell_text(f"Graph {graph['graph']}"))
        rows = [(name, *(counts[column] for column in ELEMENTS)) for name, counts in graph["elements"].items()]
        _table("Elements", ("label or relationship", *ELEMENTS), rows)
    if load.reasons:
        _table("Rejects", ("code", "rejects"), list(load.reasons.items()))
        typer.echo(f"  ./longshore rejects list --load {load.result.load_id}")


def _heading(load: RecordedLoad) -> Iterator[str]:
    result, counts = load.result, load.result.counts
    yield f"Load {result.load_id}: {result.dataset} of {load.store} {load.day}, {result.status.value}"
    yield f"recorded {load.recorded_at:%Y-%m-%d %H:%M:%S} UTC by {load.source} run {load.source_run_id}"
    if load.accepted_by:
        yield f"let through by {load.accepted_by}"
    if result.message:
        yield result.message
    speed = f", {result.rows_per_s:,.0f} rows/s" if counts.rows_read else ""
    yield f"{counts.rows_read:,} rows, {load.size:,} bytes in {result.ms:,.0f} ms{speed}"
    yield ", ".join(
        f"{getattr(counts, name):,} {name}"
        for name in ("inserted", "updated", "unchanged", "deleted", "duplicates", "rejected", "folded")
    )


def _phase(name: str, ms: float, share: float) -> tuple[str, float, float, str]:
    filled = round(min(share, 1.0) * BAR)
    return name, round(ms, 1), round(share * 100, 1), "█" * filled + "░" * (BAR - filled)


def _columns(load: RecordedLoad) -> Iterator[str]:
    if load.result.unknown_columns:
        yield f"Columns not loaded: {', '.join(load.result.unknown_columns)}"
    if load.result.header_changes:
        yield f"Header against the load before: {' '.join(load.result.header_changes)}"


def _money(load: RecordedLoad) -> Iterator[str]:
    money = load.facts.get("order_money")
    if not money or not money["compared"]:
        return
    compared, mismatched = money["compared"], money["mismatched"]
    yield f"Money: {mismatched:,} of {compared:,} orders do not agree with their subtotal"
    if mismatched:
        condition = f"upload_id = '{load.upload_id}' AND agrees_by IS NULL"
        yield f'  ./longshore query "SELECT * FROM commerce.order_money WHERE {condition}"'  # noqa: S608 # for a person


def _baskets(load: RecordedLoad) -> Iterator[str]:
    """What bundles were mined from."""
    facts = load.facts.get("bundles")
    if not facts:
        return
    yield f"Orders from {facts['window_start']} to {facts['window_end']}: {facts['baskets']:,} baskets"
    outcomes = [f"{count:,} {name}" for name, count in facts["lines"].items() if count and name != "lines"]
    yield f"{facts['lines']['lines']:,} lines: {', '.join(outcomes)}"
    counted = ("oversized_baskets", "variants", "frequent_variants", "not_in_stock", "pairs", "triples", "found")
    yield ", ".join(f"{facts[name]:,} {name.replace('_', ' ')}" for name in counted)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    typer.echo(f"\n{title}")
    print_table(columns, rows)


def register(app: typer.Typer) -> None:
    """Adds `explain`."""
    app.command("explain", rich_help_panel=Panel.DATA, help=HELP)(explain)
