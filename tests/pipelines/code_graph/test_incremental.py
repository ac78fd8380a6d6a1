from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.prepare import language_of
from include.pipelines.code_graph.resolve import Resolver
from include.pipelines.code_graph.rows import FileRows
from tests.pipelines.code_graph.small_trees import GO_MODULE, edits


def parsed(path: str, text: str) -> ParsedFile:
    language = language_of(path)
    assert language is not None
    return language.parse(path, text.encode())


def fresh(files: Mapping[str, str]) -> dict[str, FileRows]:
    return Resolver().update([parsed(path, text) for path, text in files.items()]).files


@pytest.mark.parametrize("kind", ["python", "script", "go"])
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_after_any_edits_the_graph_is_that_of_a_fresh_build(kind: str, data: st.DataObject) -> None:
    sequence = data.draw(edits(kind))
    resolver = Resolver()
    files: dict[str, str] = {}
    graph: dict[str, FileRows] = {}
    if kind == "go":
        sequence = [dict([GO_MODULE]), *sequence]
    for edit in sequence:
        gone = [path for path, text in edit.items() if text is None]
        changed = {path: text for path, text in edit.items() if text is not None}
        result = resolver.update([parsed(path, text) for path, text in changed.items()], gone)
        files = {path: text for path, text in (files | changed).items() if path not in gone}
        graph = {path: rows for path, rows in (graph | result.files).items() if path in files}
        assert set(result.gone) <= set(gone)
        assert graph == fresh(files)
