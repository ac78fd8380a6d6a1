"""Links that the web interface shows beside a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

# Where in the mapped group of an upload the task stands that says what became of it.
CLOSE_TASK = "close"


class UploadLink(BaseOperatorLink):
    """From the load of one dataset to what became of its whole upload: the XComs of `close` in the same group."""

    name = "What became of the upload"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Path within Airflow's own site, so it holds behind any address and proxy.

        Args:
            operator: the load.
            ti_key: its task instance: `dag_id`, `run_id`, `task_id` and `map_index`.
        """
        group = ti_key.task_id.split(".", maxsplit=1)[0]
        mapped = "" if ti_key.map_index is None or ti_key.map_index < 0 else f"/mapped/{ti_key.map_index}"
        run = quote(ti_key.run_id, safe="")
        return f"/dags/{ti_key.dag_id}/runs/{run}/tasks/{group}.{CLOSE_TASK}{mapped}/xcom"
