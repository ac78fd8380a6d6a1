"""What a reader makes of each format, and of what is broken in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.errors import FileError
from include.pipelines.documents.formats.document import Document, ReadFile
from include.pipelines.documents.formats.read import read_file
from tests.conftest import ROOT

SAMPLES = ROOT / "include" / "samples" / "documents"


def read(tmp_path: Path, name: str, content: str | bytes) -> ReadFile:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, name)


def document(tmp_path: Path, name: str, content: str | bytes) -> Document:
    return read(tmp_path, name, content).documents[0]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.text) for heading in document.headings]


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_sample_is_read_with_a_title(path: Path) -> None:
    for found in read_file(path, path.name).documents:
        assert found.title
        assert found.text.strip()


def test_front_matter_is_metadata_and_no_text(tmp_path: Path) -> None:
    found = document(tmp_path, "a.md", "---\ntitle: Tea\ndate: 2024-05-01\n---\n# Green\n\nHot.\n")
    assert (found.title, found.metadata["date"]) == ("Tea", "2024-05-01")
    assert found.text == "# Green\n\nHot.\n"
    assert found.offset == 36


def test_front_matter_that_is_never_closed_is_text(tmp_path: Path) -> None:
    content = "---\ntitle: Tea\n\n# Green\n\nHot.\n"
    assert document(tmp_path, "a.md", content).text == content


def test_a_fence_that_is_never_closed_hides_the_headings_within(tmp_path: Path) -> None:
    found = document(tmp_path, "a.md", "# One\n\n```\n# no heading\n")
    assert headings(found) == [(1, "One")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_markdown_headings_stand_where_their_line_begins(tmp_path: Path, end: str) -> None:
    found = document(tmp_path, "a.md", end.join(["One", "===", "", "text", "", "## Two ##", "", "text"]))
    assert headings(found) == [(1, "One"), (2, "Two")]
    assert [found.text[heading.start : heading.start + 3] for heading in found.headings] == ["One", "## "]


def test_titles_of_restructured_text_are_told_by_their_adornments(tmp_path: Path) -> None:
    lines = [
        "####",
        "Book",
        "####",
        "",
        "Chapter",
        "=======",
        "",
        "``code`` here",
        "-------------",
        "",
        "Next",
        "====",
        "",
    ]
    lines += ["not a title::", "", "    Literal", "    -------", "", "1  2", "=  =", ""]
    found = document(tmp_path, "a.rst", "\n".join(lines))
    assert headings(found) == [(1, "Book"), (2, "Chapter"), (3, "code here"), (2, "Next")]


def test_a_page_is_its_main_text_and_its_furniture_keeps_headings_without_place(tmp_path: Path) -> None:
    page = (SAMPLES / "lighthouse.html").read_text(encoding="utf-8").replace("<footer>", "<footer><h3>Imprint</h3>")
    found = document(tmp_path, "a.html", page)
    assert "193 steps" in found.text
    assert "Tours" not in found.text
    assert "Imprint" not in found.text
    assert [(heading.level, heading.start is None) for heading in found.headings] == [(1, False), (2, False), (3, True)]
    assert found.language == "en"


def test_a_fragment_of_a_page_is_main_text_as_a_whole(tmp_path: Path) -> None:
    found = document(tmp_path, "a.html", "<h2>Menu</h2><ul><li><a href='/'>Home</a></li></ul><p>Short.</p>")
    assert headings(found) == [(2, "Menu")]
    assert "Home" in found.text
    assert "Short." in found.text


def test_html_of_five_thousand_levels_is_read(tmp_path: Path) -> None:
    page = f"<html><body>{'<div>' * 5000}the bottom{'</div>' * 5000}</body></html>"
    assert document(tmp_path, "a.html", page).text.strip() == "the bottom"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"id": "a"}', "no_text"),
        ('{"id": "a", "text": null}', "no_text"),
        ('{"id": "a", "text": 3}', "type"),
        ('{"id": "a", "text": " "}', "empty"),
        ('{"id": ["a"], "text": "x"}', "type"),
        ('{"id": "a", "id": "b", "text": "x"}', "duplicate_key"),
        ('["a"]', "no_object"),
        ('{"id": "a", "text": "cut', "json"),
        ("[" * 100_000, "json"),
        (json.dumps({"id": "x" * 513, "text": "x"}), "too_long"),
        ('{"id": "first", "text": "again"}', "duplicate_id"),
        ('{"id": "a", "text": "x", "chunks": [{"text": "other"}]}', "chunks"),
    ],
)
def test_a_broken_line_of_a_dump_is_a_reject_and_the_others_stand(tmp_path: Path, line: str, code: str) -> None:
    found = read(tmp_path, "a.jsonl", f'{{"id": "first", "text": "x"}}\n\n{line}\n{{"id": "last", "text": "x"}}')
    assert [one.name for one in found.documents] == ["first", "last"]
    assert [(reject.line, reject.record, reject.code) for reject in found.rejects] == [(3, 2, code)]
    assert found.blank == 1


def test_a_line_that_is_not_utf_8_is_a_reject(tmp_path: Path) -> None:
    found = read(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"id": "a", "text": "x"}\n{"id": "b", "text": "caf\xe9"}\n')
    assert [one.name for one in found.documents] == ["a"]
    assert found.rejects[0].code == "encoding"


def test_a_document_without_id_is_named_after_its_text(tmp_path: Path) -> None:
    one = document(tmp_path, "a.jsonl", '{"text": "x"}')
    assert one.name.startswith("sha256:")
    assert one.name == document(tmp_path, "b.jsonl", '{"title": "t", "text": "x"}').name


@pytest.mark.parametrize("content", ["", " \n\t\u00a0\n", "\ufeff"])
def test_a_file_without_text_is_refused_as_empty(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match="is empty"):
        read(tmp_path, "a.md", content)


def test_an_unknown_ending_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"ends in \.docx; documents end in \.txt"):
        read(tmp_path, "a.docx", "x")
