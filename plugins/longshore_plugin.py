"""Registers with Airflow what Longshore adds to it; the only file of this folder that Airflow itself looks for."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin
from longshore.links import UploadLink


class LongshorePlugin(AirflowPlugin):
    """The link from a load to its upload."""

    name = "longshore"
    operator_extra_links = [UploadLink()]  # noqa: RUF012 # Airflow declares it so
