"""The samples are what their generator makes, and hold what the table of expected outcomes says."""

import csv
import gzip
import io
import re
from itertools import groupby
from pathlib import Path

import pytest

from include.pipelines.commerce.delivery.extract import DATASET_FILE
from include.samples.generate import lay_out
from include.settings import PROJECT_ROOT, read_stores
from tests.samples.expected import EXPECTED, EXPECTED_REJECTS, NOT_DELIVERED, Expected

SHIPPED = PROJECT_ROOT / "include" / "samples" / "commerce"
MOST_BYTES = 400_000

HEADER_CELLS = {
    ("harbour-books", "catalog"): 57,
    ("harbour-books", "inventory"): 19,
    ("harbour-books", "orders"): 79,
    ("nordic-lamps", "catalog"): 48,
    ("nordic-lamps", "orders"): 79,
}


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _text(path: Path) -> str:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _records(store: str, day: str, file: str) -> tuple[list[str], list[list[str]]]:
    """Header and records of all parts, read by Python's own parser."""
    header: list[str] = []
    records: list[list[str]] = []
    for path in sorted((SHIPPED / store / day).glob(f"{file}*")):
        text = _text(path)
        delimiter = ";" if text.startswith("Name;") else ","
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        records += rows
    return header, records


def test_shipped_files_are_the_bytes_that_the_generator_makes(tmp_path: Path) -> None:
    lay_out(tmp_path)
    assert _tree(SHIPPED) == _tree(tmp_path)


def test_samples_stay_small() -> None:
    assert sum(map(len, _tree(SHIPPED).values())) < MOST_BYTES


def test_every_file_belongs_to_a_dataset() -> None:
    assert [name for name in _tree(SHIPPED) if not DATASET_FILE.match(name.rsplit("/", 1)[1])] == []


def test_samples_hold_no_address_but_placeholders() -> None:
    texts = [_text(path) for path in SHIPPED.rglob("*.csv*")]
    found = {address for text in texts for address in re.findall(r"[^,;\s]+@[^,;\s]+", text)}
    assert found
    assert all(re.fullmatch(r"buyer-\d{4}@example\.com", address) for address in found)


@pytest.mark.parametrize(("store", "dataset"), HEADER_CELLS)
def test_exports_have_the_number_of_columns_of_their_form(store: str, dataset: str) -> None:
    header, _ = _records(store, "2025-03-03", dataset)
    assert len(header) == len(set(header)) == HEADER_CELLS[store, dataset]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: "-".join(expected[:3]))
def test_the_expected_outcome_accounts_for_every_record(expected: Expected) -> None:
    file = "orders" if expected.dataset == "order_lines" else expected.dataset
    _, records = _records(expected.store, expected.day, file)
    assert len(records) == expected.rows_read
    assert expected.rows_read == expected.inserted + expected.rejected + expected.folded + expected.duplicates
    if expected.dataset == "orders":
        orders = [number for number, _ in groupby(record[0] for record in records)]
        assert len(orders) == len(set(orders)) == expected.inserted + (1 if expected.rejected else 0)


def test_expected_rejects_stay_under_the_budget_and_lie_where_the_defects_are() -> None:
    settings = read_stores(PROJECT_ROOT / "config" / "stores.yaml").store("tiny-teas")
    lines = (SHIPPED / "tiny-teas" / "2025-03-04" / "orders.csv").read_text(encoding="utf-8").split("\n")
    at_fault = [lines[reject.line - 1] for reject in EXPECTED_REJECTS]
    assert len(EXPECTED_REJECTS) / (len(lines) - 2) * 100 < settings.max_rejected_percent
    assert at_fault[0].endswith(",loose")
    assert at_fault[1].count(",") == 8
    assert ",two," in at_fault[2]
    assert ",4.123456," in at_fault[3]
    assert "\0" in at_fault[4]
    assert "2025-02-30" in at_fault[5]
    assert len({line.split(",")[0] for line in at_fault[5:]}) == 1


def test_the_three_stores_are_listed_and_what_they_deliver_is_there() -> None:
    stores = read_stores(PROJECT_ROOT / "config" / "stores.yaml")
    delivered = {(row.store, row.day, row.dataset) for row in EXPECTED}
    days = {(row.store, row.day) for row in EXPECTED}
    missing = {
        (store, day, dataset)
        for store, day in days
        for dataset in stores.store(store).datasets
        if (store, day, dataset) not in delivered
    }
    assert all(stores.listed(store) for store, _ in days)
    assert missing == set(NOT_DELIVERED)
