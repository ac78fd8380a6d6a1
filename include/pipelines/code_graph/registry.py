"""The languages that are known; a new one is a module of `languages` and a line here."""

from __future__ import annotations

from include.pipelines.code_graph.languages import python, python_modules
from include.pipelines.code_graph.languages.language import Language

PYTHON = Language(
    "python",
    python.SUFFIXES,
    python.parse,
    module=python_modules.module,
    submodule=python_modules.submodule,
    constructors=("__init__",),
)
LANGUAGES: dict[str, Language] = {language.name: language for language in (PYTHON,)}
