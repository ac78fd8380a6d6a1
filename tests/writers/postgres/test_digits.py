from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import TupleRow

from include.writers.postgres.digits import DECIMAL, as_digits
from include.writers.postgres.encoding import as_copy, as_csv

INTEGERS = st.integers(0, 12) | st.integers(-(2**31), 2**31 - 1)
AMOUNTS = st.decimals(0, 10**5, places=4) | st.decimals(-(10**14) + 1, 10**14 - 1, places=4)


@settings(deadline=None)
@given(st.lists(st.none() | INTEGERS), st.sampled_from([pa.int32(), pa.int64()]), st.integers(0, 3))
@example([10**8 - 1, 10**4, 0], pa.int64(), 0)
@example([10**8], pa.int64(), 0)
@example([-1, 1], pa.int32(), 0)
def test_whole_numbers_as_digits_are_the_same_numbers(
    numbers: list[int | None], kind: pa.DataType, skipped: int
) -> None:
    values = pa.array(numbers, kind).slice(skipped)
    texts = as_digits(values).to_pylist()
    assert [None if text is None else int(text) for text in texts] == values.to_pylist()


@settings(deadline=None)
@given(st.lists(st.none() | AMOUNTS), st.integers(0, 3))
@example([Decimal("99999999.9999"), Decimal(0), None], 0)
@example([Decimal("100000000.0000")], 0)
@example([Decimal("-0.0001"), Decimal(1)], 0)
def test_decimals_as_digits_are_the_same_numbers_with_all_four_decimals(
    amounts: list[Decimal | None], skipped: int
) -> None:
    values = pa.array(amounts, DECIMAL).slice(skipped)
    texts = as_digits(values).to_pylist()
    for text, value in zip(texts, values.to_pylist(), strict=True):
        assert (text is None) == (value is None)
        assert text is None or (Decimal(text), len(str(text).partition(".")[2])) == (value, 4)


@pytest.mark.parametrize("number", [10**8, -1])
def test_numbers_that_the_tables_do_not_hold_are_left_to_arrow(number: int) -> None:
    values = pa.array([number, 1], pa.int64())
    assert as_digits(values) is values


def test_postgresql_stores_what_arrow_would_have_sent(connection: Connection[TupleRow]) -> None:
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([0, 7, 1010, None, 99_999_999], pa.int64()),
            pa.array([1, None, 8, 9, 10], pa.int32()),
            pa.array(["0", "9.9", None, "1234.5678", "99999999.9999"]).cast(DECIMAL),
            pa.array(["", None, 'a "b", c', "07", "\n"]),
        ],
        names=["whole", "small", "amount", "label"],
    )
    stored = []
    for payload in (as_copy(batch), as_csv(batch)):
        connection.execute("CREATE TEMPORARY TABLE digits (whole bigint, small integer, amount numeric, label text)")
        with connection.cursor() as cursor, cursor.copy("COPY digits FROM STDIN (FORMAT csv)") as copy:
            copy.write(payload)
        stored.append(connection.execute("SELECT whole, small, amount::text, label FROM digits").fetchall())
        connection.execute("DROP TABLE digits")
    assert stored[0] == stored[1]
    assert [row[2] for row in stored[0]] == ["0.0000", "9.9000", None, "1234.5678", "99999999.9999"]
