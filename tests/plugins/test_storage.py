from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from include.errors import SetupError

URL = "s3://deliveries/landing"


def options_of(kind: str, extra: Any = None, **changes: str) -> dict[str, Any]:
    from airflow.sdk import Connection
    from longshore.hooks.storage import options_of as found

    text = extra if isinstance(extra, str) else json.dumps(extra or {})
    return found(Connection(conn_id="landing", conn_type=kind, extra=text, **changes))


@pytest.mark.parametrize(
    ("kind", "changes", "extra", "options"),
    [
        ("aws", {"login": "K", "password": "S"}, {}, {"key": "K", "secret": "S"}),
        (
            "aws",
            {},
            {"aws_access_key_id": "K", "aws_secret_access_key": "S", "aws_session_token": "T"},
            {"key": "K", "secret": "S", "token": "T"},
        ),
        (
            "aws",
            {},
            {"endpoint_url": "http://minio:9000", "region_name": "eu-north-1", "verify": False},
            {"endpoint_url": "http://minio:9000", "client_kwargs": {"region_name": "eu-north-1", "verify": False}},
        ),
        ("aws", {}, {"profile_name": "stores"}, {"profile": "stores"}),
        ("aws", {}, {}, {}),
        ("google_cloud_platform", {}, {"key_path": "/k.json", "project": "p"}, {"token": "/k.json", "project": "p"}),
        ("google_cloud_platform", {}, {"keyfile_dict": '{"type": "a"}'}, {"token": {"type": "a"}}),
        ("google-cloud-platform", {}, {"extra__google_cloud_platform__project": "p"}, {"project": "p"}),
        ("wasb", {"login": "shop", "password": "S"}, {}, {"account_name": "shop", "account_key": "S"}),
        (
            "wasb",
            {"host": "https://shop.blob.core.windows.net", "login": "C", "password": "S"},
            {"tenant_id": "t"},
            {"account_name": "shop", "tenant_id": "t", "client_id": "C", "client_secret": "S"},
        ),
        ("wasb", {}, {"connection_string": "x"}, {"connection_string": "x"}),
        ("generic", {"login": "left alone"}, {"anon": True, "x__y": 1}, {"anon": True, "x__y": 1}),
    ],
)
def test_a_connection_is_turned_into_options(
    kind: str, changes: dict[str, str], extra: dict[str, Any], options: dict[str, Any]
) -> None:
    assert options_of(kind, extra, **changes) == options


@pytest.mark.parametrize(
    ("kind", "extra", "message"),
    [
        ("postgres", {}, "type 'postgres'.*aws, google_cloud_platform, wasb, generic"),
        ("aws", {"role_arn": "arn:x"}, "extra 'role_arn'.*region_name"),
        ("google_cloud_platform", {"keyfile_dict": "{hidden"}, "keyfile_dict that is no JSON"),
    ],
)
def test_what_cannot_be_turned_into_options_is_said_without_any_value(
    kind: str, extra: dict[str, Any], message: str
) -> None:
    with pytest.raises(SetupError, match=message) as said:
        options_of(kind, extra)
    assert "hidden" not in str(said.value)
    assert said.value.__cause__ is None


def storage_options(url: str, conn_id: str | None = None) -> dict[str, Any] | None:
    from longshore.hooks.storage import storage_options as found

    return found(url, conn_id)


def test_the_landing_connection_is_found_by_its_name_where_there_is_one(environment: Callable[..., None]) -> None:
    environment(LONGSHORE_LANDING_OPTIONS='{"key": "of the environment"}')
    assert storage_options(URL) == {"key": "of the environment"}
    environment(AIRFLOW_CONN_LONGSHORE_LANDING="aws://K:S%2F@")
    assert storage_options(URL) == {"key": "K", "secret": "S/"}


def test_a_store_without_connection_and_options_is_left_to_its_own_library(environment: Callable[..., None]) -> None:
    environment()
    assert storage_options(URL) is None


def test_files_of_this_machine_need_no_connection(environment: Callable[..., None]) -> None:
    environment(AIRFLOW_CONN_LONGSHORE_LANDING="postgres://")
    for url in ("/landing", "landing", "file:///landing"):
        assert storage_options(url, "no_such_connection") is None


def test_a_connection_that_was_named_has_to_be_there(environment: Callable[..., None]) -> None:
    environment(LONGSHORE_LANDING_OPTIONS="{}")
    with pytest.raises(SetupError, match=r"no connection 'other'.*s3://deliveries.*AIRFLOW_CONN_OTHER") as said:
        storage_options("s3://user:hidden@deliveries/landing", "other")
    assert "hidden" not in str(said.value)


def test_secrets_are_masked_in_the_tasks_log(environment: Callable[..., None]) -> None:
    from airflow.sdk.log import redact

    extra = {"account_key": "an-account-key", "client_kwargs": {"token": "an-inner-token"}, "region": "eu-north-1"}
    environment(AIRFLOW_CONN_LONGSHORE_LANDING=json.dumps({"conn_type": "generic", "extra": extra}))
    storage_options(URL)
    assert redact("with an-account-key and an-inner-token in eu-north-1") == "with *** and *** in eu-north-1"


@pytest.mark.parametrize(("text", "found"), [("{", "character 2"), ("[1]", "a list"), ('"hidden"', "a str")])
def test_options_of_the_environment_that_are_no_object_are_refused_without_being_shown(
    environment: Callable[..., None], text: str, found: str
) -> None:
    from include.settings import settings

    environment(LONGSHORE_LANDING_OPTIONS=text)
    with pytest.raises(SetupError, match=f"LONGSHORE_LANDING_OPTIONS is no JSON object.*{found}") as said:
        assert settings().storage
    assert "hidden" not in str(said.value) + repr(settings())
