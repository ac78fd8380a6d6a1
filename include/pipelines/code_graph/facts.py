"""What one source file says, as plain tuples: the only thing that resolution across files ever reads of it.

A language turns syntax into *equations*; it decides nothing that takes another file. A **term** says what an expression
may evaluate to, as a tuple that begins with one letter:

| term | evaluates to |
| --- | --- |
| `("v", slot)` | what the variable holds; a slot is `scope:name`: `:main` of the module, `Shop.open:till` |
| `("i", module, name)` | what the module exports under that name; the module itself where the name is None |
| `("f", qual)`, `("k", qual)` | a function, a class of this file |
| `("p", qual, n)` | what callers pass as the function's parameter n |
| `("a", term, name)` | the attribute |
| `("x", term, key)` | the element under a key, a term or a plain str or int; None: any |
| `("e", term)` | what iterating over it gives |
| `("c", call)` | what the call returns |
| `("o", site)` | the container that the literal makes |
| `("n", term)` | an instance of the class that the term evaluates to: declared types |
| `("s", class, term)` | `super()` within the class, on that receiver |
| `("#", value)` | a str or an int, where it may serve as a key |
| `("u", term, ...)` | any of them |

None stands for what nothing is known of. Keys of calls, slots and sites hold no line, so that equal code keeps its
keys when lines are put before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from include.results import Reject

Term = tuple[Any, ...] | None

# What a call record stands for.
CALL = "call"
NEW = "new"
DECORATOR = "decorator"
ITERATION = "iteration"
CONTEXT = "context"
RAISE = "raise"
READ = "read"
PARTIAL = "partial"

# The key under which a literal or a store copies all that another container holds.
SPREAD = "..."


class Definition(NamedTuple):
    """A class or a function: `Shop.open` of kind `method`, first and last line (1-based), and the column of the first.

    `scope` is the qualified name of what it is defined in, empty for the module. `public`: other files may name it.
    """

    qual: str
    name: str
    kind: str
    scope: str
    line: int
    end_line: int
    column: int = 0


class Function(NamedTuple):
    """What calls need to know of a function.

    `parameters` by position; `star`, `keywords`: positions of those that take the rest, -1 where there is none.
    `bound`: how many leading parameters an attribute of an instance fills in (1: a method, 0: a static one), `owner`
    the class whose method it is. `kind`: `""`, `static`, `class`, `property`, `generator` separated by blanks.
    """

    parameters: tuple[str, ...]
    star: int = -1
    keywords: int = -1
    owner: str = ""
    kind: str = ""
    defaults: tuple[tuple[int, Term], ...] = ()
    returns: tuple[Term, ...] = ()
    yields: tuple[Term, ...] = ()
    types: tuple[tuple[int, Term], ...] = ()


class Class(NamedTuple):
    """What lookups need to know of a class: its bases in order; an `interface` is met by all that have its methods."""

    bases: tuple[Term, ...] = ()
    interface: bool = False
    kind: str = ""


class Call(NamedTuple):
    """A call or what amounts to one; `scope` is the caller's qualified name, empty for the module."""

    scope: str
    callee: Term
    arguments: tuple[Term, ...] = ()
    keywords: tuple[tuple[str | None, Term], ...] = ()
    kind: str = CALL


class Import(NamedTuple):
    """A module that the file names, the line, and names of it that may be modules themselves."""

    module: str
    line: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The facts of one file; `path` is relative to the tree's root, with slashes.

    `attributes`: stores to attributes, (base, name, value). `items`: stores under keys, (base, key, value).
    `stars`: modules all of whose names are imported. `lines`: the line of each call, by its key.
    """

    path: str
    language: str
    module: str
    lines_total: int
    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    slots: dict[str, tuple[Term, ...]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    sites: dict[str, tuple[tuple[object, Term], ...]] = field(default_factory=dict)
    attributes: tuple[tuple[Term, str, Term], ...] = ()
    items: tuple[tuple[Term, object, Term], ...] = ()
    stars: tuple[str, ...] = ()
    lines: dict[str, int] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()
    settings: tuple[tuple[str, object], ...] = ()
