"""The files of a tree by their paths: what imports are looked up in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath


class Tree:
    """Paths of a tree, relative to its root, and the settings that its configuration files hold.

    Args:
        root: the folder's own name, which is a package's where the root itself is one (an installed `rich`).
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.paths: set[str] = set()
        self.folders: dict[str, int] = {}
        self.settings: dict[str, dict[str, object]] = {}
        self._roots: tuple[str, ...] | None = None
        self._in_folders: dict[str, tuple[str, ...]] = {}

    def add(self, path: str, settings: Iterable[tuple[str, object]] = ()) -> None:
        """Takes a file in."""
        self.paths.add(path)
        for folder in parents(path):
            self.folders[folder] = self.folders.get(folder, 0) + 1
        if settings:
            self.settings[path] = dict(settings)
        self._roots = None
        self._in_folders.pop(parent(path), None)

    def remove(self, path: str) -> None:
        """Takes a file out."""
        self.paths.discard(path)
        for folder in parents(path):
            self.folders[folder] -= 1
            if not self.folders[folder]:
                del self.folders[folder]
        self.settings.pop(path, None)
        self._roots = None
        self._in_folders.pop(parent(path), None)

    def in_folder(self, folder: str, suffix: str) -> tuple[str, ...]:
        """The files of a folder itself, in their order."""
        if folder not in self._in_folders:
            self._in_folders[folder] = tuple(sorted(path for path in self.paths if parent(path) == folder))
        return tuple(path for path in self._in_folders[folder] if path.endswith(suffix))

    def python_roots(self) -> tuple[str, ...]:
        """Folders that hold packages without being one: where absolute imports are looked up."""
        if self._roots is None:
            packages = {str(PurePosixPath(path).parent) for path in self.paths if path.endswith("/__init__.py")}
            roots = {parent(folder) for folder in packages}
            self._roots = tuple(sorted(folder for folder in roots if folder not in packages))
        return self._roots


def parent(path: str) -> str:
    """The folder of a path, empty for the root."""
    return path.rpartition("/")[0]


def parents(path: str) -> Iterable[str]:
    """All folders above a path, the root (empty) last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def joined(folder: str, name: str) -> str:
    """A path below a folder."""
    return f"{folder}/{name}" if folder else name


def normal(path: str) -> str | None:
    """The path without `.` and `..`; None where it leaves the tree."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
