# ruff: noqa: E501 (a template a line)
"""Small programs that are put together at random: the same few names everywhere, so that files really meet."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ("alpha", "beta", "gamma")
MODULES = ("one", "two", "pack.three", "pack.four", "pack")
PYTHON_PATHS = ("one.py", "two.py", "pack/three.py", "pack/four.py", "pack/__init__.py")
SCRIPT_PATHS = ("one.ts", "two.ts", "lib/three.ts", "lib/index.ts", "old.js")
GO_PATHS = ("a.go", "b.go", "sub/c.go", "sub/d.go")

name = st.sampled_from(NAMES)


def _filled(template: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(parts).map(lambda values: template.format(**values))


_klass = st.sampled_from(("Alpha", "Beta"))
_module = st.sampled_from(MODULES)
python_lines = st.one_of(
    _filled("from {m} import {n}", m=_module, n=name),
    _filled("from {m} import {k}", m=_module, k=_klass),
    _filled("from {m} import *", m=_module),
    _filled("import {m}", m=_module),
    _filled("from .{m} import {n} as {o}", m=st.sampled_from(("three", "four", "")), n=name, o=name),
    _filled("def {n}(x, y=None):\n    return x", n=name),
    _filled("def {n}(x):\n    x()\n    return {o}", n=name, o=name),
    _filled("def {n}(*rest, **named):\n    yield {o}", n=name, o=name),
    _filled("{n} = {o}", n=name, o=name),
    _filled("{n} = [{o}, {p}]\n{n}[0]()", n=name, o=name, p=name),
    _filled("{n}({o})", n=name, o=name),
    _filled("for each in {n}({o}):\n    each()", n=name, o=name),
    _filled("class {k}({b}):\n    def {n}(self, x):\n        self.{o} = x\n        self.{p}()", k=_klass, b=_klass, n=name, o=name, p=name),
    _filled("class {k}:\n    def __init__(self, x):\n        self.{n} = x\n    @property\n    def {o}(self):\n        return self.{n}", k=_klass, n=name, o=name),
    _filled("class {k}:\n    @staticmethod\n    def {n}(x):\n        return x\n    def {o}(self):\n        return super().{o}()", k=_klass, n=name, o=name),
    _filled("{k}({n}).{o}({p})", k=_klass, n=name, o=name, p=name),
    _filled("item = {k}({n})\nitem.{o} = {p}\nitem.{o}()", k=_klass, n=name, o=name, p=name),
    _filled("@{n}\ndef {o}():\n    {p}()", n=name, o=name, p=name),
)  # fmt: skip
script_lines = st.one_of(
    _filled("import {{ {n} }} from '{m}'", n=name, m=st.sampled_from(("./one", "./two", "./lib", "../one", "./three"))),
    _filled("export * from '{m}'", m=st.sampled_from(("./one", "./two", "./three", "../two"))),
    _filled("export function {n}(x) {{ x(); return {o} }}", n=name, o=name),
    _filled("export const {n} = (x) => {o}(x)", n=name, o=name),
    _filled("export class {k} extends {b} {{ {n}() {{ this.{o}() }} }}", k=_klass, b=_klass, n=name, o=name),
    _filled("export class {k} {{ constructor(x) {{ this.{n} = x }} get {o}() {{ return this.{n} }} }}", k=_klass, n=name, o=name),
    _filled("new {k}({n}).{o}()", k=_klass, n=name, o=name),
    _filled("const {{ {n} }} = require('./old'); {n}()", n=name),
    _filled("module.exports.{n} = {o}", n=name, o=name),
    _filled("module.exports = {{ {n}, {o}() {{ this.{n}() }} }}", n=name, o=name),
    _filled("[{n}].forEach(f => f({o}))", n=name, o=name),
    _filled("interface {k} {{ {n}(): {b} }}\nfunction {o}(x: {k}) {{ x.{n}().{p}() }}", k=_klass, b=_klass, n=name, o=name, p=name),
)  # fmt: skip
_type = st.sampled_from(("Alpha", "Beta", "Gamma"))
go_lines = st.one_of(
    _filled("func {n}(x func()) func() {{ x(); return {o}(nil) }}", n=name, o=name),
    _filled("type {t} struct {{ {u}; f func() }}", t=_type, u=_type),
    _filled("type {t} interface {{ {n}() {u} }}", t=_type, n=name, u=_type),
    _filled("func (a *{t}) {n}() {u} {{ return a.{o}() }}", t=_type, n=name, u=_type, o=name),
    _filled("func use{t}(a {t}) {{ a.{n}() }}", t=_type, n=name),
    _filled("func main() {{ {t}{{}}.{n}(); sub.{o}(func() {{ {n}(nil) }}) }}", t=_type, n=name, o=name),
)
KINDS = {
    "python": (PYTHON_PATHS, python_lines, ""),
    "script": (SCRIPT_PATHS, script_lines, ""),
    "go": (GO_PATHS, go_lines, 'package p\n\nimport "example.org/x/sub"\n\n'),
}
GO_MODULE = ("go.mod", "module example.org/x\n")


def texts(kind: str) -> st.SearchStrategy[str]:
    """A file's text: a few lines of its kind."""
    _, lines, head = KINDS[kind]
    return st.lists(lines, max_size=5).map(lambda chosen: head + "\n".join(chosen) + "\n")


def edits(kind: str) -> st.SearchStrategy[list[dict[str, str | None]]]:
    """Sequences of edits; an edit gives files other texts, None takes one away."""
    paths, _, _ = KINDS[kind]
    edit = st.dictionaries(
        st.sampled_from(paths), st.one_of(st.none(), texts(kind), texts(kind)), min_size=1, max_size=3
    )
    return st.lists(edit, min_size=2, max_size=6)
