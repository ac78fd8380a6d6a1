"""Typed settings: where things lie (environment variables), what each store is (config/stores.yaml)."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.errors import SetupError

PROJECT_ROOT = Path(__file__).resolve().parents[1]

Dataset = Literal["catalog", "inventory", "orders", "variants"]
Dialect = Literal["postgresql", "cockroachdb"]


class Settings(BaseSettings):
    """Where things lie. Each field is set by the environment variable LONGSHORE_<NAME>.

    `target` is the libpq URL of the database that loads write to; empty means the embedded PostgreSQL.
    `landing` is a path or an fsspec URL (file://, s3://), `landing_options` a JSON object of fsspec's options for it.
    `dialect` is what loads speak to the target's server; `auto` asks the server what it is.
    `neo4j` is the URL of the server that `graph build` writes to, in place of the embedded graph; tasks have the
    connection `longshore_neo4j`.
    `graph` is the file of the embedded graph; empty means `graph.lbdb` in `home`. `graph_buffer_mb` bounds the memory
    that Ladybug takes for it: 128 MB load 100,000 nodes and 500,000 relationships, wider tables want about 12 MB for
    each column.
    """

    model_config = SettingsConfigDict(env_prefix="LONGSHORE_", extra="ignore")

    home: Path = PROJECT_ROOT / ".longshore"
    target: str = ""
    landing: str = ""
    landing_options: SecretStr = SecretStr("")
    dialect: Dialect | Literal["auto"] = "auto"
    graph: str = ""
    neo4j: SecretStr = SecretStr("")
    graph_buffer_mb: Annotated[int, Field(ge=64)] = 512
    stores_file: Path = PROJECT_ROOT / "config" / "stores.yaml"
    profiles_folder: Path = PROJECT_ROOT / "config" / "profiles"

    @property
    def landing_url(self) -> str:
        """The landing zone: what was set, else `landing` in the project's own state folder."""
        return self.landing or str(self.home / "landing")

    @property
    def graph_file(self) -> Path:
        """The embedded graph: what was set, else `graph.lbdb` in the project's own state folder."""
        return Path(self.graph) if self.graph else self.home / "graph.lbdb"

    @property
    def storage(self) -> dict[str, Any] | None:
        """What fsspec is told of object stores; None leaves it to what their own library finds in the environment.

        Raises:
            SetupError: it is no JSON object. The message holds nothing of it, since it holds secrets.
        """
        text = self.landing_options.get_secret_value()
        try:
            options = json.loads(text) if text else None
        except json.JSONDecodeError as error:
            # The error holds the text: it is no cause that may be shown.
            raise _no_options(f"{error.msg} at character {error.pos + 1}") from None
        if options is None or isinstance(options, dict):
            return options
        raise _no_options(f"it is a {type(options).__name__}")


def _no_options(found: str) -> SetupError:
    return SetupError(
        f"LONGSHORE_LANDING_OPTIONS is no JSON object: {found}.", 'Write it as {"key": "...", "secret": "..."}.'
    )


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as 'Europe/Berlin' or 'UTC'") from error
    return name


class BundleSettings(BaseModel):
    """Which bundles of a store's baskets are worth recommending; the defaults are what merchants start with.

    `window_days` of orders are mined. A bundle stands in at least `min_count` baskets and in the share `min_support` of
    them; `min_confidence` and `min_lift` bound it as include/pipelines/commerce/bundles/mine.py defines them. A basket
    of more than `max_basket_size` variants is a wholesaler's and left out. `max_items` 2 looks for pairs only.
    `excluded_tags` are products' tags in the catalog, `excluded_order_tags` those of orders.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_days: Annotated[int, Field(ge=1, le=3660)] = 90
    min_count: Annotated[int, Field(ge=1)] = 5
    min_support: Annotated[float, Field(ge=0, le=1)] = 0.0
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.1
    min_lift: Annotated[float, Field(ge=0)] = 1.2
    top: Annotated[int, Field(ge=1, le=100_000)] = 25
    max_items: Literal[2, 3] = 3
    max_basket_size: Annotated[int, Field(ge=2, le=200)] = 30
    require_stock: bool = True
    excluded_tags: tuple[str, ...] = ()
    excluded_order_tags: tuple[str, ...] = ()


class StoreSettings(BaseModel):
    """What one store is. The defaults serve a store that is not listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str | None = None
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    datasets: tuple[Dataset, ...] = ("catalog", "inventory", "orders")
    delivery_hour: Annotated[int, Field(ge=0, le=23)] = 6
    max_rejected_percent: Annotated[float, Field(ge=0, le=100)] = 5.0
    max_rejected_rows: Annotated[int, Field(ge=0)] | None = None
    over_budget: Literal["fail", "hold"] = "fail"
    hold_changed_header: bool = False
    max_deleted_percent: Annotated[float, Field(ge=0, le=100)] = 50.0
    lookback_days: Annotated[int, Field(ge=0, le=366)] = 7
    settle_seconds: Annotated[int, Field(ge=0)] = 60
    reject_days: Annotated[int, Field(ge=0, le=3660)] = 30
    bundles: BundleSettings = BundleSettings()


class StoresFile(BaseModel):
    """config/stores.yaml: defaults for all stores, and what differs per store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: StoreSettings = StoreSettings()
    stores: dict[str, StoreSettings] = {}

    def store(self, name: str) -> StoreSettings:
        """The store's settings; the defaults where it is not listed (see `listed`)."""
        return self.stores.get(name, self.defaults)

    def listed(self, name: str) -> bool:
        return name in self.stores


def read_stores(path: Path) -> StoresFile:
    """Reads and checks the stores' file; a store inherits each key it does not set from `defaults`.

    Raises:
        SetupError: the file is missing, no YAML, or holds a key or value that is not allowed; the message names it.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise SetupError(
            f"The stores' file {path} does not exist.", "Create it, or set LONGSHORE_STORES_FILE."
        ) from error
    except yaml.YAMLError as error:
        raise SetupError(f"The stores' file {path} is not YAML: {error}.", "Mend the line it names.") from error
    defaults = document.get("defaults") or {}
    stores = {name: _inherited(defaults, values or {}) for name, values in (document.get("stores") or {}).items()}
    try:
        return StoresFile.model_validate({**document, "defaults": defaults, "stores": stores})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SetupError(f"The stores' file {path} is not valid: {faults}.", "Mend the keys it names.") from error


def _inherited(defaults: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A store's keys over those of all stores; within `bundles` key by key, too."""
    merged = {**defaults, **values}
    shared, own = defaults.get("bundles"), values.get("bundles")
    if isinstance(shared, dict) and isinstance(own, dict):
        merged["bundles"] = {**shared, **own}
    return merged


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()


def from_root(path: str) -> str:
    """A relative path as one from the project's root; absolute paths and URLs as they are."""
    return path if "://" in path else str(PROJECT_ROOT / path)


def today() -> dt.date:
    """The current day in UTC."""
    return dt.datetime.now(dt.UTC).date()
