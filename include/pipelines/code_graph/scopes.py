"""Names while a file is walked: what each holds at this point, and what it may hold at any."""

from __future__ import annotations

from collections.abc import Iterable

from include.pipelines.code_graph.facts import Call, Class, Definition, Function, Import, ParsedFile, Term
from include.results import Reject


class Scope:
    """A module, a class or a function while its statements are read in their order.

    Attributes:
        qual: the qualified name; empty for the module.
        caller: the function (or module, empty) whose calls the statements make: a class body runs where it stands.
        env: what each name holds at this point of the walk; also the paths that were assigned (`self.x`).
        assigned: everything that each name is ever given, for whoever sees it from elsewhere.
        needed: names of a function that another scope reads.
        outer: names that belong to another scope (`global`, `nonlocal`).
        log: what to undo at the end of a branch, None outside branches.
    """

    __slots__ = (
        "assigned", "caller", "counts", "env", "kind", "log", "needed", "outer", "owner", "parent",
        "paths", "qual", "returns", "types", "yields",
    )  # fmt: skip

    def __init__(self, kind: str, qual: str, parent: Scope | None, caller: str, owner: str = "") -> None:
        self.kind = kind
        self.qual = qual
        self.parent = parent
        self.caller = caller
        self.owner = owner
        self.env: dict[str, Term] = {}
        self.assigned: dict[str, list[Term]] = {}
        self.types: dict[str, Term] = {}
        self.needed: set[str] = set()
        self.outer: dict[str, Scope] = {}
        self.log: list[tuple[str, Term, bool]] | None = None
        self.paths = False
        self.counts: dict[str, int] = {}
        self.returns: list[Term] = []
        self.yields: list[Term] = []

    def bind(self, name: str, term: Term) -> None:
        """Gives the name a new value from here on."""
        if self.outer and name in self.outer:
            owner = self.outer[name]
            owner.assigned.setdefault(name, []).append(term)
            owner.needed.add(name)
        elif name in self.assigned:
            self.assigned[name].append(term)
        else:
            self.assigned[name] = [term]
        self.put(name, term)

    def put(self, name: str, term: Term) -> None:
        """Sets what the name or path holds at this point alone."""
        if self.log is not None:
            self.log.append((name, self.env.get(name), name in self.env))
        if self.paths:
            self._forget_paths(name)
        self.env[name] = term

    def put_path(self, path: str, term: Term) -> None:
        """Sets what a path such as `self.x` holds; assigning to what it begins with forgets it."""
        self.put(path, term)
        self.paths = True

    def _forget_paths(self, name: str) -> None:
        for path in [path for path in self.env if path.startswith((name + ".", name + "["))]:
            if self.log is not None:
                self.log.append((path, self.env[path], True))
            del self.env[path]

    def number(self, text: str) -> str:
        """The text with a count from its second time on: keys of equal things of one scope."""
        count = self.counts[text] = self.counts.get(text, 0) + 1
        return text if count == 1 else f"{text}~{count}"


def key_of(term: Term) -> object:
    """The key that a term may serve as: a constant, an imported one, or None for any.

    Only what cannot turn out to be something else later: a key that is first any and then known would make the
    solution depend on the order in which it is found.
    """
    if term is None or term[0] not in "#i":
        return None
    return term[1] if term[0] == "#" else term


class Facts:
    """Collects the facts of one file while it is walked."""

    def __init__(self, path: str, language: str, module: str) -> None:
        self.path, self.language, self.module = path, language, module
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []
        self.slots: dict[str, tuple[Term, ...]] = {}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.calls: dict[str, Call] = {}
        self.lines: dict[str, int] = {}
        self.sites: dict[str, tuple[tuple[object, Term], ...]] = {}
        self.attributes: list[tuple[Term, str, Term]] = []
        self.items: list[tuple[Term, object, Term]] = []
        self.stars: list[str] = []
        self.rejects: list[Reject] = []
        self.settings: list[tuple[str, object]] = []
        self.quals: dict[str, int] = {}
        self.exports: dict[str, list[Term]] = {}

    def unique(self, qual: str) -> str:
        """The qualified name, or with a number where the file defines it again."""
        count = self.quals[qual] = self.quals.get(qual, 0) + 1
        return qual if count == 1 else f"{qual}#{count}"

    def reject(self, line: int, code: str, reason: str) -> None:
        """Notes a part of the file that could not be read."""
        self.rejects.append(Reject(self.path, line, 0, 0, None, code, reason))

    def slot(self, scope: str, name: str, terms: Iterable[Term]) -> str:
        """Emits what a variable may hold, and returns its slot."""
        key = f"{scope}:{name}"
        known = tuple(dict.fromkeys(term for term in terms if term is not None and term != ("v", key)))
        if known:
            self.slots[key] = known
        return key

    def parsed(self, lines_total: int) -> ParsedFile:
        """The facts as a value."""
        return ParsedFile(
            path=self.path, language=self.language, module=self.module, lines_total=lines_total,
            definitions=tuple(self.definitions), imports=tuple(self.imports), slots=self.slots,
            functions=self.functions, classes=self.classes, calls=self.calls, sites=self.sites,
            attributes=tuple(self.attributes), items=tuple(self.items), stars=tuple(self.stars), lines=self.lines,
            rejects=tuple(self.rejects), settings=tuple(self.settings),
        )  # fmt: skip


