"""Exports of other shop systems, read by the profiles that ship with the project."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.commerce.profiles.draft import draft_profile
from include.pipelines.commerce.records import CONTRACTS
from include.readers.blocks import Part
from include.readers.dataset import DatasetReader
from include.readers.profile import Profile, read_profile
from include.samples.marketplaces import EXPORTS, Export
from include.settings import PROJECT_ROOT

PROFILES = PROJECT_ROOT / "config" / "profiles"


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


# System, dataset -> what the second row holds.
SECOND: dict[tuple[str, str], dict[str, Any]] = {
    ("woocommerce", "catalog"): {"variant_id": "12", "sku": "TEE-S", "price": Decimal(20), "option1_value": "S"},
    ("woocommerce", "orders"): {"order_id": "501", "quantity": 1, "unit_price": Decimal(20), "sku": "TEE-S"}
    | {"created_at": moment(2025, 3, 3, 10, 15)},
    ("magento", "catalog"): {"handle": "tee-s", "sku": "TEE-S", "price": Decimal(20), "inventory_quantity": 0},
    ("magento", "inventory"): {"variant_id": "MUG-1", "location": "north", "available": 3},
    ("prestashop", "catalog"): {"variant_id": "2", "sku": "TEE-S", "price": Decimal(20), "inventory_quantity": 0},
    ("ebay", "orders"): {"order_id": "18-1-2", "quantity": 1, "unit_price": Decimal(1020)}
    | {"created_at": moment(2024, 12, 31), "paid_at": None, "line_name": "Tee"},
    ("etsy", "orders"): {"order_id": "2327", "unit_price": Decimal(1020), "discount": Decimal(5), "currency": "USD"}
    | {"created_at": moment(2024, 12, 31), "variant_id": "953074301"},
    ("amazon", "catalog"): {"variant_id": "0708QHIDPCT", "sku": "TEE-S", "price": Decimal(20)}
    | {"inventory_quantity": None, "barcode": "B01I53BE4O"},
}


def write(folder: Path, export: Export) -> Path:
    file = folder / "export.csv"
    file.write_text(export.text, encoding="utf-8")
    return file


def read(file: Path, dataset: str, profile: Profile) -> tuple[list[dict[str, Any]], list[str]]:
    part = Part(str(file), file.name, file.stat().st_size, "")
    reader = DatasetReader([part], CONTRACTS[dataset], profile, time_zone="UTC", serial=True)
    batches = list(reader.batches())
    return (
        [row for batch in batches for row in batch.rows.to_pylist()],
        [reject.reason for batch in batches for reject in batch.rejects],
    )


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: f"{export.system} {export.dataset}")
def test_an_export_of_another_system_is_read_by_its_profile_without_a_reject(tmp_path: Path, export: Export) -> None:
    profile = read_profile(export.system, PROFILES, CONTRACTS.values())
    rows, rejects = read(write(tmp_path, export), export.dataset, profile)
    assert (len(rows), rejects) == (len(export.rows), [])
    wanted = SECOND[export.system, export.dataset]
    assert {name: rows[1][name] for name in wanted} == wanted


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: f"{export.system} {export.dataset}")
def test_a_profile_is_drafted_by_the_name_of_the_system_whose_headers_the_file_has(
    tmp_path: Path, export: Export
) -> None:
    draft = draft_profile(str(write(tmp_path, export)), profiles=PROFILES)
    assert f"--profile {export.system}" in draft
    path = tmp_path / "draft.yaml"
    path.write_text(draft, encoding="utf-8")
    assert read_profile(path, PROFILES, CONTRACTS.values()).datasets[export.dataset].columns


def test_a_file_of_no_system_that_is_known_is_drafted_by_its_headers(tmp_path: Path) -> None:
    file = tmp_path / "auftraege.csv"
    file.write_text("Auftragsnr.;Auftragsdatum;Menge;Einzelpreis\n1;31.01.2026;2;3,50\n", encoding="utf-8")
    draft = draft_profile(str(file), profiles=PROFILES)
    assert 'order_id: "Auftragsnr."' in draft and "which is there already" not in draft
