from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import include.cli

COMMANDS = (
    "load",
    "load commerce",
    "load table",
    "contract",
    "contract infer",
    "contract check",
    "profile",
    "profile init",
    "query",
    "check",
    "report",
    "uploads",
    "uploads list",
    "uploads show",
    "uploads accept",
    "rejects",
    "rejects list",
    "rejects show",
    "rejects export",
    "rejects replay",
    "rejects prune",
    "coverage",
    "bundles",
    "bundles mine",
    "backfill",
    "explain",
    "uploads forget",
    "forget-person",
    "up",
    "down",
    "status",
    "logs",
)

# Columns of a narrow terminal, less the page's margin of one blank on each side.
WIDTH = 78

PROGRAM = """
import sys
from include.cli.app import main
for command in sys.argv[1:]:
    print(">>", command, flush=True)
    code = main([*command.split(), "--help"])
    slow = {"pyarrow", "psycopg", "pandas"} & {name.partition(".")[0] for name in sys.modules}
    print("<<", code, *sorted(slow), flush=True)
"""


def test_help_of_every_data_command_answers_without_the_heavy_packages() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *COMMANDS], capture_output=True, text=True, check=True)
    pages = done.stdout.split(">> ")[1:]
    assert [page.partition("\n")[0] for page in pages] == list(COMMANDS)
    for page in pages:
        assert page.endswith("<< 0\n"), f"import what is named last inside the command: {page}"


def test_help_teaches_by_examples() -> None:
    nouns = [command for command in COMMANDS if command not in {"load", "rejects", "uploads", "contract", "profile"}]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *nouns], capture_output=True, text=True, check=True)
    for page in done.stdout.split(">> ")[1:]:
        command = page.partition("\n")[0]
        # The usage says it once; the examples can be copied.
        assert page.count(f"./longshore {command}") >= 2, f"{command} --help shows no example"


def test_no_line_of_help_is_broken_on_a_narrow_terminal() -> None:
    modules = [import_module(f"include.cli.{file.stem}") for file in Path(include.cli.__path__[0]).glob("[a-z]*.py")]
    pages = [text for module in modules for name, text in vars(module).items() if name.endswith("HELP")]
    long = [line for page in pages for line in page.splitlines()[1:] if len(line) > WIDTH]
    assert not long, f"more than {WIDTH} characters"
