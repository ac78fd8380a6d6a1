from __future__ import annotations

import hashlib
import json
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError

from include.cli import app
from include.cli.output import ExitCode
from include.errors import SetupError
from include.stack.neo4j.runtime import LOCK, Neo4jRuntime
from include.stack.neo4j.server import EmbeddedNeo4j
from include.stack.processes import wait_for_end

# The first test of a clone installs the server: 250 MB.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNeo4j]:
    server = EmbeddedNeo4j(tmp_path_factory.mktemp("a folder, it's deep") / "neo4j")
    yield server
    server.destroy()
    assert not server.folder.exists()


def one(server: EmbeddedNeo4j, query: str) -> object:
    with GraphDatabase.driver(server.uri(), auth=("neo4j", server.password)) as driver:
        return driver.execute_query(query).records[0][0]  # type: ignore[arg-type] # the queries stand below


def test_a_killed_server_is_noticed_and_comes_back_on_its_port_with_its_graph(server: EmbeddedNeo4j) -> None:
    assert not server.status().running
    with pytest.raises(SetupError, match="neo4j up"):
        server.uri()
    uri = server.start()
    assert server.start() == uri
    one(server, "CREATE (n:Kept) RETURN 1")
    process = psutil.Process(server.status().pid)
    process.kill()
    wait_for_end([process], 10)
    assert not server.status().running
    assert server.start() == uri
    assert one(server, "MATCH (n:Kept) RETURN count(n)") == 1


def test_down_ends_it_with_the_stack_and_keeps_its_graph(
    server: EmbeddedNeo4j, capsys: pytest.CaptureFixture[str], environment: Callable[..., None]
) -> None:
    server.start()
    environment(LONGSHORE_HOME=str(server.folder.parent))
    assert app.main(["down"]) == ExitCode.DONE
    assert "Neo4j is down; nothing else was running." in capsys.readouterr().out
    assert not server.status().running
    assert server.data.exists()
    assert not server.stop()


def test_only_the_owner_reads_the_password_and_the_well_known_one_never_works(neo4j_server: EmbeddedNeo4j) -> None:
    password = neo4j_server.folder / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    with (
        GraphDatabase.driver(neo4j_server.uri(), auth=("neo4j", "neo4j")) as driver,
        pytest.raises(AuthError),
    ):
        driver.verify_connectivity()
    assert one(neo4j_server, "RETURN 1") == 1
    assert neo4j_server.password not in json.dumps(neo4j_server.status().as_json())


def test_the_server_is_the_one_that_the_project_names_and_listens_on_the_loopback_only(
    neo4j_server: EmbeddedNeo4j,
) -> None:
    version = "CALL dbms.components() YIELD versions, edition RETURN versions[0] + ' ' + edition"
    assert str(one(neo4j_server, version)).startswith("5.26.")
    process = psutil.Process(neo4j_server.status().pid)
    listening = {found.laddr.ip for found in process.net_connections() if found.status == psutil.CONN_LISTEN}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_every_jar_is_the_one_of_the_lock_and_the_lock_holds_no_address(neo4j_server: EmbeddedNeo4j) -> None:
    text = LOCK.read_text(encoding="utf-8")
    locked = {found["sha256"] for found in tomllib.loads(text)["dependencies"]}
    jars = Neo4jRuntime().jars.glob("*.jar")
    assert {hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars} == locked
    assert "://" not in text


def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path, neo4j_server: EmbeddedNeo4j) -> None:
    broken = EmbeddedNeo4j(tmp_path / "neo4j")
    (tmp_path / "neo4j").mkdir()
    (tmp_path / "neo4j" / "data").mkdir()
    (tmp_path / "neo4j" / "data" / "databases").write_text("no folder")
    with pytest.raises(SetupError, match="down --purge"):
        broken.start()
    assert not broken.status().running
