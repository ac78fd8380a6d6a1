from __future__ import annotations

import pytest

from include.contracts import Column, ColumnType, Contract
from include.errors import FileError, SetupError
from include.pipelines.commerce.records import CATALOG, INVENTORY, ORDERS
from include.readers.headers import HeaderMapping, header_key, map_header
from include.readers.profile import DatasetProfile, Profile

LINES = ("order_id", "created_at", "quantity", "unit_price")


def mapped(cells: list[str], contract: Contract = ORDERS, **dataset: object) -> HeaderMapping:
    profile = Profile(name="erp", datasets={contract.name: DatasetProfile.model_validate(dataset)})
    return map_header(cells, contract, profile, part="orders.csv")


@pytest.mark.parametrize(
    "header",
    [
        "Lineitem quantity",
        "LINEITEM QUANTITY",
        " lineitem_quantity\u00a0",
        "Line-Item  Quantity",
        "\ufefflineitem.quantity",
    ],
)
def test_headers_compare_without_case_spacing_and_punctuation(header: str) -> None:
    assert header_key(header) == "lineitemquantity"


def test_composed_decomposed_and_wide_letters_are_the_same_header() -> None:
    assert header_key("Größe") == header_key("GRO\u0308SSE") == header_key("\uff27röße")


def test_a_header_of_signs_alone_is_itself() -> None:
    assert header_key(" # ") == "#"


def test_a_columns_own_name_wins_over_its_aliases_wherever_it_stands() -> None:
    found = mapped(["Name", "order_id", "created_at", "quantity", "unit_price"])
    assert found.positions["order_id"] == 1
    assert found.unknown == ("Name",)


def test_the_first_alias_in_the_contracts_order_wins() -> None:
    found = mapped(["Order", "Name", *LINES[1:]])
    assert found.positions["order_id"] == 1
    assert found.unknown == ("Order",)


def test_the_profile_goes_before_names_and_aliases() -> None:
    found = mapped(["Name", "Beleg", *LINES[1:]], columns={"order_id": "beleg"})
    assert found.positions["order_id"] == 1


def test_a_column_the_profile_maps_is_not_looked_for_elsewhere() -> None:
    with pytest.raises(FileError, match=r"Expected one of: Net price\."):
        mapped(["Name", "Created at", "Quantity", "Price"], columns={"unit_price": "Net price"})


def test_a_header_feeds_one_column_only() -> None:
    text = ColumnType.TEXT
    contract = Contract("x", (Column("title", text, ("Name",)), Column("name", text), Column("label", text, ("Name",))))
    assert mapped(["Name"], contract).positions == {"name": 0}


def test_the_same_header_twice_is_an_error_that_names_both_positions() -> None:
    with pytest.raises(FileError, match=r"orders\.csv: header 'Quantity', which holds quantity, .*positions 3 and 5"):
        mapped(["Name", "Created at", "Quantity", "unit_price", "Quantity "])


def test_of_headers_that_differ_in_signs_and_case_the_exact_one_wins_and_none_is_guessed() -> None:
    assert mapped(["order_id", "created_at", "QUANTITY", "quantity", "unit_price"]).positions["quantity"] == 3
    assert mapped(["order_id", "created_at", "quantity", "Quantity %", "unit_price"]).positions["quantity"] == 2
    with pytest.raises(FileError, match=r"no header for quantity of orders\. Found: .*Quantity, Quantity %"):
        mapped(["order_id", "created_at", "Quantity", "Quantity %", "unit_price"])


def test_a_header_twice_that_feeds_nothing_is_only_noted() -> None:
    found = mapped([*LINES, "Note", "Note ", "note", "Other"])
    assert found.unknown == ("Note", "Note", "note", "Other")
    assert found.duplicates == ("Note",)


def test_a_missing_required_column_is_an_error_with_what_was_found_and_the_key_to_set() -> None:
    with pytest.raises(FileError) as caught:
        mapped(["InvoiceNo", "created_at", "quantity", "unit_price"])
    message = str(caught.value)
    assert "no header for order_id of orders. Found: InvoiceNo, created_at, quantity, unit_price." in message
    assert "Expected one of: order_id, Name, Order ID, Order." in message
    assert "datasets.orders.columns.order_id in profile 'erp'" in message


def test_a_first_line_that_is_data_is_not_shown() -> None:
    with pytest.raises(FileError) as caught:
        mapped(["536365", "anna@example.com", "6"])
    assert "3 cells that look like a row of data" in str(caught.value)
    assert "anna" not in str(caught.value)


def test_one_column_of_an_any_of_group_is_enough_and_none_is_an_error() -> None:
    assert "variant_id" in mapped(["Handle", "Available"], INVENTORY).missing
    with pytest.raises(FileError, match=r"no header for available or on_hand of inventory"):
        mapped(["Handle", "SKU"], INVENTORY)


def test_a_constant_stands_in_for_a_required_column() -> None:
    assert "quantity" not in mapped(["order_id", "created_at", "unit_price"], constants={"quantity": 1}).positions


def test_personal_columns_are_left_out_unless_the_profile_asks() -> None:
    cells = [*LINES, "Email"]
    assert mapped(cells).left_out == ("Email",)
    assert "email" not in mapped(cells).positions
    assert mapped(cells).unknown == ()
    assert mapped(cells, personal=("email",)).positions["email"] == 4


def test_a_personal_column_that_nobody_asked_for_may_stand_twice() -> None:
    assert mapped([*LINES, "Email", "Email"]).left_out == ("Email", "Email")


def test_empty_header_cells_are_told_apart() -> None:
    assert mapped([*LINES, "", " "]).unnamed == (4, 5)


def test_a_profile_that_names_no_column_of_the_contract_is_a_set_up_error() -> None:
    with pytest.raises(SetupError, match=r"datasets\.orders\.columns\.skus"):
        mapped(list(LINES), columns={"skus": "SKU"})


def test_market_columns_and_new_stock_are_not_taken_for_the_columns_they_resemble() -> None:
    cells = ["Handle", "Variant Price", "Price / International", "Compare At Price / International"]
    found = mapped(cells, CATALOG)
    assert (found.positions, found.unknown) == ({"handle": 0, "price": 1}, ())
    assert found.families == {
        "price_by_market": {"International": 2},
        "compare_at_price_by_market": {"International": 3},
    }
    assert mapped(["Handle", "On hand (current)", "On hand (new)"], INVENTORY).unknown == ("On hand (new)",)


@pytest.mark.parametrize("price", ["Variant Price", "Price"])
def test_old_and_new_exports_feed_the_same_columns(price: str) -> None:
    assert mapped(["URL handle", price], CATALOG).positions == {"handle": 0, "price": 1}
