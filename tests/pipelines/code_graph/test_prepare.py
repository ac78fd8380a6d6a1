from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from include.errors import FileError
from include.pipelines.code_graph.prepare import CodeOptions, prepare

BROKEN = {
    "a.py": "def kept():\n    pass\n\nclass Also:\n    pass\n\ndef broken(:\n",
    "a.js": "function kept() {}\nclass Also { m( { }\nfunction after() {}\n",
    "a.ts": "function kept() {}\nconst x: = 3;\n",
    "a.go": "package p\nfunc kept() {}\nfunc broken( {\n",
}


def prepared(tmp_path: Path, name: str, content: bytes, **options: object) -> object:
    (tmp_path / name).write_bytes(content)
    return prepare(tmp_path / name, CodeOptions(str(tmp_path), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gives_what_could_be_read_and_a_reject(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BROKEN[name])
    facts = prepare(tmp_path / name, CodeOptions(str(tmp_path)))
    assert "kept" in {each.qual for each in facts.definitions}
    assert {each.code for each in facts.rejects} == {"syntax"}
    assert all(each.part == name and each.line >= 1 and "broken" not in each.reason for each in facts.rejects)


@pytest.mark.parametrize("name", BROKEN)
def test_no_beginning_of_a_file_stops_the_walk(tmp_path: Path, name: str) -> None:
    text = BROKEN[name].encode()
    for end in range(len(text)):
        (tmp_path / name).write_bytes(text[:end])
        assert prepare(tmp_path / name, CodeOptions(str(tmp_path))).path == name


def test_facts_pickle_and_are_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x=[1, lambda: 2]):\n    return [g() for g in x]\n")
    facts = prepare(tmp_path / "a.py", CodeOptions(str(tmp_path)))
    assert pickle.loads(pickle.dumps(facts)) == facts == prepare(tmp_path / "a.py", CodeOptions(str(tmp_path)))


def test_what_a_machine_made_is_a_file_without_contents_unless_asked_for(tmp_path: Path) -> None:
    small = tmp_path / "a.js"
    small.write_text("function f(){}" * 800)
    assert prepare(small, CodeOptions(str(tmp_path))).definitions == ()
    assert [each.code for each in prepare(small, CodeOptions(str(tmp_path))).rejects] == ["machine-made"]
    assert prepare(small, CodeOptions(str(tmp_path), machine_made=True)).definitions


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [("a.txt", b"", "language"), ("a.py", b"x" * 2_000, "bytes"), ("a.py", b"a\0b", "NUL")],
)
def test_a_file_that_is_no_source_is_refused_by_name(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=rf"{name}.*{word}") as refused:
        prepare(tmp_path / name, CodeOptions(str(tmp_path), max_bytes=1_000))
    assert refused.value.remedy


def test_python_in_other_encodings_is_read_by_its_own_declaration(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes("# coding: latin-1\ndef caf\xe9(): pass\n".encode("latin-1"))
    facts = prepare(tmp_path / "a.py", CodeOptions(str(tmp_path)))
    assert [each.name for each in facts.definitions] == ["caf\xe9"]
