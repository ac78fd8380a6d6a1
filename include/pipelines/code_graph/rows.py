"""A file's nodes and relationships as rows, and rows as Arrow tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from include.pipelines.code_graph.confidence import CONFIDENCE, confidence, resolution
from include.pipelines.code_graph.facts import Definition, ParsedFile
from include.pipelines.code_graph.flow.callees import calls_of, label_of
from include.pipelines.code_graph.flow.program import Program
from include.pipelines.code_graph.targets import NODES, RELATIONSHIPS
from include.writers.graph.targets import NodeTarget, RelationshipTarget

Row = tuple[object, ...]
Place = tuple[str, str, str]

_LABELS = {"class": "Class", "method": "Method", "function": "Function"}


@dataclass(slots=True)
class FileRows:
    """The rows of one file; relationships by type and the labels of both ends.

    A node is (key, name, qualified name, language, line, last line, file), a relationship (source, target, ...), in
    the order of its target's columns.
    """

    nodes: dict[str, list[Row]] = field(default_factory=dict)
    relationships: dict[Place, list[Row]] = field(default_factory=dict)

    def digest(self) -> str:
        """What tells whether the rows are those of before."""
        return hashlib.sha256(repr((self.nodes, self.relationships)).encode()).hexdigest()


def key_of(path: str, qual: str) -> str:
    """The key of a definition, or of the module where the name is empty."""
    return f"{path}::{qual}"


def file_rows(program: Program, path: str) -> FileRows:
    """All rows of a file, sorted."""
    rows = FileRows()
    facts = program.files[path].facts
    _nodes(facts, rows)
    _definitions(facts, rows)
    _imports(program, path, rows)
    _bases(program, path, rows)
    _calls(program, path, rows)
    for group in (rows.nodes, rows.relationships):
        for each in group.values():
            each.sort(key=lambda row: row[:2])
    return rows


def _nodes(facts: ParsedFile, rows: FileRows) -> None:
    path, language, last = facts.path, facts.language, facts.lines_total
    rows.nodes["File"] = [(path, path.rpartition("/")[2], path, language, 1, last, path)]
    rows.nodes["Module"] = [(key_of(path, ""), facts.module.rpartition(".")[2], facts.module, language, 1, last, path)]
    rows.relationships["CONTAINS", "File", "Module"] = [(path, key_of(path, ""), 1, path)]
    for each in facts.definitions:
        row = (key_of(path, each.qual), each.name, each.qual, language, each.line, each.end_line, path)
        rows.nodes.setdefault(_LABELS[each.kind], []).append(row)


def _definitions(facts: ParsedFile, rows: FileRows) -> None:
    labels = {each.qual: _LABELS[each.kind] for each in facts.definitions}
    for each in facts.definitions:
        scope = each.scope if each.scope in labels else ""
        place = ("DEFINES", labels.get(scope, "Module"), _LABELS[each.kind])
        row = (key_of(facts.path, scope), key_of(facts.path, each.qual), each.line, facts.path)
        rows.relationships.setdefault(place, []).append(row)


def _imports(program: Program, path: str, rows: FileRows) -> None:
    """Modules of the tree that the file names, each once, with the first line."""
    source = key_of(path, "")
    found = [(source, key_of(target, ""), line, path) for target, line in program.files[path].imported]
    if found:
        rows.relationships["IMPORTS", "Module", "Module"] = list(found)


def _bases(program: Program, path: str, rows: FileRows) -> None:
    file = program.files[path]
    lines = {each.qual: each.line for each in file.facts.definitions}
    found: list[Row] = []
    positions: dict[str, int] = {}
    for qual, base_path, base in file.bases:
        position = positions[qual] = positions.get(qual, -1) + 1
        found.append((key_of(path, qual), key_of(base_path, base), position, lines.get(qual, 1), path))
    if found:
        rows.relationships["INHERITS", "Class", "Class"] = found


def _calls(program: Program, path: str, rows: FileRows) -> None:
    """One row for each caller and callee: first line, number of calls, the surest resolution."""
    facts = program.files[path].facts
    callers = {each.qual: _LABELS[each.kind] for each in facts.definitions}
    found: dict[tuple[str, str, str, str], tuple[int, int, float, str]] = {}
    for lines, _, call, targets in calls_of(program, path):
        for target, how in targets:
            label = label_of(target)
            if label is None:
                continue
            word = resolution(call, how)
            source = (callers.get(call.scope, "Module"), call.scope if call.scope in callers else "")
            place = (*source, label, key_of(target.file.path, target.qual))
            sure = confidence(word, len(targets))
            line, count, best, known = found.get(place, (lines, 0, -1.0, ""))
            if (sure, known) > (best, known) or (sure == best and word < known):
                best, known = sure, word
            found[place] = (min(line, lines), count + 1, best, known)
    for (caller, scope, label, key), (line, count, best, word) in found.items():
        row = (key_of(path, scope), key, line, count, word, best, path)
        rows.relationships.setdefault(("CALLS", caller, label), []).append(row)


def tables(files: Iterable[FileRows]) -> dict[NodeTarget | RelationshipTarget, pa.Table]:
    """The rows of files as one table for each target that has any, in the targets' order."""
    nodes: dict[str, list[Row]] = {}
    relationships: dict[Place, list[Row]] = {}
    for each in files:
        for label, rows in each.nodes.items():
            nodes.setdefault(label, []).extend(rows)
        for place, rows in each.relationships.items():
            relationships.setdefault(place, []).extend(rows)
    found: dict[NodeTarget | RelationshipTarget, pa.Table] = {}
    for label, node in NODES.items():
        if label in nodes:
            found[node] = _table(node, nodes[label])
    for place, relationship in RELATIONSHIPS.items():
        if place in relationships:
            found[relationship] = _table(relationship, relationships[place])
    return found


def _table(target: NodeTarget | RelationshipTarget, rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(values, column.type) for values, column in zip(columns, target.columns, strict=True)]
    return pa.table(arrays, names=[column.name for column in target.columns])


__all__ = ["CONFIDENCE", "Definition", "FileRows", "file_rows", "key_of", "tables"]
