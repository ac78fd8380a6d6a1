from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contracts import Column, ColumnType
from include.errors import FileError
from include.readers.choices import DateOrder, DecimalForm
from include.readers.profile import Profile
from include.readers.sniffing.forms import Evidence, FormSurvey, weigh_dates, weigh_numbers

QUANTITY = Column("quantity", ColumnType.INTEGER)
PRICE = Column("price", ColumnType.DECIMAL)
CREATED = Column("created_at", ColumnType.TIMESTAMP)
PAID = Column("paid_at", ColumnType.DATE)


def survey(*columns: Column, profile: Profile | None = None) -> FormSurvey:
    positions = {column.name: position for position, column in enumerate(columns)}
    return FormSurvey("orders.csv", columns, positions, profile or Profile.none())


def block(*columns: list[str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(cells, pa.string()) for cells in columns], [str(position) for position in range(len(columns))]
    )


def settled(found: FormSurvey, *blocks: pa.RecordBatch) -> FormSurvey:
    for each in blocks:
        found.settle(each, lambda: blocks)
    return found


@pytest.mark.parametrize(
    ("cell", "counts"),
    [
        ("12.50", (1, 0, 0)), ("1,234.50", (1, 0, 0)), ("1234.567", (1, 0, 0)), ("0.123", (1, 0, 0)),
        ("$1.5", (1, 0, 0)),
        ("12,50", (0, 1, 0)), ("1.234,50", (0, 1, 0)), ("1.234.567", (0, 1, 0)), (" -1,5 €", (0, 1, 0)),
        ("kr. 5,5", (0, 1, 0)),
        ("1.234", (0, 0, 1)), ("1,234", (0, 0, 1)), ("(1.234)", (0, 0, 1)),
        ("12", (0, 0, 0)), ("1 234", (0, 0, 0)), ("kr. 5", (0, 0, 0)), ("Fr.5", (0, 0, 0)), (".", (0, 0, 0)),
        ("n.a.", (0, 0, 0)),
        ("1.2.3", (0, 0, 0)), ("", (0, 0, 0)),
    ],
)  # fmt: skip
def test_a_number_speaks_for_the_reading_it_fits(cell: str, counts: tuple[int, int, int]) -> None:
    found = weigh_numbers(pa.array([cell, None]), PRICE)
    assert (found.first, found.second, found.both) == counts


def test_whole_numbers_have_no_decimals_but_zeros() -> None:
    assert weigh_numbers(pa.array(["1.234"]), QUANTITY) == Evidence(0, 1, 0, (("quantity", "9.999"),))
    assert weigh_numbers(pa.array(["1,000"]), QUANTITY).both == 1
    assert weigh_numbers(pa.array(["12.0"]), QUANTITY).first == 1


@pytest.mark.parametrize(
    ("cell", "counts"),
    [
        ("31/12/2024", (1, 0, 0)), ("31.12.2024 10:00", (1, 0, 0)), ("12/31/2024 5:00 PM", (0, 1, 0)),
        ("3-4-2024", (0, 0, 1)), ("5/5/2024", (0, 0, 0)), ("2024-03-04", (0, 0, 0)), ("32/13/2024", (0, 0, 0)),
        ("x", (0, 0, 0)), (" 31/12/2024", (1, 0, 0)), ("\u00a012/31/2024", (0, 1, 0)), ("", (0, 0, 0)),
    ],
)  # fmt: skip
def test_a_date_speaks_for_the_order_it_fits(cell: str, counts: tuple[int, int, int]) -> None:
    for cells in ([cell, None], [cell], ["2024-01-31", "", cell, None, "2024-01-31 10:00:00 +0200"]):
        found = weigh_dates(pa.array(cells), CREATED)
        assert (found.first, found.second, found.both) == counts
    sliced = weigh_dates(pa.array(["31/12/2024", cell, "12/31/2024"]).slice(1, 1), CREATED)
    assert (sliced.first, sliced.second, sliced.both) == counts


def test_one_decimal_form_is_decided_for_all_numeric_columns_together() -> None:
    found = settled(survey(QUANTITY, PRICE), block(["1.000", "2"], ["1.234", "12,50"]))
    assert found.decimal is DecimalForm.COMMA


def test_each_column_of_dates_has_its_own_order() -> None:
    found = settled(survey(CREATED, PAID), block(["31/12/2024"], ["12/31/2024"]))
    assert found.date_orders == {"created_at": DateOrder.DAY_FIRST, "paid_at": DateOrder.MONTH_FIRST}


