"""The values that flow: functions, classes, instances (one for each class), modules, containers (one for each literal).

They are compared by identity; `Program` and the files keep the only one of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.nodes import Node


class Value:
    """Something that a variable may hold.

    `fields` has the nodes of its attributes or elements, by name or key; `only` is the set of this value alone.
    """

    __slots__ = ("fields", "only")

    def __init__(self) -> None:
        self.fields: dict[object, Node] = {}
        self.only = frozenset((self,))


class FunctionValue(Value):
    """A function of a file; `bindings` has its bound methods, by receiver; `name` is what calls of it say."""

    __slots__ = ("bindings", "file", "generator", "name", "nodes", "qual")

    def __init__(self, file: File, qual: str) -> None:
        super().__init__()
        self.file, self.qual = file, qual
        self.bindings: dict[Value, BoundValue] = {}
        self.nodes: dict[object, Node] = {}
        self.generator: GeneratorValue | None = None
        scope, _, name = qual.rpartition(".")
        if name.partition("#")[0] in file.language.constructors:
            name = scope.rpartition(".")[2]
        self.name = name.partition("#")[0]


class ClassValue(Value):
    """A class of a file, and its one instance."""

    __slots__ = ("file", "instance", "order", "qual", "supers")

    def __init__(self, file: File, qual: str) -> None:
        super().__init__()
        self.file, self.qual = file, qual
        self.instance = InstanceValue(self)
        self.order: Node | None = None
        self.supers: dict[Value, SuperValue] = {}


class InstanceValue(Value):
    """Any instance of a class."""

    __slots__ = ("of",)

    def __init__(self, of: ClassValue) -> None:
        super().__init__()
        self.of = of


class ModuleValue(Value):
    """A module: `files` by their paths; `folder` is where its submodules lie, None where it has none."""

    __slots__ = ("folder", "language", "paths")

    def __init__(self, language: str, paths: tuple[str, ...], folder: str | None) -> None:
        super().__init__()
        self.language, self.paths, self.folder = language, paths, folder


class SiteValue(Value):
    """The container or object that a literal of a file makes."""

    __slots__ = ("file", "key")

    def __init__(self, file: File, key: str) -> None:
        super().__init__()
        self.file, self.key = file, key


class GeneratorValue(Value):
    """What a call of a generator function returns."""

    __slots__ = ("of",)

    def __init__(self, of: FunctionValue) -> None:
        super().__init__()
        self.of = of


class BoundValue(Value):
    """A function with its receiver."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: FunctionValue, receiver: Value) -> None:
        super().__init__()
        self.function, self.receiver = function, receiver


class SuperValue(Value):
    """`super()` within a class, on a receiver."""

    __slots__ = ("of", "receiver")

    def __init__(self, of: ClassValue, receiver: Value) -> None:
        super().__init__()
        self.of, self.receiver = of, receiver


class NativeValue(Value):
    """A method of the language's own on a receiver, such as `append` of a list."""

    __slots__ = ("name", "receiver")

    def __init__(self, name: str, receiver: Value) -> None:
        super().__init__()
        self.name, self.receiver = name, receiver


class ConstantValue(Value):
    """A text or a number that may serve as a key."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value
