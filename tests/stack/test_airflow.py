from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from include.stack.airflow import AirflowHome

METADATA = "postgresql+psycopg2://postgres:secret@127.0.0.1:1/airflow"
TARGET = "postgresql://postgres:secret@127.0.0.1:1/longshore"


@pytest.fixture
def airflow(tmp_path: Path) -> AirflowHome:
    home = AirflowHome(tmp_path)
    home.prepare()
    return home


def test_secrets_and_login_are_made_once_and_kept_private(airflow: AirflowHome) -> None:
    before = airflow.environment(METADATA, TARGET, "landing")
    password = airflow.password
    airflow.prepare()
    assert airflow.environment(METADATA, TARGET, "landing") == before
    assert airflow.password == password
    assert len(password) >= 12
    assert len(before["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    for path in airflow.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_two_stacks_share_no_secret(airflow: AirflowHome, tmp_path: Path) -> None:
    other = AirflowHome(tmp_path / "other")
    other.prepare()
    assert other.password != airflow.password


def test_the_callers_airflow_settings_give_way_and_python_writes_its_bytecode(
    airflow: AirflowHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    environment = airflow.environment(METADATA, TARGET, "landing")
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PYTHONPATH"].split(":") == [str(PROJECT_ROOT), str(PROJECT_ROOT / "config")]


def test_a_proxy_never_stands_between_airflows_processes(airflow: AirflowHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "intranet")
    environment = airflow.environment(METADATA, TARGET, "landing")
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_the_password_file_is_what_the_simple_auth_manager_reads(airflow: AirflowHome) -> None:
    path = airflow.environment(METADATA, TARGET, "landing")["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    assert json.loads(Path(path).read_text()) == {"admin": airflow.password}


def test_every_variable_names_an_option_that_airflow_has(airflow: AirflowHome) -> None:
    from airflow.configuration import conf

    sections = conf.configuration_description
    names = [name for name in airflow.environment(METADATA, TARGET, "landing") if name.startswith("AIRFLOW__")]
    known = {f"AIRFLOW__{s}__{option}".upper() for s in sections for option in sections[s]["options"]}
    assert set(names) - known == set()
    assert len(names) > 15
