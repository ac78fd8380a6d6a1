from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import SetupError
from include.loading.csv.strategies import COCKROACH, COMPARED, ISOLATING, STAGED, ways
from include.pipelines.commerce.delivery.plans import PLANS
from include.postgres.dialect import dialect_named, dialect_of, require_postgres
from include.postgres.session import connect
from include.settings import settings

# Of which only the plan is asked.
ANY_JOB: Any = SimpleNamespace(plan=PLANS["catalog"], lock="any")


@pytest.mark.parametrize(
    ("version", "dialect"),
    [
        ("PostgreSQL 18.0 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 14.2.0, 64-bit", "postgresql"),
        ("CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/05/28 00:46:25, go1.23.7)", "cockroachdb"),
        ("CockroachDB OSS v21.2.17 (x86_64-pc-linux-gnu, built 2022/10/17 21:09:02, go1.16.6)", "cockroachdb"),
        ("PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang", "postgresql"),
        ("", "postgresql"),
    ],
)
def test_the_dialect_is_what_the_servers_version_says(version: str, dialect: str) -> None:
    assert dialect_named(version) == dialect


def test_a_postgresql_server_is_asked_and_known(postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        assert dialect_of(connection) == "postgresql"
        require_postgres(connection, "This")
        assert list(ways(connection, ANY_JOB, new=False)) == [COMPARED, STAGED, ISOLATING]


def test_the_setting_goes_before_what_the_server_says(
    postgres_url: str, environment: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(settings.cache_clear)
    environment(LONGSHORE_DIALECT="cockroachdb")
    with connect(postgres_url) as connection:
        assert list(ways(connection, ANY_JOB, new=True)) == [COCKROACH]
        with pytest.raises(SetupError, match="needs PostgreSQL"):
            require_postgres(connection, "This")
