"""An S3 server on this machine (moto's), as object stores are reached: over HTTP, with a key, by fsspec."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import fsspec
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from include.stack.ports import HOST, choose_ports

BUCKET = "deliveries"
KEY, SECRET = "AKIATESTLONGSHORE", "a-secret-of-the-tests/+="


@dataclass(frozen=True)
class ObjectStore:
    """A running server; `options` are fsspec's, `url` is a landing zone in its bucket, called `zone`."""

    endpoint: str
    zone: str = "landing"

    @property
    def options(self) -> dict[str, Any]:
        return {"key": KEY, "secret": SECRET, "endpoint_url": self.endpoint}

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/{self.zone}"

    @property
    def connection(self) -> dict[str, Any]:
        """An Airflow connection of type `aws`."""
        extra = {"endpoint_url": self.endpoint, "region_name": "eu-north-1"}
        return {"conn_type": "aws", "login": KEY, "password": SECRET, "extra": extra}

    def put(self, name: str, content: bytes | str) -> str:
        """Writes an object below the landing zone and returns its URL."""
        url = f"{self.url}/{name}"
        with fsspec.open(url, "wb", **self.options) as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return url

    def mark_folder(self, name: str) -> None:
        """Writes the empty object that some programs take for the folder itself."""
        key = f"{self.zone}/{name}/"
        fsspec.filesystem("s3", **self.options).call_s3("put_object", Bucket=BUCKET, Key=key, Body=b"")

    def put_folder(self, folder: Path, name: str) -> None:
        """Writes all files of a folder."""
        for file in sorted(folder.iterdir()):
            self.put(f"{name}/{file.name}", file.read_bytes())


@contextmanager
def object_store(folder: Path, environment: Mapping[str, str]) -> Iterator[ObjectStore]:
    """Runs the server with one empty bucket.

    Args:
        folder: for its log, and by which its port is chosen.
        environment: of its process.
    """
    port = choose_ports(folder, ("s3",), {})["s3"]
    words = [sys.executable, "-m", "moto.server", "--host", HOST, "--port", str(port)]
    with (
        (folder / "s3.log").open("wb") as log,
        subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=dict(environment)) as process,
    ):
        try:
            store = ObjectStore(f"http://{HOST}:{port}")
            _wait(store.endpoint)
            fsspec.filesystem("s3", **store.options).mkdir(BUCKET)
            yield store
        finally:
            process.terminate()
            process.wait(30)


def _wait(endpoint: str) -> None:
    trying = Retrying(retry=retry_if_exception_type(OSError), stop=stop_after_delay(60), wait=wait_fixed(0.1))
    trying(lambda: urlopen(endpoint, timeout=5).close())  # noqa: S310 # our own server
