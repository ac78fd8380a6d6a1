"""What a person asks of the loaded documents, on a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from benchmarks.documents.database import make_schema, store
from include.embeddings import WordLlama
from include.migrations import m0013_documents
from include.pipelines.documents.index import hnsw
from include.pipelines.documents.prepare import DocumentOptions, prepare
from include.pipelines.documents.search.search import Mode, Question, asked_terms, search
from include.pipelines.documents.search.statistics import refresh_statistics

TEXTS = {
    "cats": "The cat sleeps on the sofa. Cats purr when they are stroked.",
    "banks": "The bank raised its interest rate, and loans became more expensive for companies.",
    "boats": "Fishing boats lie at the pier until the ice breaks in March.",
    "german": "Die Katzen schlafen auf dem Sofa, und der Hund bewacht die Häuser im Dorf.",
    "chinese": "黑豹队的防守只丢了三百分。在联赛中排名第六。",
    "quotes": "The operator's manual says: it's \\ a backslash & an ampersand | a bar.",
}


@pytest.fixture
def loaded(database: str, tmp_path: Path) -> Iterator[Connection[Any]]:
    lines = [json.dumps({"id": name, "text": text}) for name, text in TEXTS.items()]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with Connection.connect(database, autocommit=True) as connection:
        make_schema(connection)
        store(connection, prepare(tmp_path / "a.jsonl", DocumentOptions(tmp_path, "tests")))
        yield connection


def names(connection: Connection[Any], words: str, **options: Any) -> list[str]:
    return [hit.name for hit in search(connection, Question(words, **options), WordLlama())]


@pytest.mark.parametrize("mode", list(Mode))
def test_each_mode_finds_the_document_that_speaks_of_it_first(loaded: Connection[Any], mode: Mode) -> None:
    assert names(loaded, "interest on loans of a bank", mode=mode)[0] == "banks"


def test_words_are_found_by_their_stem_in_the_documents_own_language(loaded: Connection[Any]) -> None:
    assert names(loaded, "Haus", mode=Mode.WORDS) == ["german"]
    assert names(loaded, "sleeping cat", mode=Mode.WORDS)[0] == "cats"


def test_scripts_without_spaces_are_found_by_pairs_of_characters(loaded: Connection[Any]) -> None:
    assert names(loaded, "联赛排名", mode=Mode.WORDS) == ["chinese"]


def test_one_word_of_many_is_enough(loaded: Connection[Any]) -> None:
    assert names(loaded, "zeppelins dirigibles boats", mode=Mode.WORDS) == ["boats"]


@pytest.mark.parametrize(
    "words", ["it's", "a \\ backslash", "'; DROP TABLE documents.chunks; --", "{weights}", "%s", "a\0b"]
)
def test_signs_of_sql_are_only_words(loaded: Connection[Any], words: str) -> None:
    names(loaded, words)
    assert loaded.execute("SELECT count(*) FROM documents.chunks").fetchone() == (len(TEXTS),)


def test_a_question_without_words_finds_nothing(loaded: Connection[Any]) -> None:
    assert names(loaded, "  ?!") == []


def test_scores_are_between_zero_and_one_and_fall(loaded: Connection[Any]) -> None:
    scores = [hit.score for hit in search(loaded, Question("cats and boats"), WordLlama())]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_domain_narrows_what_is_found(loaded: Connection[Any]) -> None:
    domain = loaded.execute("SELECT domain FROM documents.chunks WHERE text LIKE '%%bank%%'").fetchone()
    assert domain is not None
    found = search(loaded, Question("bank cat", domain=domain[0]), WordLlama())
    assert {hit.domain for hit in found} == {domain[0]}


def test_bm25_is_the_formulas_sum(loaded: Connection[Any]) -> None:
    hit = search(loaded, Question("purr", mode=Mode.WORDS))[0]
    (term,) = [term for term in asked_terms(loaded, "purr") if term.configuration == "english"]
    row = loaded.execute("SELECT length(lexemes) FROM documents.chunks WHERE chunk_id = %s", [hit.chunk_id]).fetchone()
    assert row is not None
    expected = term.weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * row[0] / term.mean_lexemes))
    assert hit.bm25 == pytest.approx(expected, rel=1e-4)


def test_a_chunk_that_came_after_the_counting_is_found(loaded: Connection[Any], tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("A zeppelin is an airship with a rigid frame.", encoding="utf-8")
    prepared = prepare(tmp_path / "b.txt", DocumentOptions(tmp_path, "tests"))
    counted = loaded.execute("TABLE documents.statistics ORDER BY configuration").fetchall()
    store(loaded, prepared)
    loaded.execute("DELETE FROM documents.terms WHERE lexeme = 'zeppelin'")
    assert names(loaded, "zeppelin", mode=Mode.WORDS) == ["b.txt"]
    assert refresh_statistics(loaded) == len(TEXTS) + 1
    assert loaded.execute("TABLE documents.statistics ORDER BY configuration").fetchall() != counted


def test_an_index_changes_nothing_but_the_time(loaded: Connection[Any]) -> None:
    question = Question("interest on loans of a bank")
    before = search(loaded, question, WordLlama())
    assert hnsw.build(loaded, WordLlama.model, WordLlama.dimension)
    assert hnsw.is_built(loaded, WordLlama.model)
    loaded.execute("SET enable_seqscan = off")
    assert [hit.chunk_id for hit in search(loaded, question, WordLlama())] == [hit.chunk_id for hit in before]
    hnsw.drop(loaded, WordLlama.model)
    assert not hnsw.is_built(loaded, WordLlama.model)
    assert not hnsw.build(loaded, "large", 3072)


def test_the_migration_goes_back_without_a_trace(database: str) -> None:
    with Connection.connect(database, autocommit=True) as connection:
        make_schema(connection)
        for step in m0013_documents.MIGRATION.back:
            assert isinstance(step, str)
            connection.execute(step.encode())
        assert connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'documents'").fetchone() is None
