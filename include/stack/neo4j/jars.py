"""Fetches the jars of a lock file with jgo. A program for the Python of the Neo4j runtime, which has jgo.

    python jars.py LOCK CACHE JARS

Prints how far it got; ends with a message and exit code 1 where a jar cannot be
had or is not the one that the lock names. What was fetched before is not fetched again.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Downloads at a time: the time goes into waiting for 217 small answers, and more than a few earn a server's refusal.
AT_ONCE = 6
TIMEOUT_S = 60
TRIES = 3

# Jars between two words about how far it got.
STEP = 20


def fetch(lock: Path, cache: Path, jars: Path) -> Iterator[str]:
    """Puts the lock's jars into the folder and yields the name of each once its digest was compared.

    Args:
        lock: a jgo.lock.toml: coordinates and SHA-256.
        cache: a local Maven repository to fill.
        jars: a folder, made where absent.

    Raises:
        SystemExit: a jar cannot be had, or is another one.
    """
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=cache, timeout=TIMEOUT_S)
    jars.mkdir(parents=True, exist_ok=True)
    dependencies = tomllib.loads(lock.read_text(encoding="utf-8"))["dependencies"]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(lambda dependency: _fetch_one(context, dependency, jars), dependencies)


def digest(file: Path) -> str:
    """SHA-256 of the file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch_one(context: Any, dependency: dict[str, str], jars: Path) -> str:
    component = context.project(dependency["groupId"], dependency["artifactId"]).at_version(dependency["version"])
    artifact = component.artifact(dependency.get("classifier", ""), dependency["packaging"])
    # Artifacts of two groups may have one name.
    name = f"{dependency['groupId']}.{artifact.filename}"
    fault = ""
    for _ in range(TRIES):
        try:
            file = artifact.resolve()
        except (OSError, RuntimeError, AssertionError) as error:  # requests' errors are OSErrors
            fault = str(error) or type(error).__name__
            continue
        if digest(file) == dependency["sha256"]:
            shutil.copyfile(file, jars / name)
            return name
        fault = "its SHA-256 is not the one in the lock"
        file.unlink()  # a download that was cut short lies there under its final name
    sys.exit(f"{artifact}: {fault}")


def main() -> None:
    """Fetches and reports."""
    lock, cache, jars = map(Path, sys.argv[1:])
    total = len(tomllib.loads(lock.read_text(encoding="utf-8"))["dependencies"])
    for number, name in enumerate(fetch(lock, cache, jars), 1):
        if number % STEP == 0 or number == total:
            sys.stdout.write(f"{number} of {total}, {name}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
