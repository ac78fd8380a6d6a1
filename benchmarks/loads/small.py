"""What a small delivery costs: 259 order lines in a warm process, the imports of a cold one, the command line's help.

From batches in hand: the load's own clock less its phases of reading, over a connection that is open already; it ends
with the commit of rows and ledger row. With reading: the same with connecting, reading, parsing and typing.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import deliveries, order_lines
from benchmarks.inputs.deliveries import Work, expect
from benchmarks.server import start_server
from include.results import LoadResult, Status
from include.settings import PROJECT_ROOT

ROWS = 259

# Loads of one run, each of another day; the run's figure is their median. Those before them make the process warm.
REPEATS = 9
WARM = 3

# Seconds: shown, not checked.
IN_HAND_BAR_S = 0.015
READING_BAR_S = 0.060
HELP_BAR_S = 0.3
DAGS_BAR_S = 0.5

# Phases of a load that end with the batches in hand, by the names that the ledger has for them.
READING = ("read", "validate")

PYTHON = (sys.executable, "-P", "-c")
LOADED = ("include.pipelines.commerce.delivery.extract", "include.pipelines.commerce.delivery.load_dataset")
LOADER = f"import {', '.join(LOADED)}, include.postgres.session"
HELP = (sys.executable, "-P", "-m", "include.cli", "--help")

Clocked = Callable[[Work, Path], float]


def measure_bench(home: Path, _rows: int, rounds: int) -> list[Row]:
    """Measures the small loads, then what has no rows."""
    server = start_server(home)
    work = Work(server.url, str(home))
    order_lines.write(work.original, ROWS)
    order_lines.write_redelivery(_changed(work), ROWS)
    ways: dict[str, tuple[Clocked, float | None]] = {
        "batches in hand, new": (in_hand, IN_HAND_BAR_S),
        "batches in hand, a tenth changed": (in_hand_again, IN_HAND_BAR_S),
        "with reading": (with_reading, READING_BAR_S),
        "with opening and reading": (whole, None),
    }
    loads = [
        Case(name, partial(_median, way), deliveries.forget, partial(_warm, way), bar=bar)
        for name, (way, bar) in ways.items()
    ]
    others = (
        Case("Python alone", partial(_program, (*PYTHON, "pass"))),
        Case("Python with the loader's imports", partial(_program, (*PYTHON, LOADER))),
        Case("longshore --help", partial(_program, HELP), bar=HELP_BAR_S),
        Case("DAG files beyond Airflow's own", import_dags, list_airflow_modules, import_airflow, bar=DAGS_BAR_S),
    )
    return [
        *measure("small", loads, work, rows=ROWS, rounds=rounds, server_pid=server.pid),
        *measure("small", others, work, rows=None, rounds=rounds, server_pid=None),
    ]


def in_hand(work: Work, folder: Path) -> float:
    """Seconds from batches in hand to the commit of a first delivery."""
    return _in_hand(work, folder)


def in_hand_again(work: Work, folder: Path) -> float:
    """The same of a delivery that is loaded, a tenth of whose lines has changed."""
    deliveries.expect(through.load(work.url, folder), Status.LOADED)
    file = folder / "orders.csv"
    file.unlink()
    os.link(_changed(work), file)
    return _in_hand(work, folder)


def with_reading(work: Work, folder: Path) -> float:
    """Seconds of the load of an opened delivery, connecting included."""
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset
    from include.postgres.session import connect
    from include.settings import StoresFile

    upload = through.open_delivery(work.url, folder)
    started = time.perf_counter()
    expect(load_dataset(lambda: connect(work.url), upload, "orders", StoresFile(), LoadOptions()), Status.LOADED)
    return time.perf_counter() - started


def whole(work: Work, folder: Path) -> float:
    """Seconds from listing the folder to the commit."""
    started = time.perf_counter()
    expect(through.load(work.url, folder), Status.LOADED)
    return time.perf_counter() - started


def list_airflow_modules(work: Work) -> None:
    """Finds out, in a process of its own, which modules of Airflow the DAG files import."""
    code = (
        "import json, sys, benchmarks.loads.small as small; small.airflow_settings(sys.argv[1]); small.run_dag_files();"
        " print(json.dumps([name for name in sys.modules if name.split('.')[0] == 'airflow']))"
    )
    command = [sys.executable, "-c", code, work.home]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment(), cwd=PROJECT_ROOT)
    _modules(work).write_text(done.stdout.splitlines()[-1], encoding="utf-8")


def import_airflow(work: Work) -> None:
    """Airflow's own: its modules that the DAG files use, and all that these import."""
    airflow_settings(work.home)
    for name in json.loads(_modules(work).read_text(encoding="utf-8")):
        import_module(name)


def import_dags(_work: Work) -> None:
    """What the project adds: the DAG files, its plugins, and all that these import."""
    run_dag_files()


def airflow_settings(home: str) -> None:
    """Keeps Airflow away from the user's own home, before its first import."""
    os.environ.update(
        AIRFLOW_HOME=f"{home}/airflow",
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT_ROOT / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT_ROOT / "plugins"),
    )
    sys.path.insert(0, str(PROJECT_ROOT / "plugins"))


def run_dag_files() -> None:
    """Runs each DAG file as Airflow's processor does."""
    for file in sorted((PROJECT_ROOT / "dags").glob("*.py")):
        spec = spec_from_file_location(f"benchmarked_{file.stem}", file)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{file.name} is no module.")
        spec.loader.exec_module(module_from_spec(spec))


def _in_hand(work: Work, folder: Path) -> float:
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset
    from include.postgres.session import connect
    from include.settings import StoresFile

    upload = through.open_delivery(work.url, folder)
    connection = connect(work.url)
    results = load_dataset(lambda: connection, upload, "orders", StoresFile(), LoadOptions())
    expect(results, Status.LOADED)
    return _less_reading(results[0])


def _less_reading(result: LoadResult) -> float:
    return (result.ms - sum(result.phases.get(name, 0.0) for name in READING)) / 1_000


def _warm(way: Clocked, work: Work) -> None:
    through.imports(work)
    for number in range(WARM):
        way(work, deliveries.deliver(work, dt.date(2024, 1, 1) + dt.timedelta(days=number)))


def _median(way: Clocked, work: Work) -> float:
    days = (through.DAY + dt.timedelta(days=number) for number in range(REPEATS))
    return statistics.median(way(work, deliveries.deliver(work, day)) for day in days)


def _program(command: tuple[str, ...], _work: Work) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_environment(), cwd=PROJECT_ROOT)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}


def _changed(work: Work) -> Path:
    return Path(work.home) / "redelivery.csv"


def _modules(work: Work) -> Path:
    return Path(work.home) / "airflow-modules.json"
