"""Where files lie: an Airflow connection as the options by which fsspec opens an object store.

    aws                    s3://            key and secret, or their extras; region, endpoint, session token, profile
    google_cloud_platform  gs://            key_path, keyfile_dict, project
    wasb                   abfs://, az://   account and key, or connection_string, sas_token, tenant_id
    generic                any other store  the extras are the options, as they are

Options hold secrets. They are made in the process that reads, are masked in its log, and go nowhere else: neither into
an XCom nor into a rendered field nor into the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from include.errors import SetupError
from include.settings import settings

# Looked up where an operator names none; a deployment whose landing zone needs no key does without.
LANDING_CONNECTION = "longshore_landing"

LOCAL = frozenset({"", "file", "local"})

# Parts of the names of options that are secrets; a masked name of a region would make logs unreadable.
SECRETS = ("key", "secret", "token", "password", "connection_string", "private")

Options = dict[str, Any]


def storage_options(url: str, conn_id: str | None = None) -> Options | None:
    """What fsspec is told of the store that holds the URL.

    Args:
        url: a path or URL; nothing is looked up for one on this machine.
        conn_id: the connection; where None, `longshore_landing` if there is one, else LONGSHORE_LANDING_OPTIONS.

    Raises:
        SetupError: the named connection is missing, or has a type or an extra that this module does not know.
    """
    if urlsplit(url).scheme in LOCAL:
        return None
    try:
        connection = Connection.get(conn_id or LANDING_CONNECTION)
    except AirflowNotFoundException as error:
        if conn_id is None:
            return settings().storage
        raise SetupError(
            f"Airflow has no connection {conn_id!r}, by which {_shown(url)} is to be opened.",
            f"Add it under Admin > Connections, set AIRFLOW_CONN_{conn_id.upper()}, or leave landing_conn_id out.",
        ) from error
    options = options_of(connection)
    _mask(options)
    return options


def options_of(connection: Connection) -> Options:
    """A connection as options of fsspec; see the module.

    Raises:
        SetupError: its type, or one of its extras, is none that can be turned into options.
    """
    kind = (connection.conn_type or "").replace("-", "_")
    extras = {name.removeprefix(f"extra__{kind}__"): value for name, value in connection.extra_dejson.items()}
    if kind not in READERS:
        raise _refused(connection, f"has the type {kind!r}", f"Expected is one of {', '.join(READERS)}.")
    known, read = READERS[kind]
    unknown = sorted(extras.keys() - known.keys()) if known else []
    if unknown:
        raise _refused(
            connection,
            f"of type {kind} has the extra {', '.join(map(repr, unknown))}, which has no option of fsspec",
            f"Known are {', '.join(known)}; a generic connection takes any option as an extra.",
        )
    return {name: value for name, value in read(connection, extras).items() if value not in (None, "", {})}


def _aws(connection: Connection, extras: Mapping[str, Any]) -> Options:
    client = {name: extras[name] for name in ("region_name", "verify") if name in extras}
    return {
        "key": connection.login or extras.get("aws_access_key_id"),
        "secret": connection.password or extras.get("aws_secret_access_key"),
        "token": extras.get("aws_session_token"),
        "profile": extras.get("profile_name"),
        "endpoint_url": extras.get("endpoint_url"),
        "config_kwargs": extras.get("config_kwargs"),
        "client_kwargs": client,
    }


def _google(connection: Connection, extras: Mapping[str, Any]) -> Options:
    keyfile = extras.get("keyfile_dict")
    if isinstance(keyfile, str) and keyfile:
        keyfile = _parsed(connection, keyfile)
    return {"token": keyfile or extras.get("key_path"), "project": extras.get("project")}


def _azure(connection: Connection, extras: Mapping[str, Any]) -> Options:
    account = (connection.host or "").removeprefix("https://").partition(".")[0]
    shared = {name: extras.get(name) for name in ("connection_string", "sas_token")}
    if tenant := extras.get("tenant_id"):
        principal = {"client_id": connection.login, "client_secret": connection.password}
        return {"account_name": account, "tenant_id": tenant, **principal, **shared}
    return {"account_name": connection.login or account, "account_key": connection.password, **shared}


def _generic(_connection: Connection, extras: Mapping[str, Any]) -> Options:
    return dict(extras)


def _extras(*names: str) -> dict[str, None]:
    """Names in the order in which messages list them."""
    return dict.fromkeys(names)


# Type of connection -> the extras it may have (none: any), and what makes options of it.
READERS: dict[str, tuple[dict[str, None], Callable[[Connection, Mapping[str, Any]], Options]]] = {
    "aws": (
        _extras(
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
            "profile_name",
            "region_name",
            "endpoint_url",
            "verify",
            "config_kwargs",
        ),
        _aws,
    ),
    "google_cloud_platform": (_extras("key_path", "keyfile_dict", "project"), _google),
    "wasb": (_extras("connection_string", "sas_token", "tenant_id"), _azure),
    "generic": ({}, _generic),
}


def _parsed(connection: Connection, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        # The error holds the key: it is no cause that may be shown.
        raise _refused(
            connection, "has a keyfile_dict that is no JSON", "Paste the key file's whole content."
        ) from None


def _refused(connection: Connection, what: str, remedy: str) -> SetupError:
    return SetupError(f"The connection {connection.conn_id!r} {what}.", remedy)


def _mask(options: Mapping[str, Any]) -> None:
    """Whatever looks like a secret by its name is `***` in the task's log from now on."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            _mask(value)
        elif isinstance(value, str) and any(word in name.lower() for word in SECRETS):
            mask_secret(value)


def _shown(url: str) -> str:
    """The URL without a user and a password, should somebody have put them there."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
