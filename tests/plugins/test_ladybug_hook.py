from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from include.errors import SetupError
from include.writers.graph.targets import NodeTarget, Property

ITEM = NodeTarget("Item", Property("key", pa.string()))


def test_a_connection_is_a_path_to_write_to_and_read_from(tmp_path: Path, environment: Callable[..., None]) -> None:
    from longshore.hooks.ladybug import LadybugHook

    environment(AIRFLOW_CONN_LONGSHORE_LADYBUG=f"ladybug://{tmp_path}/a%20graph.lbdb")
    hook = LadybugHook()
    with hook.writer([ITEM]) as writer:
        writer.write(pa.table({"key": ["a"]}))
        writer.finish()
    assert hook.path == tmp_path / "a graph.lbdb"
    with hook.reader() as graph:
        assert graph.rows("MATCH (i:Item) RETURN i.key") == [["a"]]


def test_a_path_may_stand_in_the_connections_extra(environment: Callable[..., None]) -> None:
    from longshore.hooks.ladybug import LadybugHook

    environment(AIRFLOW_CONN_SHOP='{"conn_type": "ladybug", "extra": {"path": "/srv/shop.lbdb"}}')
    assert LadybugHook("shop").path == Path("/srv/shop.lbdb")


def test_without_a_connection_the_graph_lies_in_the_home_folder(
    tmp_path: Path, environment: Callable[..., None]
) -> None:
    from longshore.hooks.ladybug import LadybugHook

    environment(LONGSHORE_HOME=str(tmp_path))
    assert LadybugHook().path == tmp_path / "graph.lbdb"


def test_a_connection_that_is_named_has_to_be_there_and_to_name_a_file(environment: Callable[..., None]) -> None:
    from longshore.hooks.ladybug import LadybugHook

    with pytest.raises(SetupError, match=r"'shop'.*AIRFLOW_CONN_SHOP"):
        _ = LadybugHook("shop").path
    environment(AIRFLOW_CONN_EMPTY="ladybug://")
    with pytest.raises(SetupError, match="names no file"):
        _ = LadybugHook("empty").path
