"""A file to rows: the same in every process, with places in the source, labels of the closed vocabulary."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import FileError
from include.pipelines.documents.labels.vocabulary import read_vocabulary
from include.pipelines.documents.prepare import DocumentOptions, PreparedFile, prepare
from tests.conftest import ROOT

SAMPLES = ROOT / "include" / "samples" / "documents"
OPTIONS = DocumentOptions(SAMPLES, "samples")


def written(tmp_path: Path, *lines: object) -> PreparedFile:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return prepare(path, DocumentOptions(tmp_path, "tests"))


def tables(prepared: PreparedFile) -> tuple[pa.Table, ...]:
    return prepared.documents, prepared.chunks, prepared.vectors


def test_other_processes_prepare_the_same_rows() -> None:
    paths = sorted(SAMPLES.iterdir())
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        others = list(pool.map(prepare, paths, [pickle.loads(pickle.dumps(OPTIONS))] * len(paths)))
    for path, other in zip(paths, others, strict=True):
        assert all(one.equals(two) for one, two in zip(tables(prepare(path, OPTIONS)), tables(other), strict=True))


@pytest.mark.parametrize("name", ["kettle.md", "harbour.txt", "queue.rst"])
def test_bytes_of_a_chunk_are_its_place_in_the_file(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    chunks = prepare(SAMPLES / name, OPTIONS).chunks.to_pylist()
    assert chunks
    for chunk in chunks:
        assert raw[chunk["start_byte"] : chunk["end_byte"]].decode() == chunk["text"]
    assert chunks[-1]["end_byte"] == len(raw)


def test_labels_are_of_the_vocabulary_and_their_confidence_is_a_share() -> None:
    axes = {axis.name: axis.labels for axis in read_vocabulary().axes}
    for path in SAMPLES.iterdir():
        for chunk in prepare(path, OPTIONS).chunks.to_pylist():
            for axis in ("task", "modifier", "domain"):
                if chunk[f"{axis}_confidence"] is not None:
                    assert chunk[axis] in axes[axis]
                    assert 0 < chunk[f"{axis}_confidence"] <= 1


def test_what_only_an_endpoint_makes_is_null_without_one() -> None:
    chunks = prepare(SAMPLES / "kettle.md", OPTIONS).chunks
    for name in ("concept", "question", "answer", "soft_negatives", "hard_negatives"):
        assert chunks[name].null_count == len(chunks)


def test_every_document_of_a_dump_has_its_own_language() -> None:
    prepared = prepare(SAMPLES / "recipes.jsonl", OPTIONS)
    assert prepared.documents["language"].to_pylist() == ["de", "ja", "en"]
    assert prepared.chunks["configuration"].to_pylist()[:2] == ["german", "simple"]


def test_texts_that_the_default_embedder_does_not_understand_have_no_labels() -> None:
    chunks = prepare(SAMPLES / "recipes.jsonl", OPTIONS).chunks.to_pylist()
    german, japanese, english = (chunk for chunk in chunks if chunk["ordinal"] == 0)
    assert (german["domain"], german["labeller"]) == (japanese["domain"], japanese["labeller"]) == (None, None)
    assert english["domain"] == "everyday"


def test_given_chunks_labels_and_vectors_are_taken_as_they_are(tmp_path: Path) -> None:
    first = {"text": "One. ", "domain": "law", "embedding": [0.0, 3.0], "model": "site/two"}
    prepared = written(
        tmp_path, {"id": "a", "language": "en", "text": "One. Two.\n", "chunks": [first, {"text": "Two."}]}
    )
    one, two = prepared.chunks.to_pylist()
    assert (one["text"], two["text"]) == ("One. ", "Two.\n")
    assert (one["domain"], one["domain_confidence"], one["labeller"]) == ("law", None, None)
    assert two["labeller"].startswith("prototype:")
    assert prepared.vectors["model"].to_pylist() == ["site/two", "wordllama/l2_supercat_256"]
    assert prepared.vectors["embedding"].to_pylist()[0] == [0.0, 3.0]


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        ({"text": "Other."}, "does not stand in the text"),
        ({"text": "One."}, "is in none"),
        ({"text": "One. Two.", "embedding": [1.0]}, "names no model"),
        ({"text": "One. Two.", "embedding": [float("nan")], "model": "m"}, "finite"),
        ({"text": "One. Two.", "domain": 3}, "another type"),
    ],
)
def test_given_chunks_that_cannot_be_taken_are_a_reject(tmp_path: Path, chunk: object, reason: str) -> None:
    prepared = written(tmp_path, {"id": "a", "text": "One. Two.", "chunks": [chunk]}, {"id": "b", "text": "x"})
    assert prepared.documents["name"].to_pylist() == ["b"]
    assert [reject.code for reject in prepared.rejects] == ["chunks"]
    assert reason in prepared.rejects[0].reason


def test_metadata_is_json_that_the_database_takes(tmp_path: Path) -> None:
    prepared = written(
        tmp_path, {"id": "a", "text": "x", "title": "t\0", "n": float("nan"), "s": "\ud800", "k\0": [1, None]}
    )
    assert prepared.documents["title"].to_pylist() == ["t"]
    assert json.loads(prepared.documents["metadata"].to_pylist()[0]) == {"n": "nan", "s": "\ufffd", "k": [1, None]}


def test_parquet_brings_a_row_a_chunk(tmp_path: Path) -> None:
    rows = {"id": ["a", "b", "a"], "text": ["One.", "Other.", "Two."], "embedding": [[1.0], [2.0], None]}
    pq.write_table(pa.table({**rows, "model": ["m", "m", None]}), tmp_path / "a.parquet")
    prepared = prepare(tmp_path / "a.parquet", DocumentOptions(tmp_path, "tests"))
    assert prepared.documents["chunks"].to_pylist() == [2, 1]
    assert prepared.chunks["text"].to_pylist() == ["One.\n", "Two.", "Other."]
    assert prepared.vectors["model"].to_pylist() == ["m", "wordllama/l2_supercat_256", "m"]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FileError, match="is no Parquet"):
        prepare(tmp_path / "a.parquet", DocumentOptions(tmp_path, "tests"))


def test_the_fingerprint_differs_with_every_option_that_decides_rows(tmp_path: Path) -> None:
    assert OPTIONS.fingerprint == DocumentOptions(tmp_path, "samples").fingerprint
    assert OPTIONS.fingerprint != DocumentOptions(SAMPLES, "samples", label=False).fingerprint
