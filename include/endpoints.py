"""Endpoints that speak OpenAI's protocol: one POST, repeated where the moment was bad, and errors in our words."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx

from include.errors import SetupError, TransientError

# Attempts of one call, and the waits between them where the endpoint names none: 1 s doubling to 16 s.
ATTEMPTS = 6
LONGEST_WAIT_S = 16.0

# What an endpoint may ask to be waited for; longer is no rate limit but a quota, and an error to look at.
LONGEST_ASKED_S = 120.0

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers. It pickles; `concurrency` calls run at once, of which each may take `timeout_s`.

    Args:
        url: up to and including the version: `https://models.example.org/v1`.
        model: the endpoint's name of the model.
        key: sent as bearer token where given; in no message.
        concurrency: calls in flight.
        timeout_s: of one call, seconds.
        first_wait_s: before the second attempt, seconds.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    concurrency: int = 8
    timeout_s: float = 60.0
    first_wait_s: float = 1.0

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer's JSON to a body, to which the model's name is added.

        Raises:
            TransientError: it stayed busy, broken or out of reach for all attempts.
            SetupError: it refuses address, key, model or body; or its answer is no JSON.
        """
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        said = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = _client(self.timeout_s, self.concurrency).post(
                    self.url.rstrip("/") + path, json={"model": self.model, **body}, headers=headers
                )
            except httpx.TransportError as error:
                said, asked = type(error).__name__, None
            else:
                if answer.status_code not in AGAIN:
                    return self._read(answer)
                said, asked = f"status {answer.status_code}", _asked_wait(answer)
            if attempt < ATTEMPTS - 1:
                self._wait(attempt, asked)
        raise TransientError(f"The endpoint {self.url} failed {ATTEMPTS} times, at last by {said}.", "Try again later.")

    def _wait(self, attempt: int, asked_s: float | None) -> None:
        if asked_s is not None and asked_s > LONGEST_ASKED_S:
            what = f"The endpoint {self.url} asks to be left alone for {asked_s:.0f} s."
            raise TransientError(what, "Try again after that, or raise its limit.")
        time.sleep(min(self.first_wait_s * 2**attempt, LONGEST_WAIT_S) if asked_s is None else asked_s)

    def _read(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            try:
                return answer.json()
            except ValueError as error:
                raise SetupError(
                    f"The endpoint {self.url} answers by something else than JSON.", "Check its address."
                ) from error
        what = f"The endpoint {self.url} refuses the model {self.model} by status {answer.status_code}."
        raise SetupError(what, "Check the connection's address, key and model.")


def _asked_wait(answer: httpx.Response) -> float | None:
    """Seconds that the header Retry-After asks for, as a number or as a date."""
    said = answer.headers.get("retry-after")
    if said is None:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _client(timeout_s: float, concurrency: int) -> httpx.Client:
    """One pool of connections a process; threads share it."""
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    return httpx.Client(timeout=timeout_s, limits=limits)
