"""Labels by an endpoint on the loopback: many at once, a bad answer costs only its own text."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.pipelines.documents.labels.endpoint import EndpointLabeller
from include.pipelines.documents.labels.vocabulary import read_vocabulary

LATENCY_S = 0.03


class Server(ThreadingHTTPServer):
    """Answers with the domain that the text names; counts how many calls are in flight at most."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.at_once = self.most = 0
        self.bodies: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.at_once += 1
            self.server.most = max(self.server.most, self.server.at_once)
        time.sleep(LATENCY_S)
        text = body["messages"][1]["content"]
        content = (
            "no JSON" if text == "broken" else json.dumps({"domain": text, "domain_confidence": 0.9, "answer": text})
        )
        answer = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        with self.server.lock:
            self.server.at_once -= 1
        self.send_response(200)
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


def test_texts_are_labelled_in_their_order_by_bounded_calls_at_once(server: Server) -> None:
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "m", concurrency=4)
    texts = ["law", "sport", "broken", "cookery"] * 5
    found = EndpointLabeller(endpoint, read_vocabulary()).label(texts)
    assert [entry.labels["domain"].name if entry.labels else None for entry in found] == [
        "law",
        "sport",
        None,
        None,
    ] * 5
    assert found[2].fault == "the answer is not of the asked form: JSONDecodeError"
    assert found[0].texts["answer"] == "law"
    assert 1 < server.most <= 4
    assert server.bodies[0]["response_format"]["json_schema"]["strict"] is True
