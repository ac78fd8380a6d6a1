"""How well and how fast a music library is read: `python -m benchmarks.music_library [--truth FOLDER] [--files N]`.

Prints each figure beside its bar and ends with 1 where one is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.music_library import broken, passages, ratings, speed, storing, truth
from include.samples.music_library.generate import lay_out

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LONGSHORE_SHARED_DATA", ROOT.parent / "shared" / "data"))

# Files of the generated library that are timed; 20,000 for the bar on memory.
FILES = 4000

FIELDS_BAR = 0.98
PASSAGES_BAR = 0.95
RATIO_BAR = 1.3
MEMORY_BAR_MB = 500

# A figure as it is printed, and whether its bar is met; None where it has none.
Line = tuple[str, bool | None]


def right(folder: Path) -> Iterator[Line]:
    """Shares of what is right on the readers' truth."""
    fields = list(truth.fields(folder))
    share = sum(field.right for field in fields) / len(fields)
    yield f"fields right: {share:.2%} of {len(fields)} (bar {FIELDS_BAR:.0%})", share >= FIELDS_BAR
    for field in fields:
        if not field.right:
            yield f"  {field.file}: {field.name} {field.found!r}, readers say {field.expected!r}", None
    cases = [*passages.cue_sheets(folder), *passages.chapters(folder)]
    share = sum(case.right for case in cases) / len(cases)
    yield f"cue sheets and chapters right: {share:.1%} of {len(cases)} (bar {PASSAGES_BAR:.0%})", share >= PASSAGES_BAR
    found = ratings.shares(folder)
    yield f"ratings right: {found.right} of {found.tagged} files with one ({found.untagged} bear none)", None


def refused(folder: Path) -> Iterator[Line]:
    """Broken files within their limits."""
    costs = list(broken.costs(folder))
    worst_s, worst_mb = max(cost.wall_s for cost in costs), max(cost.peak_mb for cost in costs)
    count = sum(cost.right for cost in costs)
    yield (
        f"broken files refused: {count} of {len(costs)}, at most {worst_s:.3f} s and {worst_mb:.0f} MB"
        f" (bars {broken.LIMIT_S:.0f} s, {broken.LIMIT_MB} MB)",
        count == len(costs),
    )


def fast(folder: Path, files: int, home: Path) -> Iterator[Line]:
    """Files a second, on the truth's files and on a generated library."""
    library = home / "library"
    lay_out(library, files)
    listed = {"truth": _audio(folder / "files"), "generated": _audio(library)}
    for name, paths in listed.items():
        for cold in (True, False):
            found = speed.measured(paths, cold=cold)
            yield (
                f"{name}, {'cold' if cold else 'warm'}: {found.prepare_per_s:,.0f} files/s, mutagen alone"
                f" {found.bare_per_s:,.0f} ({found.ratio:.2f} times, bar {RATIO_BAR})",
                found.ratio <= RATIO_BAR,
            )
    peak = speed.memory_mb(library)
    yield f"rows of {files:,} files in memory: {peak:.0f} MB (bar {MEMORY_BAR_MB} MB)", peak <= MEMORY_BAR_MB


def _audio(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".cue")


def stored(home: Path) -> Iterator[Line]:
    """Statements, deadlocks and waits of the batch write."""
    with storing.library_database(home / "postgres") as url:
        counts = list(storing.statements(url))
        for each in counts:
            yield (
                f"batch of {each.files} files, {each.passages} passages: {each.before} statements before the"
                f" transaction, {each.within} in it",
                None,
            )
        yield "statements are as many for every batch", len({(each.before, each.within) for each in counts}) == 1
        found = storing.workers(url)
    yield (
        f"{storing.FILES} files by one worker {found.serial_s:.1f} s, by {storing.WORKERS} {found.parallel_s:.1f} s,"
        f" deadlocks {found.deadlocks}",
        found.deadlocks == 0,
    )
    for rows in (50, 1):
        waits = storing.sqlite_waits(home / f"waits-{rows}.sqlite", rows)
        yield (
            f"SQLite, {storing.WORKERS} writers, {rows} rows at once: lock waited for {waits.median_ms:.1f} ms"
            f" (median), {waits.longest_ms:.0f} ms (longest), {waits.wall_s:.2f} s in all",
            None,
        )


def main() -> int:
    """Prints all figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--truth", type=Path, default=SHARED / "truths" / "music")
    parser.add_argument("--files", type=int, default=FILES)
    arguments = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for part in (
            right(arguments.truth),
            refused(arguments.truth),
            fast(arguments.truth, arguments.files, home),
            stored(home),
        ):
            for text, met in part:
                missed += met is False
                sys.stdout.write(f"{text}{'' if met is None else '  ok' if met else '  MISSED'}\n")
                sys.stdout.flush()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
