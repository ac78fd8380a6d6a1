"""The closed vocabulary of labels, as data: axes, their labels, and sentences that describe each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from include.errors import SetupError
from include.yaml_files import read_document

OWN = Path(__file__).with_name("vocabulary.yaml")

# What a chunk's row has columns for.
AXES = ("task", "modifier", "domain")


@dataclass(frozen=True, slots=True)
class Axis:
    """One question about a chunk (`task`) and its possible answers, each with sentences that describe it."""

    name: str
    labels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All axes. `version` begins SHA-256 of the file: labels of another version are made anew."""

    axes: tuple[Axis, ...]
    version: str


@cache
def read_vocabulary(path: Path = OWN, axes: tuple[str, ...] | None = AXES) -> Vocabulary:
    """Reads a vocabulary: a mapping of axis to label to sentences.

    Args:
        path: of the YAML file.
        axes: those it must have, no more and no less; None takes any.

    Raises:
        SetupError: the file is missing, is no such mapping, or has other axes; names the key.
    """
    document = read_document(path, "vocabulary", missing="Name a file that is there.")
    value = document.value
    if not isinstance(value, dict) or (axes is not None and set(value) != set(axes)):
        raise document.error(f"its keys must be {', '.join(axes or ('axes',))}")
    found = tuple(Axis(str(name), _labels(str(name), labels)) for name, labels in value.items())
    return Vocabulary(found, sha256(path.read_bytes()).hexdigest()[:12])


def _labels(axis: str, labels: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(labels, dict) or len(labels) < 2:
        raise SetupError(f"The vocabulary's axis {axis} has no labels to choose from.", "Give it two at least.")
    for name, sentences in labels.items():
        if not isinstance(sentences, list) or not sentences or not all(isinstance(one, str) for one in sentences):
            what = f"The vocabulary's label {axis}.{name} is not described by sentences."
            raise SetupError(what, "Give it a list of sentences such as its texts hold.")
    return {str(name): tuple(sentences) for name, sentences in labels.items()}
