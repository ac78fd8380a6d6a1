"""Prints what documents reach on the collections, beside the bars.

python -m benchmarks.documents [reading] [chunks] [labels] [search] [speed] [--embedder NAME] [--collection NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.documents import indexes, labelling, reading, retrieval, speed, splitting
from benchmarks.documents.database import database
from include.embeddings import EMBEDDERS, Embedder, embedder

PARTS = ("reading", "chunks", "labels", "search", "speed")


def main() -> None:
    """Exit code 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is given")
    parser.add_argument("--embedder", default="wordllama", choices=sorted(EMBEDDERS))
    parser.add_argument("--collection", nargs="*", default=retrieval.COLLECTIONS, choices=retrieval.COLLECTIONS)
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    chosen = embedder(arguments.embedder)
    met = [
        *([_reading()] if "reading" in parts else []),
        *([_chunks(chosen)] if "chunks" in parts else []),
        *([_labels(chosen)] if "labels" in parts else []),
    ]
    if {"search", "speed"} & set(parts):
        met += _search(parts, arguments.collection, chosen)
    sys.exit(0 if all(met) else 1)


def _say(met: bool) -> str:
    return "met" if met else "missed"


def _reading() -> bool:
    right, count, faults = reading.measure()
    met = right >= reading.BAR * count
    print(f"reading: {right} of {count} right ({right / count:.1%}), bar {reading.BAR:.0%}: {_say(met)}")
    for fault in faults:
        print(f"    {fault}")
    return met


def _chunks(chosen: Embedder) -> bool:
    met = True
    for maximum in splitting.MAXIMA:
        splits = [splitting.measure(name, one, maximum, chosen) for name, one in splitting.splitters()]
        for split in splits:
            print(
                f"chunks at {maximum}: {split.splitter:24}{split.chunks:5} chunks, recall {split.recall:.3f},"
                f" precision {split.precision:.4f}, IoU {split.iou:.4f}, above maximum {split.overshoot},"
                f" lost {split.lost}"
            )
        best = max(splits[1:], key=lambda split: split.iou, default=splits[0])
        here = splits[0].recall >= best.recall and splits[0].precision >= best.precision
        print(f"chunks at {maximum}: recall and precision of the best peer ({best.splitter}): {_say(here)}")
        met = met and here
    return met


def _labels(chosen: Embedder) -> bool:
    described, bare = labelling.measure(chosen)
    print(f"labels: {described:.3f} by described prototypes, {bare:.3f} by bare names")
    return described > bare


def _search(parts: list[str], collections: list[str], chosen: Embedder) -> list[bool]:
    met = []
    with tempfile.TemporaryDirectory(prefix="longshore-bench-") as folder, database(Path(folder)) as connection:
        for collection in collections if "search" in parts else ():
            found = retrieval.measure(connection, collection, chosen)
            met.append(retrieval.verdict(found))
            figures = ", ".join(f"{one.mode.value} {one.ndcg:.4f} (p50 {one.p50_ms:.1f} ms)" for one in found)
            print(f"search: {collection:10} nDCG@10: {figures}: {_say(met[-1])}", flush=True)
        if "speed" in parts:
            p50 = speed.measure(connection, Path(folder), chosen)
            met.append(p50 <= speed.BAR_MS)
            print(
                f"search at {speed.DOCUMENTS:,} documents: p50 {p50:.1f} ms, bar {speed.BAR_MS:.0f} ms: {_say(met[-1])}"
            )
            for built in indexes.measure(connection, Path(folder), chosen):
                print(
                    f"index: {built.index:6}{built.vectors} vectors built in {built.build_s:.2f} s, recall@10"
                    f" {built.recall:.3f}, {built.ms:.2f} ms a question"
                )
    return met


if __name__ == "__main__":
    main()
