"""The peers beside the project, on one file, in interleaved rounds.

first   the delivery into empty tables: the project, and every peer
again   the same delivery with a tenth of its lines changed, onto what is there: those who can do it

`ratio` of a peer is its time per row over the project's; the project's own is over the fastest way of dlt that may be
repeated as ours may, and so is its memory, in a row of its own. Imports are not on the clock, but in the memory.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import order_lines
from benchmarks.peers.catalogue import APPEND, LONGSHORE, NOT_RUN, REPEATABLE, Guarantees, Peer
from benchmarks.peers.environment import bench_python, run_peer
from benchmarks.peers.work import SCHEMA, TABLE, PeerWork, create_table
from benchmarks.server import reset, start_server

# At least 1.5 times as fast as dlt in its best configuration with the same guarantees, in half its memory.
TIME_BAR = 0.667
MEMORY_BAR = 0.5

# One line in so many is changed in the second delivery.
CHANGED_EVERY = 10


@dataclass(frozen=True, slots=True)
class Work:
    """The database, the two deliveries (each a folder with `orders.csv`), their rows, a folder, the peers' Python."""

    url: str
    first: str
    again: str
    rows: int
    folder: str
    python: str

    def of(self, peer: Peer, delivery: str) -> PeerWork:
        """The peer's share of it."""
        rows = min(self.rows, peer.most_rows or self.rows)
        return PeerWork(self.url, str(Path(delivery) / "orders.csv"), rows, str(Path(self.folder) / peer.way))


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Makes the deliveries and the peers' venv, starts a server and compares."""
    return measure_peers(home, rows, rounds, bench_python(), APPEND, REPEATABLE)


def measure_peers(
    home: Path, rows: int, rounds: int, python: str, append: Sequence[Peer], repeatable: Sequence[Peer]
) -> list[Row]:
    """Compares the given ways; those whose program is not installed get a row that says so.

    Args:
        home: an empty folder.
        rows: lines of the delivery.
        rounds: counted rounds.
        python: the interpreter that the peers run under.
        append: peers of the first delivery only.
        repeatable: peers of both deliveries.
    """
    server = start_server(home)
    work = Work(server.url, *_deliveries(home, rows), rows, str(home / "peers"), python)
    present = [peer for peer in (*append, *repeatable) if not peer.program or shutil.which(peer.program)]
    again = [peer for peer in present if peer in repeatable]
    cases = [
        Case("first: longshore", longshore, forget, through.imports, note=str(LONGSHORE)),
        *(_case("first", peer, work) for peer in present),
    ]
    if again:
        cases.append(Case("again: longshore", longshore_again, load_first, through.imports))
        cases += [_case("again", peer, work) for peer in again]
    measured = _measured(cases, work, rounds, server.pid)
    absent = [peer for peer in (*append, *repeatable) if peer not in present]
    return [*compared(measured, {peer.name for peer in repeatable}), *_not_run(absent)]


def _measured(cases: Sequence[Case], work: Work, rounds: int, pid: int) -> list[Row]:
    """All cases in rounds, but for those that get fewer rows: these run once, at the end, and are compared per row."""
    slow = [case for case in cases if case.rows is not None and case.rows < work.rows]
    fast = [case for case in cases if case not in slow]
    rows = measure("peers", fast, work, rows=work.rows, rounds=rounds, server_pid=pid)
    once = measure("peers", slow, work, rows=work.rows, rounds=1, server_pid=pid, warm_up=False)
    by_case = {row.case: row for row in [*rows, *(replace(row, note=f"run once; {row.note}") for row in once)]}
    return [by_case[case.name] for case in cases]


def _deliveries(home: Path, rows: int) -> tuple[str, str]:
    """Two folders that say the same store and day; the second's lines differ in one of ten."""
    first = through.delivery(home)
    order_lines.write(first / "orders.csv", rows)
    again = through.delivery(home / "corrected")
    change(first / "orders.csv", again / "orders.csv")
    return str(first), str(again)


def change(source: Path, target: Path) -> None:
    """Copies the delivery with another quantity in one line of ten."""
    with source.open(encoding="utf-8", newline="") as old, target.open("w", encoding="utf-8", newline="") as new:
        new.write(next(old))
        for number, line in enumerate(old):
            new.write(_corrected(line) if number % CHANGED_EVERY == 0 else line)


def _corrected(line: str) -> str:
    order, created, currency, status, quantity, rest = line.split(",", 5)
    return ",".join((order, created, currency, status, str(int(quantity) + 10), rest))


