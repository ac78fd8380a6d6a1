from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_imports_run_from_dags_over_plugins_to_include_only() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"Move the import: dags wire, plugins adapt, include works.\n{done.stdout}"


def test_no_module_of_the_package_imports_a_dag() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for folder in ("include", "plugins")
        for path in (ROOT / folder).rglob("*.py")
        if any(line.startswith(("from dags", "import dags")) for line in path.read_text(encoding="utf-8").splitlines())
    ]
    assert guilty == [], "DAG files are wiring: move what others need to plugins/longshore or include."
