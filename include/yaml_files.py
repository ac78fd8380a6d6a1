"""YAML documents that people write, and what is wrong with them in words: file, line, key, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from include.errors import SetupError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as it stands there. `kind` is how messages call it ("profile"), `value` what it holds."""

    kind: str
    path: Path
    value: Any
    root: yaml.Node | None

    def validated(self, model: type[Model], keys: Callable[[Location], type[BaseModel]], **defaults: object) -> Model:
        """The document as a model.

        Args:
            model: of the whole document.
            keys: the model whose fields are the keys that are allowed at a location.
            defaults: values of keys that the document need not have.

        Raises:
            SetupError: a key or a value is not allowed; names file, line and key, and what is allowed.
        """
        try:
            return model.model_validate({**defaults, **(self.value or {})})
        except (ValidationError, TypeError) as error:
            raise self.error(_faults(error, self, keys)) from error

    def error(self, faults: str) -> SetupError:
        """What is raised for faults of the document."""
        return SetupError(f"The {self.kind} {self.path} is not valid: {faults}.", "Mend the keys it names.")

    def line(self, location: Iterable[Any]) -> str:
        """The line of the deepest key of the location that is there, as the beginning of a message."""
        node, line = self.root, None
        for step in location:
            if not isinstance(node, yaml.MappingNode):
                break
            pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        return f"line {line}: " if line else ""


def read_document(path: Path, kind: str, *, missing: str) -> Document:
    """Reads a YAML file.

    Args:
        path: of the file.
        kind: how messages call it.
        missing: what to do where there is no such file.

    Raises:
        SetupError: there is no such file, or it is not YAML in UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return Document(kind, path, yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SetupError(f"The {kind} {path} does not exist.", missing) from error
    except UnicodeDecodeError as error:
        raise SetupError(f"The {kind} {path} is not UTF-8: {error.reason}.", "Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise SetupError(f"The {kind} {path} is not YAML: {error}.", "Mend the line it names.") from error


def _faults(error: ValidationError | TypeError, document: Document, keys: Callable[[Location], type[BaseModel]]) -> str:
    if not isinstance(error, ValidationError):
        return "it is no mapping of keys to values"
    return "; ".join(_fault(fault["loc"], fault["type"], fault["msg"], document, keys) for fault in error.errors())


def _fault(
    location: Location, kind: str, message: str, document: Document, keys: Callable[[Location], type[BaseModel]]
) -> str:
    key = ".".join(map(str, location))
    if kind != "extra_forbidden":
        return f"{document.line(location)}{key}: {message}".removeprefix(": ")
    allowed = ", ".join(keys(location).model_fields)
    return f"{document.line(location)}{key} is no key of a {document.kind}; allowed are {allowed}"
