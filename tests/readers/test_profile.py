from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import SetupError
from include.pipelines.commerce.records import CONTRACTS
from include.readers.choices import DateOrder, DecimalForm
from include.readers.profile import Profile, read_profile
from include.settings import PROJECT_ROOT

PROFILES = PROJECT_ROOT / "config" / "profiles"


def write(folder: Path, text: str) -> Path:
    (folder / "erp.yaml").write_text(text, encoding="utf-8")
    return folder


def fault(folder: Path) -> str:
    with pytest.raises(SetupError) as caught:
        read_profile("erp", folder, CONTRACTS.values())
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_profile_fits_the_contracts_and_is_called_as_its_file(path: Path) -> None:
    assert read_profile(path.stem, PROFILES, CONTRACTS.values()).name == path.stem


def test_a_profile_is_read_by_name_or_by_path(tmp_path: Path) -> None:
    write(tmp_path, "decimal: comma\ndate_order: day_first\nencoding: cp1252\ndelimiter: ';'\n")
    profile = read_profile("erp", tmp_path)
    assert profile == read_profile(tmp_path / "erp.yaml", PROFILES)
    assert (profile.name, profile.decimal, profile.date_order) == ("erp", DecimalForm.COMMA, DateOrder.DAY_FIRST)


def test_no_profile_leaves_everything_to_the_file() -> None:
    profile = Profile.none()
    assert profile.decimal is None
    assert profile.dataset("orders").columns == {}


def test_a_missing_profile_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    write(tmp_path, "")
    with pytest.raises(SetupError, match=r"other\.yaml does not exist.*: erp\."):
        read_profile("other", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("description: x\ndecimals: comma\n", ("line 2: decimals", "no key", "decimal, date_order")),
        ("decimal: point\n", ("line 1: decimal", "'dot' or 'comma'")),
        ("date_order: dmy\n", ("line 1: date_order", "'iso', 'day_first' or 'month_first'")),
        ("time_zone: Berlin\n", ("line 1: time_zone", "Europe/Berlin")),
        ("encoding: latin-99\n", ("line 1: encoding", "cp1252")),
        ("delimiter: '::'\n", ("line 1: delimiter", "at most 1 character")),
        ("datasets:\n  orders:\n    column:\n      sku: A\n", ("line 3: datasets.orders.column", "columns, constants")),
        ("datasets:\n  orders:\n    columns:\n      skus: A\n", ("line 4: datasets.orders.columns.skus", "order_id, ")),
        ("datasets:\n  order: {}\n", ("line 2: datasets.order", "catalog, inventory, orders, variants")),
        ("datasets:\n  orders:\n    personal: [sku]\n", ("datasets.orders.personal.sku", "Allowed are: email")),
        ("datasets:\n  orders:\n    constants:\n      currency: NO\n", ("line 4: ", "constants.currency", "string")),
        ("- a\n- b\n", ("no mapping",)),
        ("a: [\n", ("not YAML", "line 2")),
    ],
)
def test_what_is_wrong_is_named_with_line_key_and_what_is_allowed(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    message = fault(write(tmp_path, text))
    assert "erp.yaml" in message
    for word in words:
        assert word in message
