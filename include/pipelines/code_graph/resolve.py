"""From the facts of files to the graph's rows, at once or change by change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.flow.changes import update
from include.pipelines.code_graph.flow.program import MAX_WORK, Program
from include.pipelines.code_graph.garbage import collector_paused
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.registry import LANGUAGES
from include.pipelines.code_graph.rows import FileRows, file_rows, tables
from include.writers.graph.targets import NodeTarget, RelationshipTarget


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a change does to the graph.

    Attributes:
        files: the rows of each file whose rows differ from before; they replace all rows of that file.
        gone: files whose rows go.
        narrow: what callers pass was not followed, since it took too much work; other edges are as they were.
        asked: files that were resolved again, those whose rows stayed the same among them.
    """

    files: dict[str, FileRows] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    narrow: bool = False

    def tables(self) -> dict[NodeTarget | RelationshipTarget, pa.Table]:
        """The rows as one Arrow table for each target that has any."""
        with collector_paused():
            return tables(self.files.values())


class Resolver:
    """A tree's graph, kept while its files change.

    After any changes it holds what it would hold had it been given the files as they are now. A change asks again only
    those files whose calls read something that the change made different, and gives back only those whose rows differ.

    Args:
        root: the name of the tree's folder, which is a package's name where the folder is one.
        languages: by name; all that are known where none are given.
        max_work: steps for each call before arguments are followed no longer; `Resolution.narrow` says so.
    """

    def __init__(self, root: str = "", languages: Mapping[str, Language] = LANGUAGES, max_work: int = MAX_WORK) -> None:
        self.program = Program(languages, root, max_work)
        self._digests: dict[str, str] = {}

    def update(self, changed: Iterable[ParsedFile], gone: Iterable[str] = ()) -> Resolution:
        """Takes in new and changed files and lets go of others."""
        changed, gone = list(changed), tuple(path for path in gone if path in self._digests)
        with collector_paused():
            return self._update(changed, gone)

    def _update(self, changed: list[ParsedFile], gone: tuple[str, ...]) -> Resolution:
        asked = sorted(update(self.program, changed, gone))
        files: dict[str, FileRows] = {}
        for path in asked:
            rows = file_rows(self.program, path)
            digest = rows.digest()
            if self._digests.get(path) != digest:
                self._digests[path] = digest
                files[path] = rows
        for path in gone:
            if path not in self.program.files:
                self._digests.pop(path)
        return Resolution(
            files, tuple(path for path in gone if path not in self._digests), tuple(asked), self.program.narrow
        )


def resolve(files: Iterable[ParsedFile], root: str = "") -> Resolution:
    """The graph of a whole tree."""
    return Resolver(root).update(files)
