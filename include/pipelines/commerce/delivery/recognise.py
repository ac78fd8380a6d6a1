"""Which dataset a file holds: by what the caller says, by its name, or by its header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.contracts import Contract
from include.errors import FileError
from include.pipelines.commerce.delivery.extract import DATASET_FILE
from include.pipelines.commerce.records import CONTRACTS
from include.readers.encoding import detect_encoding
from include.readers.headers import map_header
from include.readers.profile import Profile
from include.readers.sniffing.dialect import read_dialect


def recognise(
    url: str, name: str, dataset: str | None, profile: Profile, storage: Mapping[str, Any] | None = None
) -> tuple[Contract, str]:
    """The contract that a file is read by, and who chose it: "option", "name" or "header".

    Args:
        url: path or URL of the file.
        name: its name.
        dataset: what the caller says it is; None asks the name, and then the header.
        profile: how its headers are mapped.
        storage: options of fsspec, for object stores.

    Raises:
        FileError: neither name nor header says what it is.
    """
    if dataset is not None:
        return CONTRACTS[dataset], "option"
    match = DATASET_FILE.match(name)
    if match:
        return CONTRACTS[match.group(1).lower()], "name"
    return _best_fit(url, name, profile, storage), "header"


def _best_fit(url: str, name: str, profile: Profile, storage: Mapping[str, Any] | None) -> Contract:
    """The contract whose columns the header names most of, among those whose demands it meets."""
    dialect = read_dialect(url, detect_encoding(url, profile.encoding, storage), profile.form, storage)
    fits: list[tuple[int, Contract]] = []
    for contract in CONTRACTS.values():
        try:
            fits.append((len(map_header(dialect.header, contract, profile, part=name).positions), contract))
        except FileError:
            continue
    if not fits:
        raise FileError(
            f"{name}: neither its name nor its header says what it holds.",
            f"Say it with --dataset {'|'.join(CONTRACTS)}: the message then names the headers that are missing.",
        )
    return max(fits, key=lambda fit: fit[0])[1]
