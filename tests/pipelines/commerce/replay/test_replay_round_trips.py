"""Whatever was mended, the tables hold what loading the mended file gives."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipelines.commerce.conftest import Shop
from tests.pipelines.commerce.replay.replaying import again, check_arithmetic, mend

CELL = st.text(alphabet="ab1=+-@',;\"\n\té ", max_size=6)


ORDER_ROW = st.tuples(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["2025-03-03", "", "yesterday"]),
    st.sampled_from(["1", "many"]),
    CELL,
)


STOCK_ROW = st.tuples(
    st.sampled_from(["a", "b", ""]), st.sampled_from(["Port", ""]), st.sampled_from(["1", "2", "many"]), CELL
)


def written(header: str, rows: list[tuple[str, ...]]) -> str:
    cells = (",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in (header, *cells))


def sound(text: str) -> str:
    return text.replace("many", "7").replace("yesterday", "2025-03-03")


def check_round_trip(
    shop: Shop, path: Path, dataset: str, header: str, parts: list[list[tuple[str, ...]]], *tables: str
) -> None:
    """Export, mend and replay give the rows that loading the mended files gives, in the same places."""
    files = {f"{dataset}-{number}.csv": written(header, rows) for number, rows in enumerate(parts)}
    states = []
    for change in (str, sound):
        for name, text in files.items():
            shop.deliver(name, change(text))
        shop.load(dataset, force=True, accept=True)
        if change is str and shop.ledger()[-1]["rejected"]:
            mend(shop, dataset, path)
            mended = path.with_name("sound.csv")
            mended.write_bytes(sound(path.read_bytes().decode()).encode())
            again(shop, dataset, mended)
        check_arithmetic(shop)
        states.append([shop.rows(f"{table} WHERE upload_id = %s ORDER BY 1, 2", shop.upload_id) for table in tables])
    assert states[0] == states[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ORDER_ROW, min_size=1, max_size=7), parts=st.integers(1, 2))
def test_mended_order_lines_are_those_of_a_mended_file(
    shop: Shop, tmp_path: Path, rows: list[tuple[str, ...]], parts: int
) -> None:
    shop.settings(max_rejected_percent=100)
    check_round_trip(
        shop,
        tmp_path / "m.csv",
        "orders",
        "order_id,created_at,quantity,line_name,unit_price",
        [[(*row, "5") for row in rows[part::parts]] for part in range(parts)],
        "SELECT order_id, line_no, quantity, line_name, source_part, source_line FROM commerce.order_lines",
        "SELECT order_id, created_at, source_part, source_line FROM commerce.orders",
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(STOCK_ROW, min_size=1, max_size=7))
def test_mended_stock_is_that_of_a_mended_file(shop: Shop, tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    shop.settings(max_rejected_percent=100)
    check_round_trip(
        shop,
        tmp_path / "m.csv",
        "inventory",
        "handle,location,available,title",
        [rows],
        "SELECT variant_id, location, available, title, source_line FROM commerce.inventory",
    )
