"""One source file to its facts: what worker processes do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.errors import FileError
from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.garbage import collector_paused
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.registry import LANGUAGES
from include.pipelines.code_graph.scopes import Facts
from include.pipelines.code_graph.selection import made_by_machine


@dataclass(frozen=True, slots=True)
class CodeOptions:
    """What decides how a file becomes facts.

    Attributes:
        root: the tree's folder; keys hold paths relative to it.
        max_bytes: larger files are refused. Sources written by people stay far below; the largest of an installed
            Airflow has 0.2 MB.
        machine_made: read minified and generated files too.
    """

    root: str
    max_bytes: int = 2_000_000
    machine_made: bool = False


def language_of(path: str) -> Language | None:
    """The language of a file, by the end of its name; None where no language has it."""
    name = path.rpartition("/")[2]
    for language in LANGUAGES.values():
        for suffix in language.suffixes:
            if name == suffix or (suffix.startswith(".") and name.endswith(suffix)):
                return language
    return None


def prepare(path: Path, options: CodeOptions) -> ParsedFile:
    """The facts of a file.

    What does not parse is left out with a reject that names the line; the rest is there. Of a minified or generated
    file only the file itself is there, with a reject that says so.

    Raises:
        FileError: the file is too large, no text, or of no known language.
    """
    relative = path.relative_to(options.root).as_posix()
    language = language_of(relative)
    if language is None:
        raise FileError(f"{relative} is of no language that is known.", "Leave it out, or add its language.")
    source = path.read_bytes()
    if len(source) > options.max_bytes:
        what = f"{relative} has {len(source):,} bytes; at most {options.max_bytes:,} were expected."
        raise FileError(what, "Leave it out, or raise max_bytes.")
    if b"\0" in source:
        raise FileError(f"{relative} has NUL bytes where text was expected.", "Save it as UTF-8, or leave it out.")
    reason = "" if options.machine_made else made_by_machine(source)
    if reason:
        facts = Facts(relative, language.name, relative)
        facts.reject(1, "machine-made", f"The file is {reason}; only the file itself is in the graph.")
        return facts.parsed(source.count(b"\n") + 1)
    try:
        with collector_paused():
            return language.parse(relative, source)
    except RecursionError as error:
        what = f"{relative} nests its code deeper than can be read."
        raise FileError(what, "Leave it out; files like it are mostly made by a machine.") from error
