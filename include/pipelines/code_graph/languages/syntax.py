"""What all languages that tree-sitter parses share."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.scopes import Facts

# A file with more broken places than this says it once more and no further.
MAX_REJECTS = 20


def note_errors(root: Node, facts: Facts) -> None:
    """A reject for each place that does not parse."""
    if not root.has_error:
        return
    waiting = [root]
    while waiting and len(facts.rejects) < MAX_REJECTS:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            line = int(node.start_point[0]) + 1
            facts.reject(line, "syntax", f"The file does not parse on line {line}; the rest of it was read.")
        else:
            waiting.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)


def text(node: Node | None) -> str:
    """The source of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def line(node: Node) -> int:
    """The line on which a node begins, 1-based."""
    return int(node.start_point[0]) + 1
