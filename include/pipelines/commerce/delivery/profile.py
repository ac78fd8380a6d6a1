"""How a store's files are read: its profile, and the fingerprint of all that decides how bytes become rows."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from include.contracts import fingerprint
from include.pipelines.commerce import records
from include.readers.profile import Profile, read_profile
from include.settings import StoreSettings, settings


def store_profile(store: StoreSettings, name: str | None = None) -> Profile:
    """The profile of that name, else the store's; one that says nothing where there is neither.

    Raises:
        SetupError: it is missing or not valid.
    """
    chosen = name or store.profile
    return read_profile(chosen, settings().profiles_folder, records.CONTRACTS.values()) if chosen else Profile.none()


def reading_fingerprint(dataset: str, store: StoreSettings, profile: Profile) -> str:
    """Hex digest of contract, profile, time zone and currency."""
    return fingerprint(_contract(dataset), profile.model_dump(mode="json"), store.time_zone, store.currency)


@cache
def _contract(dataset: str) -> dict[str, Any]:
    """The contract as plain values, which take longer to make than all else that is looked at of an untouched file."""
    return asdict(records.CONTRACTS[dataset])
