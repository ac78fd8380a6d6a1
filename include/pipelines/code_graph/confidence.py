"""How a call was resolved, and how surely.

| resolution | the callee is known by | confidence |
| --- | --- | --- |
| `name` | names, imports and attributes of modules and classes alone | 1.0 |
| `self` | the method's own receiver, its class and their bases | 0.95 |
| `constructor` | the class that is called, or its constructor | 1.0 |
| `flow` | what assignments, parameters, returns, containers and declared types let a value be | 0.9 |
| `protocol` | what the language calls by itself: `__iter__`, `__enter__`, `__call__`, accessors | 0.9 |
| `callback` | a function passed to a method of the language's own that calls it (`map`, `forEach`, `then`) | 0.8 |
| `interface` | classes that have all methods of the interface | 0.7 |

Where one call may run several, each has its share: of two, half.
"""

from __future__ import annotations

from typing import Any

from include.pipelines.code_graph.facts import READ, Call, Term

CONFIDENCE = {
    "name": 1.0,
    "self": 0.95,
    "constructor": 1.0,
    "flow": 0.9,
    "protocol": 0.9,
    "callback": 0.8,
    "interface": 0.7,
}


def resolution(call: Call, how: str) -> str:
    """The word for how a callee was found."""
    if how in CONFIDENCE:
        return how
    if call.kind == READ:
        return "protocol"
    if _by_name(call.callee):
        return "name"
    return "self" if _by_self(call.callee) else "flow"


def confidence(word: str, candidates: int) -> float:
    """How sure an edge is, one of so many that the same call may run."""
    return round(CONFIDENCE[word] / max(candidates, 1), 3)


def _by_name(term: Term | Any) -> bool:
    while term is not None and term[0] == "a":
        term = term[1]
    return term is not None and term[0] in "fkiv"


def _by_self(term: Term | Any) -> bool:
    if term is None or term[0] != "a" or term[1] is None:
        return False
    return bool(term[1][0] == "s" or (term[1][0] == "p" and term[1][2] == 0))
