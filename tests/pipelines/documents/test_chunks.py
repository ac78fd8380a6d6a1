"""How documents are cut: nothing lost, nothing too long, along sections and sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.embeddings import WordLlama
from include.errors import UsageError
from include.pipelines.documents.chunks.chunking import ChunkSize, chunks
from include.pipelines.documents.chunks.quality import qualities
from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.document import Document, Heading
from include.pipelines.documents.formats.markdown import read_markdown

PIECES = st.sampled_from(
    [
        "A sentence. ",
        "Another one! ",
        "\n",
        "\n\n",
        "word ",
        "x" * 70,
        "。",
        "黑豹队",
        "# Heading\n\n",
        "- item\n",
        "e\u0301" * 9,
    ]
)
TEXTS = st.one_of(st.text(max_size=400), st.lists(PIECES, max_size=80).map("".join))


@settings(max_examples=150, deadline=None)
@given(
    text=TEXTS, target=st.integers(1, 120), room=st.integers(0, 80), places=st.lists(st.integers(0, 400), max_size=5)
)
def test_joined_chunks_give_back_the_text_and_none_is_above_the_maximum(
    text: str, target: int, room: int, places: list[int]
) -> None:
    headings = tuple(Heading(1 + place % 6, "h", place) for place in sorted(places) if place < len(text))
    size = ChunkSize(target, target + room)
    found = chunks(Document("x", text, "text", headings=headings), size)
    assert "".join(text[chunk.start : chunk.end] for chunk in found) == text
    assert all(0 < chunk.end - chunk.start <= size.maximum for chunk in found)
    assert [chunk.episode for chunk in found] == sorted(chunk.episode for chunk in found)


def test_a_line_of_two_hundred_thousand_characters_is_cut_between_words() -> None:
    text = "word " * 40_000
    found = chunks(Document("x", text, "text"), ChunkSize(300, 500))
    assert max(chunk.end - chunk.start for chunk in found) <= 500
    assert all(text[chunk.end - 1] == " " for chunk in found)


def test_chunks_never_cross_sections_and_name_their_headings() -> None:
    filler = "Tea is a drink that is made of leaves and hot water in many countries. " * 3
    document = read_markdown(
        Decoded(f"# Tea\n\n{filler}\n\n## Green\n\n{filler}\n\n# Coffee\n\n{filler}", "utf-8"), "x"
    )
    found = chunks(document, ChunkSize(1000, 2000))
    assert [chunk.path for chunk in found] == ["Tea", "Tea > Green", "Coffee"]


def test_a_bare_heading_begins_the_section_behind_it() -> None:
    filler = "Tea is a drink that is made of leaves and hot water in many countries. " * 3
    document = read_markdown(Decoded(f"# Tea\n\n## Green\n\n{filler}", "utf-8"), "x")
    assert [chunk.path for chunk in chunks(document)] == ["Tea > Green"]


def test_a_text_of_two_subjects_is_cut_where_the_subject_changes() -> None:
    cats = "The cat sleeps on the sofa. A kitten plays with a ball of wool. Cats purr when they are stroked. "
    money = "The bank raised its interest rate. Loans became more expensive. Investors sold their shares at a loss. "
    found = chunks(Document("x", cats + money, "text"), ChunkSize(len(cats), 150))
    assert len(cats) in {chunk.end for chunk in found}


def test_a_target_above_the_maximum_is_refused() -> None:
    with pytest.raises(UsageError, match="target is 200 characters, its maximum 100"):
        ChunkSize(200, 100)


def test_metrics_follow_their_formulas() -> None:
    texts = ["Tea is hot. Tea is good.", "Tea is hot. Tea is good.", "... !"]
    embedder = WordLlama()
    one, two, empty = qualities(texts, list(embedder.embed(texts)), embedder)
    assert (one.length, one.density) == (6, round(4 / 6, 4))
    assert one.redundancy == two.redundancy == pytest.approx(1, abs=1e-3)
    assert one.coherence is not None
    assert 0 < one.coherence < 1
    assert (empty.length, empty.density) == (0, None)
