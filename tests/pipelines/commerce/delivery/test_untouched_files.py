"""Which files are not hashed again, and which are although they look untouched."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from include.ledger.runs import RunSource
from include.loading.upload import Upload
from include.pipelines.commerce.delivery.extract import brings_news, open_upload
from include.pipelines.commerce.delivery.load_delivery import Request, load_delivery, locate
from include.pipelines.commerce.delivery.upload_id import Delivery
from include.postgres.session import connect
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

CATALOG = "variant_id,title\n1,Lamp\n"
OTHER = "variant_id,title\n1,Dusk\n"

# Seconds since a file was left alone when it was loaded.
LONG, SHORT = 3600.0, 0.0


def deliver(shop: Shop, text: str, ago: float) -> Path:
    file = shop.deliver("catalog.csv", text)
    moment = round(time.time() - ago, 3)
    os.utime(file, (moment, moment))
    return file


def change_unseen(file: Path, text: str) -> None:
    """Writes other bytes of the same number, and gives the file the time of change that it had."""
    before = file.stat()
    file.write_text(text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def sha256(shop: Shop, *, hash_all: bool = False, folder: Path | None = None) -> str:
    place = folder or shop.landing / STORE / DAY.isoformat()
    source = RunSource.command_line("commerce")
    upload: Upload = open_upload(shop.connection, Delivery(STORE, DAY, str(place)), source, hash_all=hash_all)
    return upload.parts["catalog"][0].sha256


def is_news(shop: Shop) -> bool:
    delivery = Delivery(STORE, DAY, str(shop.landing / STORE / DAY.isoformat()))
    return brings_news(shop.connection, delivery, shop.stores)


@pytest.mark.parametrize(("ago", "trusted"), [(LONG, True), (SHORT, False)])
def test_a_file_is_trusted_that_was_left_alone_before_it_was_loaded(shop: Shop, ago: float, trusted: bool) -> None:
    file = deliver(shop, CATALOG, ago)
    shop.load("catalog")
    loaded = sha256(shop)
    change_unseen(file, OTHER)
    assert is_news(shop) is not trusted
    assert (sha256(shop) == loaded) is trusted
    assert sha256(shop, hash_all=True) != loaded


def test_a_file_with_another_time_of_change_or_another_size_is_hashed(shop: Shop) -> None:
    file = deliver(shop, CATALOG, LONG)
    shop.load("catalog")
    loaded = sha256(shop)
    deliver(shop, OTHER, LONG - 60)
    assert sha256(shop) != loaded
    deliver(shop, CATALOG, LONG)
    shop.load("catalog")
    change_unseen(file, CATALOG + "2,Lamp\n")
    assert sha256(shop) != loaded


def test_a_file_of_another_folder_is_hashed(shop: Shop, tmp_path: Path) -> None:
    file = deliver(shop, CATALOG, LONG)
    shop.load("catalog")
    loaded, stat = sha256(shop), file.stat()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / file.name).write_text(OTHER)
    os.utime(folder / file.name, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert sha256(shop, folder=folder) != loaded


def test_an_untouched_file_is_unchanged_and_a_load_by_force_looks_at_its_bytes(shop: Shop) -> None:
    file = deliver(shop, CATALOG, LONG)
    request = Request(str(file.parent), dataset="catalog")
    states = []
    for force in (False, False, True):
        asked = replace(request, options=replace(request.options, force=force))
        outcome = load_delivery(lambda: connect(shop.url), locate(asked, shop.stores), asked, shop.stores)
        states.append((outcome.results[0].status, outcome.results[0].counts.updated))
        change_unseen(file, OTHER)
    assert states == [(Status.LOADED, 0), (Status.UNCHANGED, 0), (Status.LOADED, 1)]
