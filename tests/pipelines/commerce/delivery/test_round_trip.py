from __future__ import annotations

import csv
import io
import time
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.readers.cells.inspection import BLANKS
from include.results import Status
from tests.pipelines.commerce.conftest import Shop

# Seconds; such a load takes 15 ms. This is for the minutes that loads of this size took elsewhere.
CATALOG_OF_259_ROWS_S = 10

# What a CSV of UTF-8 can hold and a PostgreSQL text can store; lone line ends within cells are kept as they are.
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
PRICES = st.decimals(min_value=0, max_value=Decimal("99999999999999"), places=4)


def as_stored(text: str) -> str | None:
    return text if text.strip(BLANKS) else None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, st.one_of(st.none(), PRICES), st.one_of(st.none(), st.booleans())), max_size=20))
def test_any_table_of_values_comes_out_of_the_database_as_it_went_in(
    shop: Shop, rows: list[tuple[str, Decimal | None, bool | None]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["variant_id", "title", "price", "published"])
    writer.writerows((f"v{number}", title, price, published) for number, (title, price, published) in enumerate(rows))
    shop.deliver("catalog.csv", text.getvalue().encode())
    (result,) = shop.load("catalog", force=True, accept=True)
    stored = {
        key: values for key, *values in shop.rows("SELECT variant_id, title, price, published FROM commerce.catalog")
    }
    assert stored == {
        f"v{number}": [as_stored(title), price, published] for number, (title, price, published) in enumerate(rows)
    }
    assert (result.counts.rows_read, result.counts.rejected) == (len(rows), 0)


def test_a_catalog_of_259_rows_takes_less_than_ten_seconds(shop: Shop) -> None:
    rows = "".join(f"lamp-{number},Lamp {number},S{number},{number}.50\n" for number in range(259))
    shop.deliver("catalog.csv", "handle,title,sku,price\n" + rows)
    started = time.perf_counter()
    (result,) = shop.load("catalog")
    assert (result.status, result.counts.inserted) == (Status.LOADED, 259)
    assert time.perf_counter() - started < CATALOG_OF_259_ROWS_S
