"""The graph's labels and relationship types.

Keys are `path::qualified name`, the module's with an empty name: they change with a file's path and a definition's own
name, not with lines. Every node and relationship bears the file that it comes from; a call comes from the caller's.
"""

from __future__ import annotations

import pyarrow as pa

from include.writers.graph.targets import NodeTarget, Property, RelationshipTarget

_TEXT = pa.string()
_NUMBER = pa.int64()

FILE = "file"
_PLACE = (Property("name", _TEXT), Property("qualified_name", _TEXT), Property("language", _TEXT))
_LINES = (Property("line", _NUMBER), Property("end_line", _NUMBER), Property(FILE, _TEXT))


def _node(label: str, *properties: Property) -> NodeTarget:
    return NodeTarget(label, Property("key", _TEXT), (*_PLACE, *properties, *_LINES), scope=FILE)


NODES = {label: _node(label) for label in ("File", "Module", "Class", "Function", "Method")}

_CALL = (
    Property("line", _NUMBER), Property("calls", _NUMBER), Property("resolution", _TEXT),
    Property("confidence", pa.float64()), Property(FILE, _TEXT),
)  # fmt: skip
_AT = (Property("line", _NUMBER), Property(FILE, _TEXT))
_CALLERS = ("Module", "Function", "Method")
_CALLEES = ("Function", "Method", "Class")
_SCOPES = ("Module", "Class", "Function", "Method")

_PATTERNS = {
    "CONTAINS": ([("File", "Module")], _AT),
    "DEFINES": ([(source, target) for source in _SCOPES for target in _CALLEES], _AT),
    "IMPORTS": ([("Module", "Module")], _AT),
    "INHERITS": ([("Class", "Class")], (Property("position", _NUMBER), *_AT)),
    "CALLS": ([(source, target) for source in _CALLERS for target in _CALLEES], _CALL),
}
RELATIONSHIPS = {
    (type_, source, target): RelationshipTarget(type_, NODES[source], NODES[target], properties)
    for type_, (pairs, properties) in _PATTERNS.items()
    for source, target in pairs
}
TARGETS: tuple[NodeTarget | RelationshipTarget, ...] = (*NODES.values(), *RELATIONSHIPS.values())
