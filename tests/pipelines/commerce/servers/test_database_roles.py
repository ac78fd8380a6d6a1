"""Roles without any special right: what docs/operations.md lists is enough, and needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from include.errors import SetupError
from include.migrations import migrate
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.operate import forget
from include.postgres.errors import translated
from include.postgres.session import connect
from include.settings import PROJECT_ROOT
from tests.pipelines.commerce.conftest import Shop

CATALOG = "variant_id,title,sku,price\nv1,Lamp,L-1,9.50\nv2,Shade,L-2,dear\n"
ORDERS = "order_id,created_at,currency,quantity,unit_price,sku\n1,2025-03-03 08:00,EUR,1,9.50,L-1\n"

# The statements that the page tells the owner of the database to run.
GRANTS = re.compile(r"^    ((?:GRANT|ALTER DEFAULT|REVOKE) .*?);", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Roles:
    """URLs of one database: of its superuser, of who migrates and of who loads."""

    superuser: str
    owner: str
    loader: str


def documented() -> list[str]:
    """The statements of docs/operations.md, in order."""
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return GRANTS.findall(page)


@pytest.fixture
def roles(database: str) -> Iterator[Roles]:
    """Two roles that may log in and nothing else, on a database where the public has no rights."""
    given = conninfo_to_dict(database)
    name = str(given["dbname"])
    owner, loader = f"{name}_owner"[-63:], f"{name}_loader"[-63:]
    with connect(database) as connection:
        for role in (owner, loader):
            _run(connection, "CREATE ROLE {} LOGIN PASSWORD 'secret' NOSUPERUSER NOCREATEDB NOCREATEROLE", role)
        _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
        urls = [f"postgresql://{role}:secret@{given['host']}:{given['port']}/{name}" for role in (owner, loader)]
        yield Roles(database, *urls)
        for role in (owner, loader):
            _run(connection, "DROP OWNED BY {} CASCADE", role)
            _run(connection, "DROP ROLE {}", role)


def _run(connection: Connection[tuple[object, ...]], statement: str, name: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def grant(roles: Roles, *, without: str | None = None) -> None:
    """Runs the page's statements with this test's names: the first two as superuser, the others as the owner."""
    names = {key: str(conninfo_to_dict(url)["user"]) for key, url in (("owner", roles.owner), ("loader", roles.loader))}
    names["longshore"] = str(conninfo_to_dict(roles.superuser)["dbname"])
    for statement in documented():
        given = statement.replace(without, "") if without else statement
        mine = re.sub(r"\b(owner|loader|longshore)\b", lambda found: f'"{names[found.group()]}"', given)
        on_database = " ON DATABASE " in statement
        with connect(roles.superuser if on_database else roles.owner) as connection:
            if not on_database:
                migrate(connection)
            connection.execute(mine.encode())


def loads_everything(url: str, landing: Path) -> None:
    with connect(url) as connection, translated():
        assert migrate(connection) == []
        shop = Shop(url, landing, connection)
        shop.deliver("catalog.csv", CATALOG)
        shop.deliver("orders.csv", ORDERS)
        assert shop.load("catalog")[0].counts.inserted == 1
        assert shop.load("orders")[1].counts.inserted == 1
        shop.deliver("catalog.csv", CATALOG.replace("9.50", "8"))
        assert shop.load("catalog")[0].counts.updated == 1
        assert coverage.compute(connection, coverage.due(connection)) == 3
        assert shop.value("SELECT count(*) FROM commerce.current_catalog") == 1
        (found,) = forget.find_uploads(connection, forget.Selection(upload_id=shop.upload_id))
        forget.forget_uploads(lambda: connect(url), [found.subject], "somebody")


def test_an_owner_migrates_and_a_role_with_the_listed_rights_loads(roles: Roles, tmp_path: Path) -> None:
    grant(roles)
    loads_everything(roles.loader, tmp_path)


def test_a_role_that_may_create_schemas_does_all_of_it_alone(roles: Roles, tmp_path: Path) -> None:
    name = str(conninfo_to_dict(roles.owner)["dbname"])
    owner = sql.Identifier(str(conninfo_to_dict(roles.owner)["user"]))
    with connect(roles.superuser) as connection:
        connection.execute(
            sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(name), owner)
        )
    with connect(roles.owner) as connection:
        migrate(connection)
    loads_everything(roles.owner, tmp_path)


@pytest.mark.parametrize("right", ["INSERT, ", "UPDATE, ", ", DELETE", ", TEMPORARY", ", ledger"])
def test_each_of_the_rights_is_needed_and_its_lack_is_a_matter_of_set_up(
    roles: Roles, tmp_path: Path, right: str
) -> None:
    grant(roles, without=right)
    with pytest.raises(SetupError, match=r"docs/operations\.md"):
        loads_everything(roles.loader, tmp_path)


def test_tables_of_later_migrations_are_open_to_the_loader_too(roles: Roles) -> None:
    grant(roles)
    with connect(roles.owner) as connection:
        connection.execute("CREATE TABLE commerce.later (number bigint GENERATED ALWAYS AS IDENTITY)")
    with connect(roles.loader) as connection:
        connection.execute("INSERT INTO commerce.later DEFAULT VALUES")
