"""The FAISS index beside the table: brought up to date, replaced as a whole, compared with the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import Connection

from benchmarks.documents.database import make_schema, store
from include.embeddings import WordLlama
from include.errors import SetupError
from include.pipelines.documents.index.faiss_index import Update, VectorIndex, table_rows
from include.pipelines.documents.prepare import DocumentOptions, prepare
from tests.conftest import ROOT

IDS = np.array([7, 2**62, 11], np.int64)
VECTORS = np.array([[1, 0], [0, 1], [1, 1]], np.float32)


def index(folder: Path, model: str = "m", dimension: int = 2) -> VectorIndex:
    return VectorIndex(folder, model, dimension)


def test_vectors_are_added_replaced_and_removed_by_their_ids(tmp_path: Path) -> None:
    one = index(tmp_path)
    assert one.update([(IDS, VECTORS)]) == Update(3, 0, 0)
    assert one.update([(IDS[:1], VECTORS[2:])], np.array([11, 99])) == Update(0, 1, 1)
    again = index(tmp_path)
    assert [found for found, _ in again.search(np.array([0, 2], np.float32))] == [2**62, 7]
    assert again.verify([(IDS[:2], VECTORS[[2, 1]])]).agrees


def test_the_digest_is_that_of_the_vectors_whatever_their_order(tmp_path: Path) -> None:
    one, other = index(tmp_path / "one"), index(tmp_path / "other")
    one.update([(IDS, VECTORS)])
    other.update([(IDS[1:], VECTORS[1:]), (IDS[:1], VECTORS[:1])])
    assert one.facts == other.facts
    assert json.loads((tmp_path / "one" / "vectors.json").read_text())["digest"] == one.facts.digest


def test_differences_to_the_rows_are_named(tmp_path: Path) -> None:
    one = index(tmp_path)
    one.update([(IDS, VECTORS)])
    verdict = one.verify([(np.array([7, 11, 5]), VECTORS[[0, 0, 0]])])
    assert (verdict.missing, verdict.beyond, verdict.different) == ((5,), (2**62,), (11,))


def test_an_update_that_fails_leaves_the_old_index(tmp_path: Path) -> None:
    index(tmp_path).update([(IDS, VECTORS)])
    with pytest.raises(SetupError, match="Vectors of 3 numbers"):
        index(tmp_path).update([(IDS[:1], VECTORS[1:2]), (IDS[:1], np.zeros((1, 3), np.float32))])
    assert index(tmp_path).verify([(IDS, VECTORS)]).agrees


@pytest.mark.parametrize(("model", "dimension"), [("other", 2), ("m", 3)])
def test_another_model_or_dimension_is_refused(tmp_path: Path, model: str, dimension: int) -> None:
    index(tmp_path).update([(IDS, VECTORS)])
    with pytest.raises(SetupError, match="is of m with 2 numbers"):
        index(tmp_path, model, dimension)


def test_a_broken_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    index(tmp_path).update([(IDS, VECTORS)])
    (tmp_path / "vectors.faiss").write_bytes(b"no index")
    with pytest.raises(SetupError, match="Remove the folder"):
        index(tmp_path)


def test_an_index_of_the_tables_rows_agrees_with_them(database: str, tmp_path: Path) -> None:
    samples = ROOT / "include" / "samples" / "documents"
    embedder = WordLlama()
    with Connection[Any].connect(database, autocommit=True) as connection:
        make_schema(connection)
        for path in sorted(samples.iterdir()):
            store(connection, prepare(path, DocumentOptions(samples, "samples")))
        one = VectorIndex(tmp_path, embedder.model, embedder.dimension)
        one.update(table_rows(connection, embedder.model, batch=2))
        assert one.verify(table_rows(connection, embedder.model)).agrees
        nearest = one.search(embedder.embed_queries(["lighthouse keepers"])[0], 1)[0][0]
        row = connection.execute("SELECT file FROM documents.chunks WHERE chunk_id = %s", [nearest]).fetchone()
    assert row == ("lighthouse.html",)
