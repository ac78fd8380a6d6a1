"""Where Python's imports lead."""

from __future__ import annotations

from include.pipelines.code_graph.languages.language import Module
from include.pipelines.code_graph.tree import Tree, joined, parent


def module(tree: Tree, path: str, name: str) -> Module | None:
    """The module that an import in a file means; None where the tree has none."""
    level = len(name) - len(name.lstrip("."))
    if level:
        folder = path
        for _ in range(level):
            if not folder:
                return None
            folder = parent(folder)
        return below(tree, folder, name[level:])
    return _absolute(tree, path, name)


def _absolute(tree: Tree, path: str, name: str) -> Module | None:
    """Looked up beside the importing file's topmost package, at the root, and at every other place of packages."""
    first, _, rest = name.partition(".")
    if first == tree.root and "__init__.py" in tree.paths:
        found = below(tree, "", rest)
        if found is not None:
            return found
    own = parent(path)
    while own and joined(own, "__init__.py") in tree.paths:
        own = parent(own)
    for folder in dict.fromkeys((own, "", *tree.python_roots())):
        if folder == "" and "__init__.py" in tree.paths and own != "":
            continue
        found = below(tree, folder, name)
        if found is not None:
            return found
    return None


def below(tree: Tree, folder: str, name: str) -> Module | None:
    """The module of a dotted name below a folder; an empty name is the folder itself."""
    place = joined(folder, name.replace(".", "/")) if name else folder
    for suffix in (".py", ".pyi"):
        package = joined(place, "__init__" + suffix)
        if package in tree.paths:
            return Module((package,), place)
    if name and place + ".py" in tree.paths:
        return Module((place + ".py",), None)
    if name and place + ".pyi" in tree.paths:
        return Module((place + ".pyi",), None)
    return Module((), place) if place in tree.folders else None


def submodule(tree: Tree, package: Module, name: str) -> Module | None:
    """A module of a package."""
    return None if package.folder is None else below(tree, package.folder, name)
