"""Labels: by the nearest prototype, and by an endpoint whose answers are held to the vocabulary."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.embeddings import WordLlama
from include.errors import SetupError
from include.pipelines.documents.labels.endpoint import answer_schema, read_answer
from include.pipelines.documents.labels.prototypes import NONE, default_labeller
from include.pipelines.documents.labels.vocabulary import AXES, read_vocabulary


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("The goalkeeper saved a penalty in the last minute of the final, and the team won the championship.", "sport"),
        (
            "The function returns an error when the file cannot be opened; the browser then shows a message.",
            "computing",
        ),
        ("Patients with this infection are treated with drugs that strengthen the immune system.", "medicine"),
        ("The central bank lowered interest rates, and shares of industrial companies rose.", "economy"),
    ],
)
def test_a_text_gets_the_label_whose_description_is_nearest(text: str, domain: str) -> None:
    embedder = WordLlama()
    (labels,) = default_labeller(embedder).label(embedder.embed([text]))
    assert labels["domain"].name == domain


def test_a_text_without_words_gets_no_label() -> None:
    embedder = WordLlama()
    (labels,) = default_labeller(embedder).label(embedder.embed([""]))
    assert set(labels.values()) == {NONE}


def test_the_labellers_name_holds_model_and_version_of_the_vocabulary() -> None:
    assert default_labeller(WordLlama()).name == f"prototype:wordllama/l2_supercat_256:{read_vocabulary().version}"


def test_an_answer_outside_the_vocabulary_is_not_believed() -> None:
    answer = {
        "task": "define",
        "task_confidence": 0.8,
        "domain": "cookery",
        "modifier": "plain",
        "modifier_confidence": 7,
    }
    entry = read_answer(
        {**answer, "concept": " tea ", "question": 3, "hard_negatives": ["", "a\0b"]}, read_vocabulary()
    )
    assert entry.labels["task"] == ("define", 0.8)
    assert entry.labels["domain"] == NONE
    assert entry.labels["modifier"] == ("plain", None)
    assert entry.texts == {
        "concept": "tea", "question": None, "answer": None, "soft_negatives": None, "hard_negatives": ["ab"],
    }  # fmt: skip


def test_the_schema_of_answers_closes_every_axis() -> None:
    schema = answer_schema(read_vocabulary())
    assert schema["required"] == list(schema["properties"])
    for axis in read_vocabulary().axes:
        assert schema["properties"][axis.name]["enum"] == list(axis.labels)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("task: {}", "its keys must be"),
        ("task: {a: [x]}\nmodifier: {a: [x], b: [x]}\ndomain: {a: [x], b: [x]}", "axis task has no labels"),
        ("task: {a: x, b: [x]}\nmodifier: {a: [x], b: [x]}\ndomain: {a: [x], b: [x]}", "task.a is not described"),
    ],
)
def test_a_vocabulary_that_is_none_is_refused_with_its_key(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "v.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SetupError, match=reason):
        read_vocabulary(tmp_path / "v.yaml")


def test_the_projects_own_vocabulary_has_the_axes_of_the_table() -> None:
    assert tuple(axis.name for axis in read_vocabulary().axes) == AXES
