"""What all tests share: an environment of their own, and one PostgreSQL server for the whole session.

Fixtures for tests that need PostgreSQL (a server that does not start is an error, never a skip):

- `postgres_url`   the session's server, database `postgres`
- `database`       URL of an empty database of the test's own
- `migrated_database`  the same, brought to the newest schema
- `connection`     an autocommit connection to a migrated database
- `s3`             a landing zone of the test's own on an S3 server of the session's

Tests that need Neo4j stand in a module named in tests/scheduling.py and use `neo4j_server` or `neo4j_driver`.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from neo4j import Driver
    from psycopg import Connection

    from include.stack.neo4j.server import EmbeddedNeo4j
    from tests.object_store import ObjectStore

ROOT = Path(__file__).resolve().parents[1]

# Set by the session's first process and inherited by the workers of xdist.
TEST_HOME = "LONGSHORE_TEST_HOME"

# The caller's settings that may reach the tests.
KEPT = {TEST_HOME, "LONGSHORE_DEBUG", "LONGSHORE_SHARED_DATA"}

TEMPLATE = "longshore_template"

# Bytes of a PostgreSQL name, less the worker's suffix.
MAX_NAME = 48


def _guard_environment() -> Path:
    """Replaces the caller's Airflow and Longshore settings by those of the tests, before anything reads them."""
    if TEST_HOME not in os.environ:
        os.environ[TEST_HOME] = tempfile.mkdtemp(prefix="longshore-tests-")
    home = Path(os.environ[TEST_HOME])
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "LONGSHORE_")) and name not in KEPT]:
        del os.environ[name]
    airflow = home / f"airflow-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    os.environ.update(
        LONGSHORE_HOME=str(home),
        PYTHONPATH=str(ROOT),
        AIRFLOW_HOME=str(airflow),
        AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{airflow}/airflow.db",
    )
    return home


HOME = _guard_environment()


def _server() -> Any:
    from include.stack.postgres import EmbeddedPostgres

    return EmbeddedPostgres(HOME / "postgres", durable=False)


# A verdict on a commit must not depend on chance; people's own runs look for what nobody has seen yet.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import SharedStackScheduling

    return SharedStackScheduling(config, log)


def pytest_report_header() -> list[str]:
    from include.stack.cluster import server_version

    return [f"embedded server: {server_version()}, state of the session: {HOME}"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The session's first process outlives the workers: it takes servers and files away."""
    if not hasattr(config, "workerinput"):
        from include.stack.scratch import remove_home

        remove_home(HOME)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """URL of the database `postgres` of the session's server; whoever asks first starts it."""
    server = _server()
    server.start()
    return str(server.url("postgres"))


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """Name of a database at the newest schema, made once a session, to be copied."""
    from include.migrations import migrate
    from include.stack.postgres import create_database
    from include.stack.state import file_lock

    draft = f"{TEMPLATE}_draft"
    with file_lock(HOME / "template.lock"), _connect(postgres_url) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            create_database(server, draft)
            with _connect(_url(postgres_url, draft)) as connection:
                migrate(connection)
            server.execute(f"ALTER DATABASE {draft} RENAME TO {TEMPLATE}".encode())
    return TEMPLATE


@pytest.fixture
def database(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty database, named after the test, that ends with it."""
    with _database(postgres_url, request.node.name, "template0") as url:
        yield url


@pytest.fixture
def migrated_database(postgres_url: str, migrated_template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database at the newest schema, named after the test, that ends with it."""
    with _database(postgres_url, f"m_{request.node.name}", migrated_template) as url:
        yield url


@pytest.fixture
def connection(migrated_database: str) -> Iterator[Connection[Any]]:
    """An autocommit connection to the test's migrated database."""
    with _connect(migrated_database) as opened:
        yield opened


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    from tests.object_store import object_store

    with object_store(tmp_path_factory.mktemp("s3"), os.environ) as store:
        yield store


@pytest.fixture
def s3(s3_server: ObjectStore, request: pytest.FixtureRequest) -> ObjectStore:
    """An S3 server and a landing zone there that only this test knows."""
    return replace(s3_server, zone=re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()))


@pytest.fixture(scope="session")
def neo4j_server() -> EmbeddedNeo4j:
    """The session's Neo4j; whoever asks first starts it, and installs it in the project where it is missing."""
    from include.stack.neo4j.server import EmbeddedNeo4j

    server = EmbeddedNeo4j(HOME / "neo4j")
    server.start()
    return server


@pytest.fixture(scope="session")
def neo4j_session_driver(neo4j_server: EmbeddedNeo4j) -> Iterator[Driver]:
    """One driver for the session."""
    from neo4j import GraphDatabase

    with GraphDatabase.driver(neo4j_server.uri(), auth=("neo4j", neo4j_server.password)) as driver:
        yield driver


@pytest.fixture
def neo4j_driver(neo4j_session_driver: Driver) -> Driver:
    """The session's driver; its one database is emptied for the test, and of constraints that are not the writer's."""
    from include.writers.graph.neo4j.cypher import quoted

    driver = neo4j_session_driver
    with driver.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS").consume()
        foreign = "SHOW CONSTRAINTS YIELD name WHERE NOT name STARTS WITH 'longshore_' RETURN name"
        for name in session.run(foreign).value():
            session.run(f"DROP CONSTRAINT {quoted(name)}").consume()
    return driver


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets environment variables for the test and makes `include.settings.settings()` read them anew."""
    from include.settings import settings

    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    settings.cache_clear()
    return change


@contextmanager
def _database(postgres_url: str, test: str, template: str) -> Iterator[str]:
    from include.stack.postgres import create_database

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{re.sub(r'[^a-z0-9]+', '_', test.lower())[:MAX_NAME]}_{worker}"
    with _connect(postgres_url) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        create_database(server, name, template)
        try:
            yield _url(postgres_url, name)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _url(postgres_url: str, name: str) -> str:
    return f"{postgres_url.rsplit('/', 1)[0]}/{name}"


def _connect(url: str) -> AbstractContextManager[Connection[Any]]:
    from psycopg import Connection

    return Connection.connect(url, autocommit=True)
