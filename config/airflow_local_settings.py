"""What Airflow does at the start of each of its processes: here, import what every load needs before tasks are forked.

LocalExecutor and Celery fork a process for each task, and an import that their parent has done costs the task nothing.
The other processes run no tasks and are left alone. A deployment's own file of this name, in $AIRFLOW_HOME/config, is
found before this one and can call `preload` itself.
"""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ()

# Subcommands of `airflow` whose process forks tasks.
FORKING = ("scheduler", "celery")

# The loader with all it imports (psycopg, pyarrow, pandas). Nothing here opens a connection or starts a thread that a
# fork would lose.
MODULES = (
    "include.pipelines.commerce.delivery.close",
    "include.pipelines.commerce.delivery.extract",
    "include.pipelines.commerce.delivery.load_dataset",
    "include.postgres.session",
    "pyarrow.csv",
)


def preload() -> None:
    """Imports them; `include` is on the path wherever tasks can run at all."""
    for module in MODULES:
        import_module(module)


if sys.argv[1:2] and sys.argv[1] in FORKING:
    preload()
