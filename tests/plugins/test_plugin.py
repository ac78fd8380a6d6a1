from __future__ import annotations

import sys

from tests.conftest import ROOT

PLUGINS = ROOT / "plugins"


def test_airflow_finds_the_one_file_that_registers_the_plugin_and_nothing_else() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    found = [path for path in find_path_from_directory(str(PLUGINS), ".airflowignore") if path.endswith(".py")]
    assert found == [str(PLUGINS / "longshore_plugin.py")], (
        "Airflow would run these under their bare names: keep `*` and the one exception in plugins/.airflowignore."
    )


def test_the_plugin_registers_without_an_error_and_brings_its_link() -> None:
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert errors == {}
    [plugin] = [plugin for plugin in plugins if plugin.name == "longshore"]
    assert [link.name for link in plugin.operator_extra_links] == ["What became of the upload"]


def test_operators_exist_once_under_their_dotted_name() -> None:
    from airflow import plugins_manager

    plugins_manager._get_plugins()
    ours = {
        name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(str(PLUGINS))
    }
    assert {name for name in ours if not name.startswith("longshore")} == set()
