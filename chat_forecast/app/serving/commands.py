"""The command of each process.

Belongs here: which programs run, with which arguments.
Does not belong here: starting them (:mod:`.processes`).
"""

import sys

from chat_forecast.settings.links import LOOPBACK
from chat_forecast.settings.paths import Home

MLFLOW = "mlflow"


def commands(home: Home, port: int, mlflow_port: int, reports_port: int) -> dict[str, list[str]]:
    """Name -> command of each process, in the order in which they are started."""
    module = ["-m", "chat_forecast.definitions"]
    python = [sys.executable, "-m"]
    return {
        "dagster-webserver": [*python, "dagster_webserver", "-h", LOOPBACK, "-p", str(port), *module],
        "dagster-daemon": [*python, "dagster._daemon", "run", *module],
        MLFLOW: [
            *python, "mlflow", "server", "--backend-store-uri", home.mlflow_uri, "--artifacts-destination",
            str(home.mlflow_artifacts), "--host", LOOPBACK, "--port", str(mlflow_port), "--workers", "1",
        ],
        "reports": [*python, "chat_forecast.app.report_server", "--port", str(reports_port)],
    }  # fmt: skip
