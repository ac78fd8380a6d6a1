from __future__ import annotations

from pathlib import Path

import pytest

from include.pipelines.commerce.mended import read_mended
from include.pipelines.commerce.reject_cells import Guard
from include.pipelines.commerce.reject_export import export_rejects
from include.pipelines.commerce.replay import ReplayOptions, ReplayOutcome, replay
from include.pipelines.commerce.replay_subject import Selection
from include.writers.postgres_session import connect
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.test_load import CATALOG, catalog, orders


def again(shop: Shop, dataset: str, mended: Path | None = None, **options: object) -> ReplayOutcome:
    return replay(
        lambda: connect(shop.url),
        Selection(store=STORE, day=DAY, dataset=dataset),
        shop.stores,
        ReplayOptions("tester", **options),
        read_mended(mended) if mended else None,
    )


def export(shop: Shop, dataset: str, path: Path, **options: object) -> str:
    export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset=dataset), path, **options)
    return path.read_bytes().decode()


def mend(shop: Shop, dataset: str, path: Path, *changes: tuple[str, str]) -> Path:
    text = export(shop, dataset, path)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_bytes(text.encode())
    return path


def test_a_mended_line_gets_the_number_that_was_kept_for_it(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "7")))
    assert (outcome.passed, outcome.failures) == (1, ())
    assert shop.rows("SELECT line_no, quantity, source_part, source_line FROM commerce.order_lines ORDER BY 1") == [
        (1, 1, 0, 2),
        (2, 7, 0, 3),
        (3, 1, 0, 4),
    ]
