"""Profiles: how another system's files are read with a given contract, as YAML in config/profiles/."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from include.contracts import ColumnType, Contract
from include.errors import SetupError
from include.readers.choices import DateOrder, DecimalForm, HeaderForm, MissingTrailing
from include.readers.date_formats import is_format
from include.readers.quoting import Form, Quoting
from include.yaml_files import Document, read_document

NO_QUOTE = "none"

MOMENTS = (ColumnType.TIMESTAMP, ColumnType.DATE)


def _sign(sign: str) -> str:
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in "\r\n\0":
        raise ValueError(f"{sign!r} is no single sign such as '#' or '|'")
    return sign


def _quote(sign: str) -> str:
    return sign if sign == NO_QUOTE else _sign(sign)


def _missing_trailing(value: object) -> object:
    """The word `null`, which YAML takes for nothing."""
    return MissingTrailing.NULL if value is None else value


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError(f"{name!r} is no encoding that Python knows, such as 'utf-8', 'cp1252' or 'utf-16'") from error
    return name


def _date_format(form: str) -> str:
    if not is_format(form):
        raise ValueError(f"{form!r} is no form of dates such as '%d-%b-%y', '%Y%m%d', 'epoch' or 'epoch_ms'")
    return form


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as 'Europe/Berlin' or 'UTC'") from error
    return name


Encoding = Annotated[str, AfterValidator(_encoding)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Delimiter = Annotated[str, Field(min_length=1, max_length=1)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Quote = Annotated[str, AfterValidator(_quote)]
Sign = Annotated[str, AfterValidator(_sign)]
Trailing = Annotated[MissingTrailing, BeforeValidator(_missing_trailing)]


class DatasetProfile(BaseModel):
    """What differs for one dataset.

    `columns`: contract column -> the file's header; such a column is looked for under that header only. `constants`:
    contract column -> the value it has in every row of a file without that column. `personal`: personal columns that
    are loaded. `null_words`: cells read as blank, in all columns, without regard to case. `date_formats`: contract
    column -> how its dates are written (`%b-%d-%y`, `%m/%d/%y`, `epoch`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    columns: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    personal: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    date_formats: Mapping[str, DateFormat] = {}


class FormKeys(BaseModel):
    """How files are written; a contract has these keys too. What is not set is found out, or is what most files do.

    `quote`: the sign around cells, `none` where quotes are letters like others. `escape`: the sign before a character
    that is meant as it is. `comment`: lines that begin with it hold no record. `skip_lines`: lines above the header.
    `skip_blanks`: blanks after a delimiter are no part of the cell, so that a quote may follow them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    quote: Quote | None = None
    escape: Sign | None = None
    comment: Sign | None = None
    skip_lines: Annotated[int, Field(ge=0)] = 0
    skip_blanks: bool = False
    header: HeaderForm = HeaderForm.FIRST
    missing_trailing: Trailing = MissingTrailing.REJECT

    @property
    def form(self) -> Form:
        """The same as the reader takes it."""
        quote = None if self.quote == NO_QUOTE else self.quote or '"'
        escape = None if self.escape == quote else self.escape
        return Form(
            delimiter=self.delimiter,
            quoting=Quoting(quote, escape, self.comment, self.skip_blanks),
            skip_lines=self.skip_lines,
            headed=self.header is HeaderForm.FIRST,
            missing_trailing=self.missing_trailing is MissingTrailing.NULL,
            settled=self.quote is not None,
        )


class Profile(FormKeys):
    """How a system's files are read. What is not set is found out from each file, or is the store's setting."""

    name: str = ""
    description: str = ""
    decimal: DecimalForm | None = None
    date_order: DateOrder | None = None
    time_zone: TimeZone | None = None
    datasets: Mapping[str, DatasetProfile] = {}

    @classmethod
    def none(cls) -> Profile:
        """The profile of a store that has none: headers are found by the contract's names and aliases alone."""
        return cls()

    def dataset(self, name: str) -> DatasetProfile:
        """What differs for that dataset; nothing where the profile does not name it."""
        return self.datasets.get(name, DatasetProfile())

    @property
    def exact(self) -> bool:
        """Whether a number with leading zeros, a currency or the like is a reject; shops' prices may have them."""
        return False

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"profile {self.name!r}" if self.name else "a profile (none is set for this store)"

    def key_of(self, dataset: str, column: str) -> str:
        """The key that says under which header a column stands."""
        return f"datasets.{dataset}.columns.{column}"


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
    present = ", ".join(sorted(found.stem for found in folder.glob("*.yaml"))) or "none"
    document = read_document(path, "profile", missing=f"Profiles in {folder}: {present}.")
    profile = document.validated(
        Profile, lambda location: DatasetProfile if location[0] == "datasets" else Profile, name=path.stem
    )
    known = {contract.name: contract for contract in contracts}
    if known:
        _check_names(profile, known, document)
    return profile


def check_columns(profile: Profile, contract: Contract) -> None:
    """Checks that the columns the profile names for the contract's dataset are columns of the contract.

    Raises:
        SetupError: one is not; the message names the profile's key and the contract's columns.
    """
    for key, allowed in _unknown_columns(profile, contract):
        raise SetupError(f"In {profile.title}, {key} names no column it can.", f"Allowed are: {', '.join(allowed)}.")
    dataset = profile.dataset(contract.name)
    for column in (column for column in contract.columns if column.family):
        form = dataset.columns.get(column.name, column.family)
        if form is not None and form.count("*") != 1:
            raise SetupError(
                f"In {profile.title}, {profile.key_of(contract.name, column.name)} is {form!r}, no form of headers with"
                " one star.",
                f"Write it like {column.family!r}.",
            )
        if column.name in dataset.constants:
            raise SetupError(
                f"In {profile.title}, constants has {column.name}, which all headers like {column.family!r} feed.",
                "Take it out: it has no one value.",
            )


def _path(name_or_path: str | Path, folder: Path) -> Path:
    path = Path(name_or_path)
    return path if path.suffix in {".yaml", ".yml"} else folder / f"{name_or_path}.yaml"


def _check_names(profile: Profile, contracts: Mapping[str, Contract], document: Document) -> None:
    for dataset in profile.datasets:
        location = ("datasets", dataset)
        if dataset not in contracts:
            what = f"The profile {document.path}, {document.line(location)}datasets.{dataset} is no dataset."
            raise SetupError(what, f"Allowed are: {', '.join(sorted(contracts))}.")
        for key, allowed in _unknown_columns(profile, contracts[dataset]):
            what = f"The profile {document.path}, {document.line(key.split('.'))}{key} names no column it can."
            raise SetupError(what, f"Allowed are: {', '.join(allowed)}.")


def _unknown_columns(profile: Profile, contract: Contract) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The profile's keys that name no column of the contract, each with the names that are allowed there."""
    dataset = profile.dataset(contract.name)
    personal = tuple(column.name for column in contract.columns if column.personal)
    moments = tuple(column.name for column in contract.columns if column.type in MOMENTS)
    named = (
        ("columns", dataset.columns, contract.names),
        ("constants", dataset.constants, contract.names),
        ("date_formats", dataset.date_formats, moments),
        ("personal", dataset.personal, personal),
    )
    for key, names, allowed in named:
        for name in names:
            if name not in allowed:
                yield f"datasets.{contract.name}.{key}.{name}", allowed or ("none",)
