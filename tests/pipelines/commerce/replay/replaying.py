"""What the tests of replays share: exporting, mending as a person would, replaying, and what it could change."""

from __future__ import annotations

from pathlib import Path

from include.loading.replay.mended_file import read_mended
from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.reject_export import export_rejects
from include.pipelines.commerce.delivery.replay import ReplayOptions, ReplayOutcome, replay
from include.postgres.session import connect
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

LINES = "SELECT order_id, line_no, quantity, sku, source_part, source_line FROM commerce.order_lines ORDER BY 1, 2"


CURRENT_COUNTS = (
    "SELECT dataset, rows_read, inserted, updated, unchanged, duplicates, rejected, folded FROM ledger.loads"
)


def again(
    shop: Shop, dataset: str, mended: Path | None = None, *, load_id: int | None = None, **options: object
) -> ReplayOutcome:
    selection = Selection(load_id) if load_id else Selection(store=STORE, day=DAY, dataset=dataset)
    wanted = ReplayOptions("tester", **options)  # type: ignore[arg-type]
    return replay(lambda: connect(shop.url), selection, shop.stores, wanted, read_mended(mended) if mended else None)


def mend(shop: Shop, dataset: str, path: Path, *changes: tuple[str, str]) -> Path:
    """Exports the rejects and changes the text as a person would."""
    path.unlink(missing_ok=True)
    export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset=dataset), path)
    text = path.read_bytes().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_bytes(text.encode())
    return path


def state(shop: Shop) -> list[object]:
    """All that a replay could change."""
    tables = ("catalog", "inventory", "variants", "orders", "order_lines")
    rows = [shop.rows(f"SELECT * FROM commerce.{table} ORDER BY 1, 2, 3") for table in tables]
    marks = shop.rows("SELECT load_id, sequence, replay_id FROM ledger.rejects ORDER BY 1, 2")
    return [*rows, counts(shop), marks]


def counts(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows(f"{CURRENT_COUNTS} ORDER BY load_id")


def check_arithmetic(shop: Shop) -> None:
    assert shop.rows(
        "SELECT load_id FROM ledger.current_loads AS loads WHERE rejected <> (SELECT count(*) FROM ledger.rejects"
        " WHERE load_id = loads.load_id AND replay_id IS NULL)"
    ) == []  # fmt: skip
    assert shop.value("SELECT count(*) FROM ledger.loads WHERE rejected < 0 OR folded < 0") == 0