class Walk:
    """What the walks of all languages share: scopes, branches, calls, literals.

    Subclasses read the syntax. Bodies of functions are read after the code that surrounds them, so that they see all
    names that it defines.
    """

    # Names that a merge finds with several values get a slot of their own, which keeps terms small.
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.module = Scope("module", "", None, "")
        self.scope = self.module
        self.scopes: list[Scope] = [self.module]

    def call(self, text: str, line: int, call: Call) -> Term:
        """Notes a call and returns the term of its result."""
        key = self.scope.number(f"{call.scope}@{text}")
        self.facts.calls[key] = call
        self.facts.lines[key] = line
        return ("c", key)

    def site(self, text: str, entries: Iterable[tuple[object, Term]]) -> Term:
        """The term of a container with these entries; a key of None is any key."""
        key = self.scope.number(f"{self.scope.qual}{text}")
        self.facts.sites[key] = tuple(entry for entry in entries if entry[1] is not None)
        return ("o", key)

    def merged(self, name: str, terms: Iterable[Term]) -> Term:
        """One term for what a name holds where branches meet."""
        known = list(dict.fromkeys(term for term in terms if term is not None))
        if len(known) <= 1:
            return known[0] if known else None
        return ("v", self.facts.slot(self.scope.qual, self.scope.number(f"{name}|"), known))

    def merge(self, outcomes: list[dict[str, Term]]) -> None:
        """Goes on after branches, of which each gives what it leaves behind."""
        env = self.scope.env
        for name in dict.fromkeys(name for outcome in outcomes for name in outcome):
            values = [outcome[name] if name in outcome else env.get(name) for outcome in outcomes]
            self.scope.put(name, self.merged(name, values))

    def begin_branch(self) -> list[tuple[str, Term, bool]] | None:
        """Starts a branch; give what it returns to `end_branch`."""
        outer = self.scope.log
        self.scope.log = []
        return outer

    def end_branch(self, outer: list[tuple[str, Term, bool]] | None) -> dict[str, Term]:
        """Undoes the branch and returns what it left in each name."""
        scope = self.scope
        log, env = scope.log or [], scope.env
        outcome = {name: env.get(name) for name, _, _ in log}
        for name, term, known in reversed(log):
            if known:
                env[name] = term
            else:
                env.pop(name, None)
        scope.log = outer
        return outcome

    def outside(self, name: str) -> tuple[bool, Term]:
        """What a name of a surrounding scope may hold, whenever; (False, None) where none has it."""
        scope = self.scope.parent
        while scope is not None:
            if scope.kind != "class" and name in scope.assigned:
                return True, self.seen(scope, name)
            scope = scope.parent
        return False, None

    def seen(self, scope: Scope, name: str) -> Term:
        """What another scope's name may hold: directly where it is given one value only."""
        terms = scope.assigned[name]
        if len(terms) == 1 and terms[0] is not None and terms[0][0] in "fkip#" and name not in scope.types:
            return terms[0]
        scope.needed.add(name)
        return ("v", f"{scope.qual}:{name}")

    def finish(self) -> None:
        """Emits the variables that other scopes or files can see."""
        for scope in self.scopes:
            every = scope.kind != "function"
            for name, terms in scope.assigned.items():
                if every or name in scope.needed:
                    self.facts.slot(scope.qual, name, terms + ([scope.types[name]] if name in scope.types else []))
