"""Profiles: how another system's files are read with a given contract, as YAML in config/profiles/."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from include.contracts import Contract
from include.errors import SetupError


class DecimalForm(StrEnum):
    """The sign that stands before the decimals: 1,234.50 is DOT, 1.234,50 is COMMA."""

    DOT = "dot"
    COMMA = "comma"


class DateOrder(StrEnum):
    """What a date of three numbers begins with. A date that begins with its year is read under each of them."""

    ISO = "iso"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError(f"{name!r} is no encoding that Python knows, such as 'utf-8', 'cp1252' or 'utf-16'") from error
    return name


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as 'Europe/Berlin' or 'UTC'") from error
    return name


class DatasetProfile(BaseModel):
    """What differs for one dataset.

    `columns`: contract column -> the file's header; such a column is looked for under that header only. `constants`:
    contract column -> the value it has in every row of a file without that column. `personal`: personal columns that
    are loaded. `null_words`: cells read as blank, in all columns, without regard to case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    columns: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    personal: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()


class Profile(BaseModel):
    """How a system's files are read. What is not set is found out from each file, or is the store's setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    description: str = ""
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: DecimalForm | None = None
    date_order: DateOrder | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None
    datasets: Mapping[str, DatasetProfile] = {}

    @classmethod
    def none(cls) -> Profile:
        """The profile of a store that has none: headers are found by the contract's names and aliases alone."""
        return cls()

    def dataset(self, name: str) -> DatasetProfile:
        """What differs for that dataset; nothing where the profile does not name it."""
        return self.datasets.get(name, DatasetProfile())

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"profile {self.name!r}" if self.name else "a profile (none is set for this store)"


def read_profile(name_or_path: str | Path, folder: Path, contracts: Iterable[Contract] = ()) -> Profile:
    """Reads and checks a profile.

    Args:
        name_or_path: a profile's name (`online-retail` is <folder>/online-retail.yaml), or a path that ends in .yaml.
        folder: where profiles lie.
        contracts: where given, datasets and columns that none of these holds are errors too.

    Raises:
        SetupError: the file is missing, no YAML, or holds a key or value that is not allowed; the message names file,
            line and key, and what is allowed.
    """
    path = _path(name_or_path, folder)
    text = _text(path, folder)
    try:
        document = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SetupError(f"The profile {path} is not YAML: {error}.", "Mend the line it names.") from error
    try:
        profile = Profile.model_validate({"name": path.stem, **(document or {})})
    except (ValidationError, TypeError) as error:
        raise SetupError(
            f"The profile {path} is not valid: {_faults(error, root)}.", "Mend the keys it names."
        ) from error
    known = {contract.name: contract for contract in contracts}
    if known:
        _check_names(profile, known, path, root)
    return profile


def check_columns(profile: Profile, contract: Contract) -> None:
    """Checks that the columns the profile names for the contract's dataset are columns of the contract.

    Raises:
        SetupError: one is not; the message names the profile's key and the contract's columns.
    """
    for key, allowed in _unknown_columns(profile, contract):
        raise SetupError(f"In {profile.title}, {key} names no column it can.", f"Allowed are: {', '.join(allowed)}.")


def _path(name_or_path: str | Path, folder: Path) -> Path:
    path = Path(name_or_path)
    return path if path.suffix in {".yaml", ".yml"} else folder / f"{name_or_path}.yaml"


def _text(path: Path, folder: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        present = ", ".join(sorted(found.stem for found in folder.glob("*.yaml"))) or "none"
        raise SetupError(f"The profile {path} does not exist.", f"Profiles in {folder}: {present}.") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"The profile {path} is not UTF-8: {error.reason}.", "Save it as UTF-8.") from error


def _faults(error: ValidationError | TypeError, root: yaml.Node | None) -> str:
    if not isinstance(error, ValidationError):
        return "it is no mapping of keys to values"
    return "; ".join(_fault(fault["loc"], fault["type"], fault["msg"], root) for fault in error.errors())


def _fault(location: tuple[int | str, ...], kind: str, message: str, root: yaml.Node | None) -> str:
    key = ".".join(map(str, location))
    if kind != "extra_forbidden":
        return f"{_line(root, location)}{key}: {message}"
    model: type[BaseModel] = DatasetProfile if location[0] == "datasets" else Profile
    return f"{_line(root, location)}{key} is no key of a profile; allowed are {', '.join(model.model_fields)}"


def _line(root: yaml.Node | None, location: Iterable[Any]) -> str:
    """The line of the deepest key of the location that the document holds, as the beginning of a message."""
    node, line = root, None
    for step in location:
        if not isinstance(node, yaml.MappingNode):
            break
        pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return f"line {line}: " if line else ""


def _check_names(profile: Profile, contracts: Mapping[str, Contract], path: Path, root: yaml.Node | None) -> None:
    for dataset in profile.datasets:
        location = ("datasets", dataset)
        if dataset not in contracts:
            what = f"The profile {path}, {_line(root, location)}datasets.{dataset} is no dataset."
            raise SetupError(what, f"Allowed are: {', '.join(sorted(contracts))}.")
        for key, allowed in _unknown_columns(profile, contracts[dataset]):
            what = f"The profile {path}, {_line(root, key.split('.'))}{key} names no column it can."
            raise SetupError(what, f"Allowed are: {', '.join(allowed)}.")


def _unknown_columns(profile: Profile, contract: Contract) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The profile's keys that name no column of the contract, each with the names that are allowed there."""
    dataset = profile.dataset(contract.name)
    personal = tuple(column.name for column in contract.columns if column.personal)
    named = (
        ("columns", dataset.columns, contract.names),
        ("constants", dataset.constants, contract.names),
        ("personal", dataset.personal, personal),
    )
    for key, names, allowed in named:
        for name in names:
            if name not in allowed:
                yield f"datasets.{contract.name}.{key}.{name}", allowed or ("none",)
