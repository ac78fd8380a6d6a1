"""Where the imports of JavaScript and TypeScript lead: files, folders, tsconfig paths, packages of a workspace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.language import Language, Module
from include.pipelines.code_graph.scopes import Facts
from include.pipelines.code_graph.tree import Tree, joined, normal, parent, parents

SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".jsx", ".mjs", ".cjs")
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r",(\s*[}\]])")
# A chain of `extends` longer than this is a circle.
MAX_EXTENDS = 10


def module(tree: Tree, path: str, name: str) -> Module | None:
    """The file that an import in a file means."""
    for place in _places(tree, path, name):
        found = _file(tree, place)
        if found is not None:
            return Module((found,))
    return None


def members(name: str) -> tuple[str, ...]:
    """The slots of an exported name; the default one may be what `module.exports` is."""
    return ("exports:default", "exports:=") if name == "default" else (f"exports:{name}",)


def _places(tree: Tree, path: str, name: str) -> Iterator[str]:
    if name.startswith((".", "/")):
        place = normal(joined(parent(path), name))
        if place is not None:
            yield place
        return
    config = nearest(tree, path, ("tsconfig.json", "jsconfig.json"))
    if config:
        yield from _by_config(tree, config, name)
    yield from _by_package(tree, name)


def nearest(tree: Tree, path: str, names: tuple[str, ...]) -> str:
    """The closest of these files above a path; empty where there is none."""
    for folder in parents(path):
        for name in names:
            if joined(folder, name) in tree.settings:
                return joined(folder, name)
    return ""


def _by_config(tree: Tree, config: str, name: str) -> Iterator[str]:
    """What `paths` and `baseUrl` make of a name; the longest matching pattern is the one."""
    options = compiler_options(tree, config)
    base = options.get("baseUrl")
    paths = options.get("paths")
    best: tuple[int, str, Any] = (-1, "", None)
    for pattern, targets in paths[1].items() if paths else ():
        rest = _matched(pattern, name)
        if rest is not None and len(pattern) > best[0]:
            best = (len(pattern), rest, targets)
    root = base or (paths[0] if paths else "")
    for target in best[2] or ():
        place = normal(joined(root, str(target).replace("*", best[1])))
        if place is not None:
            yield place
    if base is not None:
        place = normal(joined(base, name))
        if place is not None:
            yield place


def compiler_options(tree: Tree, config: str, hops: int = MAX_EXTENDS) -> dict[str, Any]:
    """`baseUrl` and `paths` with the folder that they begin at, after `extends`."""
    settings = tree.settings.get(config, {})
    found: dict[str, Any] = {}
    extended: Any = settings.get("extends") or ()
    for name in [extended] if isinstance(extended, str) else extended:
        place = normal(joined(parent(config), name)) if str(name).startswith(".") else None
        for candidate in (place, f"{place}.json"):
            if place is not None and candidate in tree.settings and hops:
                found |= compiler_options(tree, str(candidate), hops - 1)
                break
    options: Any = settings.get("compilerOptions") or {}
    if isinstance(options.get("baseUrl"), str):
        found["baseUrl"] = normal(joined(parent(config), options["baseUrl"]))
    if isinstance(options.get("paths"), dict):
        found["paths"] = (parent(config), options["paths"])
    return found


def _matched(pattern: str, name: str) -> str | None:
    """What the star of a pattern stands for; empty where it has none."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if name == pattern else None
    if name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after):
        return name[len(before) : len(name) - len(after)]
    return None


def _by_package(tree: Tree, name: str) -> Iterator[str]:
    """A package of the same tree, by the name in its package.json."""
    for config, settings in tree.settings.items():
        own = settings.get("name")
        if not (config.endswith("package.json") and isinstance(own, str)):
            continue
        folder = parent(config)
        if name == own:
            for entry in _entries(settings, "."):
                yield joined(folder, normal(entry) or "")
            yield joined(folder, "src/index")
            yield joined(folder, "index")
        elif name.startswith(own + "/"):
            rest = name[len(own) + 1 :]
            for entry in _entries(settings, "./" + rest):
                yield joined(folder, normal(entry) or "")
            yield joined(folder, rest)
            yield joined(folder, "src/" + rest)


def _entries(settings: dict[str, object], name: str) -> Iterator[str]:
    """The files that a package says it begins at."""
    exports: Any = settings.get("exports")
    if isinstance(exports, dict) and not any(str(key).startswith(".") for key in exports):
        exports = {".": exports}
    if isinstance(exports, str):
        exports = {".": exports}
    yield from _strings((exports or {}).get(name))
    if name == ".":
        for key in ("source", "types", "module", "main"):
            yield from _strings(settings.get(key))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _file(tree: Tree, place: str) -> str | None:
    """The file that a place means: itself, with an ending, as TypeScript's source of a `.js`, or a folder's index."""
    if place in tree.paths:
        return place
    stem, dot, ending = place.rpartition(".")
    if dot and ending in ("js", "jsx", "mjs", "cjs"):
        for suffix in (".ts", ".tsx", ".mts", ".cts"):
            if stem + suffix in tree.paths:
                return stem + suffix
    for suffix in SUFFIXES:
        if place + suffix in tree.paths:
            return place + suffix
    for suffix in SUFFIXES:
        if joined(place, "index" + suffix) in tree.paths:
            return joined(place, "index" + suffix)
    return None


def parse_settings(path: str, source: bytes) -> ParsedFile:
    """A package.json or tsconfig.json; one that cannot be read is a reject."""
    facts = Facts(path, "settings", path)
    text = source.decode("utf-8-sig", "replace")
    try:
        plain = _TRAILING.sub(r"\1", _COMMENTS.sub(lambda found: found.group(1) or "", text))
        document = json.loads(plain) if plain.strip() else {}
    except ValueError as error:
        facts.reject(getattr(error, "lineno", 1), "settings", "The file is not JSON, with or without comments.")
        document = {}
    if isinstance(document, dict):
        wanted = ("name", "main", "module", "types", "source", "exports", "extends", "compilerOptions")
        facts.settings = [(key, document[key]) for key in wanted if key in document]
    return facts.parsed(source.count(b"\n") + 1)


SETTINGS = Language(
    "settings", ("package.json", "tsconfig.json", "jsconfig.json", "tsconfig.base.json"), parse_settings
)
