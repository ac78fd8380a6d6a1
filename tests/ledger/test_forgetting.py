from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from include.ledger.attempts import table_states
from include.pipelines.commerce.operate import forget
from include.pipelines.commerce.operate.forget import Selection
from include.postgres.session import connect
from include.results import Status
from tests.pipelines.tables.conftest import Desk

LATER = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)


@pytest.mark.parametrize("selection", [Selection(), Selection(store="erp"), Selection(before=LATER)])
def test_forgetting_uploads_leaves_loads_of_contract_tables_alone(
    selection: Selection, migrated_database: str, connection: Connection[Any], tmp_path: Path
) -> None:
    desk = Desk(migrated_database, tmp_path, connection)
    desk.load("article,title,price\n001,Lamp,9.50\n002,Shade,dear\n")
    found = forget.find_uploads(connection, selection)
    forget.forget_uploads(lambda: connect(desk.url), [one.subject for one in found], "somebody")
    assert found == []
    assert desk.rows("SELECT kind FROM ledger.events") == []
    assert desk.rows("SELECT count(*) FROM ledger.rejects WHERE raw IS NOT NULL") == [(1,)]
    (state,) = table_states(connection)
    assert (state.names(Status.LOADED), state.rows) == (("erp.articles",), 1)