def test_a_block_that_leaves_one_reading_settles_the_question_without_reading_on() -> None:
    def never() -> Iterator[pa.RecordBatch]:
        raise AssertionError("the file was read again")

    found = survey(PRICE, CREATED)
    found.settle(block(["1.50", "1.234"], ["2024-01-31", None]), never)
    assert found.decimal is DecimalForm.DOT
    assert found.date_orders == {}
    found.settle(block(["12,50"], ["13/01/2024"]), never)
    assert found.decimal is DecimalForm.DOT
    assert found.date_orders == {"created_at": DateOrder.DAY_FIRST}


def test_a_block_in_doubt_is_settled_by_the_whole_file() -> None:
    found = survey(PRICE)
    first = block(["1.234", "5.678"])
    found.settle(first, lambda: [first, block(["1,5"])])
    assert found.decimal is DecimalForm.COMMA


def test_the_reading_that_more_cells_fit_wins() -> None:
    assert settled(survey(PRICE), block(["1.5", "2.5", "3,5", "1.234"])).decimal is DecimalForm.DOT
    assert settled(survey(CREATED), block(["13/1/2024", "1/13/2024", "1/14/2024"])).date_orders == {
        "created_at": DateOrder.MONTH_FIRST
    }


@pytest.mark.parametrize("cells", [["1,234", "5.678"], ["1.5", "1,5"]])
def test_numbers_that_fit_both_readings_alike_are_an_error_with_shapes_and_the_key_to_set(
    cells: list[str | None],
) -> None:
    with pytest.raises(FileError) as caught:
        settled(survey(PRICE), block(cells))
    message = str(caught.value)
    assert "orders.csv: cells of price" in message
    assert "`decimal: dot` or `decimal: comma`" in message
    assert "9" in message
    assert not any(cell in message for cell in cells if cell)


def test_dates_that_fit_both_orders_alike_are_an_error_with_shapes_and_the_key_to_set() -> None:
    with pytest.raises(
        FileError, match=r"created_at such as 99/99/9999.*`date_order: day_first` or `date_order: month_"
    ):
        settled(survey(CREATED), block(["03/04/2024", "05/05/2024"]))


def test_dates_that_fit_both_orders_go_by_the_one_that_other_columns_prove() -> None:
    both = block(["03/04/2024", "05/06/2024"], ["03/04/2024", "25/06/2024"])
    found = settled(survey(CREATED, PAID), both)
    assert found.date_orders == dict.fromkeys(("created_at", "paid_at"), DateOrder.DAY_FIRST)
    assert found.served == ("created_at",)
    later = settled(survey(CREATED, PAID), block(["03/04/2024"], [None]), block(["05/06/2024"], ["06/25/2024"]))
    assert (later.date_orders["created_at"], later.served) == (DateOrder.MONTH_FIRST, ("created_at",))


def test_other_columns_that_contradict_each_other_prove_nothing() -> None:
    shipped = Column("shipped_at", ColumnType.DATE)
    with pytest.raises(FileError, match="created_at such as"):
        settled(survey(CREATED, PAID, shipped), block(["03/04/2024"], ["25/06/2024"], ["06/25/2024"]))


def test_what_the_profile_fixes_is_not_asked_of_the_file() -> None:
    profile = Profile(decimal=DecimalForm.COMMA, date_order=DateOrder.DAY_FIRST)
    found = settled(survey(PRICE, CREATED, profile=profile), block(["1.5", "1,234"], ["12/31/2024", "03/04/2024"]))
    assert found.decimal is DecimalForm.COMMA
    assert found.date_orders == {"created_at": DateOrder.DAY_FIRST}


@given(st.lists(st.sampled_from(["1.5", "1,5", "1.234", "1,234", "7", "", None]), max_size=30), st.integers(1, 7))
def test_the_decision_follows_the_counts_however_the_file_is_cut(cells: list[str | None], size: int) -> None:
    blocks = [block(cells[start : start + size]) for start in range(0, len(cells), size)]
    dots, commas = cells.count("1.5"), cells.count("1,5")
    both = cells.count("1.234") + cells.count("1,234")
    found = survey(PRICE)
    try:
        settled(found, *blocks)
    except FileError:
        assert dots == commas
        assert dots or both
    else:
        if dots and not commas:
            assert found.decimal is DecimalForm.DOT
        elif commas and not dots:
            assert found.decimal is DecimalForm.COMMA
        elif not both and not dots:
            assert found.decimal is None
