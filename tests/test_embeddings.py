"""Vectors of texts: by WordLlama's wheel, and by an endpoint on the loopback."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from include.embeddings import EndpointEmbedder, WordLlama, embedder
from include.endpoints import Endpoint
from include.errors import SetupError, TransientError, UsageError


class Server(ThreadingHTTPServer):
    """Answers embeddings of three numbers; `refusals` are statuses to answer first, with their Retry-After."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[dict[str, Any]] = []
        self.refusals: list[tuple[int, str | None]] = []
        self.dimension = 3
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            refusal = self.server.refusals.pop(0) if self.server.refusals else None
            self.server.calls.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
        status, wait = refusal or (200, None)
        rows = [
            {"index": index, "embedding": [float(len(text)), 1.0, 0.0][: self.server.dimension]}
            for index, text in enumerate(body["input"])
        ]
        answer = json.dumps({"data": rows[::-1]}).encode()
        self.send_response(status)
        if wait is not None:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def asked(server: Server, **options: Any) -> EndpointEmbedder:
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/v1/", "m", "secret", first_wait_s=0.01)
    return EndpointEmbedder(endpoint, 3, **options)


def test_vectors_of_wordllama_have_length_one_and_are_nearer_for_nearer_texts() -> None:
    vectors = WordLlama().embed(["a black cat", "a white kitten", "interest rates of banks"])
    assert vectors.shape == (3, 256)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_a_text_without_words_is_zeros_and_no_texts_are_no_rows() -> None:
    assert not WordLlama().embed([""]).any()
    assert WordLlama().embed([]).shape == (0, 256)


def test_a_vector_does_not_depend_on_the_texts_beside_it() -> None:
    texts = [f"text number {number} " * number for number in range(1, 300)]
    assert np.array_equal(WordLlama().embed(texts)[[0, 298]], WordLlama().embed([texts[0], texts[298]]))


def test_embedders_pickle_and_are_equal_for_equal_settings() -> None:
    assert pickle.loads(pickle.dumps(embedder())) == WordLlama()
    assert hash(WordLlama()) == hash(embedder())


def test_an_unknown_embedder_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="Name one of wordllama, e5"):
        embedder("glove")


def test_an_endpoint_is_asked_once_for_each_different_text_in_batches(server: Server) -> None:
    vectors = asked(server, batch=2).embed(["aa", "b", "aa", "cccc"])
    assert sorted(text for call in server.calls for text in call["input"]) == ["aa", "b", "cccc"]
    assert {(call["path"], call["model"], call["key"]) for call in server.calls} == {
        ("/v1/embeddings", "m", "Bearer secret")
    }
    assert np.array_equal(vectors[0], vectors[2])
    assert vectors[3] == pytest.approx(np.array([4, 1, 0]) / np.sqrt(17))


def test_an_endpoint_that_is_busy_is_asked_again(server: Server) -> None:
    server.refusals = [(429, "0"), (503, None)]
    assert asked(server).embed(["a"]).shape == (1, 3)
    assert len(server.calls) == 3


def test_an_endpoint_that_stays_busy_is_a_transient_error(server: Server) -> None:
    server.refusals = [(429, "0")] * 6
    with pytest.raises(TransientError, match="6 times, at last by status 429"):
        asked(server).embed(["a"])


def test_an_endpoint_that_asks_for_hours_is_not_waited_for(server: Server) -> None:
    server.refusals = [(429, "7200")]
    with pytest.raises(TransientError, match="left alone for 7200 s"):
        asked(server).embed(["a"])


def test_a_refused_key_is_a_setup_error_without_the_key(server: Server) -> None:
    server.refusals = [(401, None)]
    with pytest.raises(SetupError, match="status 401") as caught:
        asked(server).embed(["a"])
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(asked(server))


def test_vectors_of_another_length_are_a_setup_error(server: Server) -> None:
    server.dimension = 2
    with pytest.raises(SetupError, match="vectors of 2 numbers, 3 are expected"):
        asked(server).embed(["a"])
