"""A FAISS index beside the table: chunk ids to vectors, brought up to date by what changed, replaced atomically.

The folder of a model holds `vectors.faiss` and `vectors.json` (model, dimension, the number of vectors and a digest of
them all). The index is exact (IndexIDMap2 over IndexFlatIP, inner product of vectors of length 1); removal by id and
replacement work on it, which HNSW in FAISS does not know.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from include.embeddings import Vectors, normalised
from include.errors import SetupError

Ids = npt.NDArray[np.int64]

INDEX = "vectors.faiss"
FACTS = "vectors.json"

# What is written first and renamed when it is whole.
DRAFT = ".draft"


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What the index holds. `digest` is the sum of a hash of each id with its vector, modulo 2**128: in any order."""

    model: str
    dimension: int
    vectors: int
    digest: str


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did, by the number of vectors."""

    added: int
    replaced: int
    removed: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """How index and table differ: ids that the index lacks, has beyond, or has with another vector."""

    missing: tuple[int, ...]
    beyond: tuple[int, ...]
    different: tuple[int, ...]

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.beyond or self.different)


class VectorIndex:
    """One model's index in a folder.

    Args:
        folder: of this model; made at the first write.
        model: whose vectors it holds.
        dimension: numbers in a vector.

    Raises:
        SetupError: the folder holds an index of another model or dimension, or one that cannot be read.
    """

    def __init__(self, folder: Path, model: str, dimension: int) -> None:
        self.folder, self.model, self.dimension = folder, model, dimension
        self._index = self._read()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def update(self, rows: Iterable[tuple[Ids, Vectors]], removed: Ids | None = None) -> Update:
        """Takes vectors in (new ids are added, known ones replaced), ids out, and puts the new index in place.

        Whoever reads the folder meanwhile sees the old index or the new one, never a part. An update that ends half-way
        leaves the old one.

        Args:
            rows: batches of ids and vectors (n x dimension).
            removed: ids that go; unknown ones are none.
        """
        gone = self._remove(removed) if removed is not None else 0
        added = replaced = 0
        for ids, vectors in rows:
            again = self._remove(ids)
            self._index.add_with_ids(_ready(vectors, self.dimension), np.ascontiguousarray(ids, np.int64))
            added, replaced = added + len(ids) - again, replaced + again
        self._write()
        return Update(added, replaced, gone)

    def search(self, vector: Vectors, k: int = 10) -> list[tuple[int, float]]:
        """Ids of the nearest chunks and their cosines, nearest first."""
        cosines, ids = self._index.search(_ready(vector.reshape(1, -1), self.dimension), min(k, len(self) or 1))
        return [(int(one), float(cosine)) for one, cosine in zip(ids[0], cosines[0], strict=True) if one >= 0]

    def verify(self, rows: Iterable[tuple[Ids, Vectors]]) -> Verdict:
        """Compares the index with all rows of the table, vector by vector."""
        here = {int(one): place for place, one in enumerate(_ids(self._index))}
        missing: list[int] = []
        different: list[int] = []
        for ids, vectors in rows:
            for one, vector in zip(ids.tolist(), _ready(vectors, self.dimension), strict=True):
                if here.pop(one, None) is None:
                    missing.append(one)
                elif not np.array_equal(self._index.reconstruct(one), vector):
                    different.append(one)
        return Verdict(tuple(missing), tuple(sorted(here)), tuple(different))

    @property
    def facts(self) -> IndexFacts:
        """What the index holds at this moment."""
        total = sum(_hash(one, self._index.reconstruct(int(one))) for one in _ids(self._index))
        return IndexFacts(self.model, self.dimension, len(self), f"{total % 2**128:032x}")

    def _remove(self, ids: Ids) -> int:
        known = ids[np.isin(ids, _ids(self._index))]
        return int(self._index.remove_ids(np.ascontiguousarray(known, np.int64))) if len(known) else 0

    def _read(self) -> Any:
        import faiss

        path = self.folder / INDEX
        if not path.exists():
            return faiss.IndexIDMap2(faiss.IndexFlatIP(self.dimension))
        try:
            index, facts = faiss.read_index(str(path)), json.loads((self.folder / FACTS).read_text(encoding="utf-8"))
        except (RuntimeError, OSError, ValueError) as error:
            raise SetupError(
                f"The index in {self.folder} cannot be read.", "Remove the folder: it is built anew."
            ) from error
        said: Mapping[str, Any] = facts if isinstance(facts, dict) else {}
        if (said.get("model"), index.d) != (self.model, self.dimension):
            what = f"The index in {self.folder} is of {said.get('model')} with {index.d} numbers, not of {self.model}."
            raise SetupError(what, "Name another folder.")
        return index

    def _write(self) -> None:
        """Facts first: what a crash leaves between the two is the old index, and facts of the same model."""
        import faiss

        self.folder.mkdir(parents=True, exist_ok=True)
        index, facts = self.folder / (INDEX + DRAFT), self.folder / (FACTS + DRAFT)
        facts.write_text(json.dumps(asdict(self.facts)), encoding="utf-8")
        faiss.write_index(self._index, str(index))
        for path, name in ((facts, FACTS), (index, INDEX)):
            _flush(path)
            path.replace(self.folder / name)
        with suppress(OSError):  # folders cannot be flushed everywhere
            _flush(self.folder)


def _ids(index: Any) -> Ids:
    import faiss

    found: Ids = faiss.vector_to_array(index.id_map)
    return found


def _ready(vectors: Vectors, dimension: int) -> Vectors:
    found = np.ascontiguousarray(vectors, np.float32)
    if found.ndim != 2 or found.shape[1] != dimension:
        raise SetupError(f"Vectors of {found.shape[-1]} numbers do not fit an index of {dimension}.", "Name its model.")
    return normalised(found)


def _hash(one: int, vector: Vectors) -> int:
    return int.from_bytes(
        hashlib.blake2b(int(one).to_bytes(8, "big") + vector.tobytes(), digest_size=16).digest(), "big"
    )


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def table_rows(connection: Any, model: str, batch: int = 10_000) -> Iterator[tuple[Ids, Vectors]]:
    """All vectors of a model in the table, in batches of ids and n x dimension float32; memory stays bounded."""
    with connection.transaction(), connection.cursor(name="vectors") as cursor:
        cursor.itersize = batch
        cursor.execute("SELECT chunk_id, embedding::real[] FROM documents.vectors WHERE model = %s", [model])
        while rows := cursor.fetchmany(batch):
            ids, vectors = zip(*rows, strict=True)
            yield np.array(ids, np.int64), np.array(vectors, np.float32)
