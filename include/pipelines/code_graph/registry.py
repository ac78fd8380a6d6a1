"""The languages that are known; a new one is a module of `languages` and a line here."""

from __future__ import annotations

from include.pipelines.code_graph.languages.go import GO
from include.pipelines.code_graph.languages.go.modules import SETTINGS as GO_SETTINGS
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.languages.python import PYTHON
from include.pipelines.code_graph.languages.script.javascript import JAVASCRIPT
from include.pipelines.code_graph.languages.script.modules import SETTINGS
from include.pipelines.code_graph.languages.script.typescript import TYPESCRIPT

LANGUAGES: dict[str, Language] = {
    language.name: language for language in (PYTHON, JAVASCRIPT, TYPESCRIPT, GO, SETTINGS, GO_SETTINGS)
}
