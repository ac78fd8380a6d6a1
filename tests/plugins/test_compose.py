from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from include.stack.airflow import POOLS
from tests.conftest import ROOT

TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
AIRFLOW = sorted(name for name in SERVICES if name.startswith("airflow-"))
LONG_LIVED = sorted(set(SERVICES) - {"airflow-init"})
SECRETS = {"ADMIN_PASSWORD", "API_SECRET_KEY", "FERNET_KEY", "JWT_SECRET", "NEO4J_PASSWORD", "POSTGRES_PASSWORD"}


def test_all_parts_of_airflow_and_the_stores_are_there() -> None:
    parts = {"apiserver", "dag-processor", "init", "scheduler", "triggerer", "worker"}
    assert set(SERVICES) == {"neo4j", "postgres", "redis", *(f"airflow-{part}" for part in parts)}


@pytest.mark.parametrize("name", AIRFLOW)
def test_every_airflow_service_sees_the_whole_project_and_the_secrets(name: str) -> None:
    service = SERVICES[name]
    mounted = {volume.split(":")[0] for volume in service["volumes"]}
    assert {"./config", "./dags", "./include", "./plugins", "./landing"} <= mounted, f"Mount the folder into {name}."
    for setting in ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_CONN_LONGSHORE_POSTGRES"):
        assert setting in service["environment"], f"Set {setting} in {name}: it must be the same in all services."
    assert service["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


@pytest.mark.parametrize("name", LONG_LIVED)
def test_every_service_that_stays_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"], f"Give {name} a health check."
    assert SERVICES[name]["restart"] == "unless-stopped", f"Set `restart: unless-stopped` in {name}."


def test_no_secret_has_a_value_or_a_default_in_the_file() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert required == SECRETS
    assert not re.search(rf"(?<!\$)\$\{{({'|'.join(SECRETS)})(:-|\}})", TEXT), (
        "Write ${NAME:?...}: a missing secret must be an error."
    )
    head = TEXT[: TEXT.index("x-airflow")]
    assert all(f"{name}=$(" in head for name in SECRETS), "Say at the head of the file how each secret is made."


def test_nothing_but_the_web_interface_is_published_and_that_to_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"airflow-apiserver": ["127.0.0.1:8080:8080"]}


def test_every_pool_of_the_embedded_stack_is_made_here_too() -> None:
    command = SERVICES["airflow-init"]["command"][-1]
    for name, slots, description in POOLS:
        assert f'airflow pools set {name} {slots} "{description}"' in command


def test_the_pool_that_the_loads_wait_for_is_made_before_anything_runs() -> None:
    dag = (ROOT / "dags" / "commerce_to_postgres.py").read_text(encoding="utf-8")
    [pool] = re.findall(r'^POOL = "(\w+)"$', dag, re.MULTILINE)
    assert f"airflow pools set {pool} " in SERVICES["airflow-init"]["command"][-1]
    for name in set(AIRFLOW) - {"airflow-init"}:
        assert SERVICES[name]["depends_on"]["airflow-init"]["condition"] == "service_completed_successfully"


def test_the_image_brings_the_folders_that_are_mounted_over_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for folder in ("config", "dags", "include", "plugins"):
        assert re.search(rf"^COPY .*\b{folder} /opt/longshore/{folder}$", dockerfile, re.MULTILINE)
    assert "--require-hashes" in dockerfile
