"""Labels by an endpoint that speaks OpenAI's protocol: structured output, held to the closed vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from include.endpoints import Endpoint
from include.pipelines.documents.labels.prototypes import NONE, Label
from include.pipelines.documents.labels.vocabulary import Vocabulary

# Texts that an answer may hold besides labels; what is not given is NULL, never made up.
TEXTS = ("concept", "question", "answer")
LISTS = ("soft_negatives", "hard_negatives")

INSTRUCTION = (
    "Label the text. Choose one label of each axis, with your confidence from 0 to 1. Name its concept in few words,"
    " a question that it answers, that answer in its own words, and passages that a search could confuse it with: soft"
    " negatives of another subject, hard negatives of the same one that do not answer the question. Leave out what you"
    " do not know."
)

# Characters of a text that are sent: chunks are shorter, unless their maximum was set higher.
MAX_SENT = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What an endpoint says of a chunk; `fault` is why it says nothing (its labels are None then)."""

    labels: Mapping[str, Label]
    texts: Mapping[str, str | list[str] | None]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointLabeller:
    """Asks an endpoint for each text, so many at once as it allows."""

    endpoint: Endpoint
    vocabulary: Vocabulary

    @property
    def name(self) -> str:
        """What stands beside its labels."""
        return f"endpoint:{self.endpoint.model}:{self.vocabulary.version}"

    def label(self, texts: Sequence[str]) -> list[Entry]:
        """An entry for each text, in order; a text whose answer fails is an entry with a fault, the others stand.

        Raises:
            SetupError: the endpoint refuses address, key or model.
        """
        with ThreadPoolExecutor(self.endpoint.concurrency) as pool:
            return list(pool.map(self._entry, texts))

    def _entry(self, text: str) -> Entry:
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": text[:MAX_SENT]}]
        schema = {"name": "entry", "strict": True, "schema": answer_schema(self.vocabulary)}
        response_format = {"type": "json_schema", "json_schema": schema}
        answer = self.endpoint.post("/chat/completions", {"messages": messages, "response_format": response_format})
        try:
            return read_answer(json.loads(answer["choices"][0]["message"]["content"]), self.vocabulary)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return Entry({}, {}, f"the answer is not of the asked form: {type(error).__name__}")


def answer_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """JSON schema of an answer. Strict output wants every key required, so what may be left out may be null."""
    axes = {axis.name: {"type": "string", "enum": list(axis.labels)} for axis in vocabulary.axes}
    confidences = {f"{axis.name}_confidence": {"type": "number"} for axis in vocabulary.axes}
    texts = {name: {"type": ["string", "null"]} for name in TEXTS}
    lists = {name: {"type": ["array", "null"], "items": {"type": "string"}} for name in LISTS}
    properties = {**axes, **confidences, **texts, **lists}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read_answer(answer: Any, vocabulary: Vocabulary) -> Entry:
    """An answer held to the vocabulary: a label that is none of the axis' is None, a confidence is within 0 to 1.

    Raises:
        TypeError: the answer is no object.
    """
    if not isinstance(answer, dict):
        raise TypeError("no object")
    labels = {axis.name: _label(answer, axis.name, axis.labels) for axis in vocabulary.axes}
    texts: dict[str, str | list[str] | None] = {name: _text(answer.get(name)) for name in TEXTS}
    return Entry(labels, {**texts, **{name: _texts(answer.get(name)) for name in LISTS}})


def _label(answer: Mapping[str, Any], axis: str, known: Iterable[str]) -> Label:
    name, confidence = answer.get(axis), answer.get(f"{axis}_confidence")
    if name not in set(known):
        return NONE
    sure = isinstance(confidence, int | float) and 0 <= confidence <= 1
    return Label(name, float(confidence) if sure and confidence is not None else None)


def _text(value: Any) -> str | None:
    return value.replace("\0", "").strip() or None if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    found = [text for item in value if (text := _text(item))] if isinstance(value, list) else []
    return found or None