def _case(group: str, peer: Peer, work: Work) -> Case:
    prepare, run = (empty, peer_first) if group == "first" else (peer_was_first, peer_again)
    return Case(
        f"{group}: {peer.name}",
        partial(run, peer=peer),
        partial(prepare, peer=peer),
        rows=work.of(peer, work.first).rows,
        note=str(peer.guarantees) if group == "first" else "",
    )


def longshore(work: Work) -> None:
    """The whole load: hashed, decoded, typed, checked, numbered, counted, committed with its ledger row."""
    through.load(work.url, Path(work.first))


def longshore_again(work: Work) -> None:
    """The corrected delivery."""
    through.load(work.url, Path(work.again))


def forget(work: Work) -> None:
    """Our empty tables."""
    reset(work.url)


def load_first(work: Work) -> None:
    """Our tables with the first delivery."""
    forget(work)
    longshore(work)


def peer_first(work: Work, peer: Peer) -> float:
    """Seconds of the first delivery."""
    return _load(work, peer, work.first)


def peer_again(work: Work, peer: Peer) -> float:
    """Seconds of the corrected delivery."""
    return _load(work, peer, work.again)


def empty(work: Work, peer: Peer) -> None:
    """The peer's empty schema and folder in a database that holds nothing else."""
    from include.postgres.session import connect

    folder = Path(work.of(peer, work.first).folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    forget(work)
    with connect(work.url) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        if not peer.makes_table:
            connection.execute(create_table().encode())


def peer_was_first(work: Work, peer: Peer) -> None:
    """The peer's tables with the first delivery."""
    empty(work, peer)
    peer_first(work, peer)


def _load(work: Work, peer: Peer, delivery: str) -> float:
    own = work.of(peer, delivery)
    seconds = run_peer(sys.executable if peer.in_project else work.python, peer.script, peer.way, own)
    _expect_rows(own, peer)
    return seconds


def _expect_rows(own: PeerWork, peer: Peer) -> None:
    from include.postgres.session import connect

    with connect(own.url) as connection:
        found = connection.execute(f"SELECT count(*) FROM {SCHEMA}.{TABLE}".encode()).fetchall()[0][0]
    if found != own.rows:
        raise RuntimeError(f"{peer.name} left {found} rows in its table, expected {own.rows}.")


def compared(rows: Iterable[Row], repeatable: set[str]) -> list[Row]:
    """The rows with their ratios: peers per row against the project, the project against the best dlt of its kind."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.case.split(": ")[0], []).append(row)
    return [row for group in groups.values() for row in _compared_group(group, repeatable)]


def _compared_group(group: Sequence[Row], repeatable: set[str]) -> list[Row]:
    ours, *peers = group
    judged = [replace(peer, ratio=_ratio(_s_per_row(peer), _s_per_row(ours))) for peer in peers]
    rivals = [peer for peer in peers if "dlt" in peer.case and peer.case.split(": ")[1] in repeatable]
    if not rivals:
        return [ours, *judged]
    best = min(rivals, key=_s_per_row)
    return [
        _barred(ours, _ratio(_s_per_row(ours), _s_per_row(best)), TIME_BAR, f"ratio to {best.case}"),
        _barred(_without_times(ours, f"{ours.case}, memory"), _memory_ratio(ours, best), MEMORY_BAR, ""),
        *judged,
    ]


def _without_times(row: Row, case: str) -> Row:
    return Row(bench=row.bench, case=case, rows=row.rows, peak_mb=row.peak_mb)


def _barred(row: Row, ratio: float, bar: float, note: str) -> Row:
    return replace(row, ratio=ratio, bar=bar, met=ratio <= bar, note="; ".join(filter(None, (note, row.note))))


def _memory_ratio(ours: Row, other: Row) -> float:
    return _ratio(ours.peak_mb or 0.0, other.peak_mb or 1.0)


def _s_per_row(row: Row) -> float:
    return (row.median_s or 0.0) / (row.rows or 1)


def _ratio(one: float, other: float) -> float:
    return round(one / other, 3)


def _not_run(absent: Iterable[Peer]) -> list[Row]:
    missing = [Row(bench="peers", case=peer.name, note=f"not run: {peer.program} is not installed") for peer in absent]
    return [*missing, *(Row(bench="peers", case=name, note="could not be run here") for name in NOT_RUN)]


def guarantees() -> dict[str, Guarantees]:
    """Every way with what it guarantees, the project first."""
    return {"longshore": LONGSHORE} | {peer.name: peer.guarantees for peer in (*APPEND, *REPEATABLE)}
