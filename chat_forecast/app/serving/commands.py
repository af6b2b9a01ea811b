"""The command of each process.

Belongs here: which programs run, with which arguments.
Does not belong here: starting them (:mod:`.processes`).
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.settings.paths import Home

CODE_SERVER = "code-server"
DAEMON = "dagster-daemon"
MLFLOW = "mlflow"
LOCATION = "chat_forecast"
"""The code location's name: the same as in ``workspace.yaml``, so that ticks and states have one history."""
LONGEST_SOCKET_PATH = 100
"""The operating system allows a few characters more."""


def commands(home: Home, dagster: Endpoint, mlflow: Endpoint, reports: Endpoint) -> dict[str, list[str]]:
    """Name -> command of each process, in the order in which they are started; a secret is in none of them."""
    python = [sys.executable, "-m"]
    return {
        CODE_SERVER: [
            *python, "dagster", "code-server", "start", "-m", "chat_forecast.definitions", "--location-name", LOCATION,
            "--socket", str(code_socket(home)),
        ],
        "dagster-webserver": [*python, "chat_forecast.app.serving.dagster_ui", *dagster.options],
        MLFLOW: [*python, "chat_forecast.app.serving.mlflow_ui", *mlflow.options],
        "reports": [*python, "chat_forecast.app.report_server", *reports.options],
        DAEMON: [*python, "dagster._daemon", "run", "-w", str(workspace_file(home))],
    }  # fmt: skip


def code_socket(home: Home) -> Path:
    """The socket of the code server, which webserver and daemon share: loading many chats twice takes twice the time."""
    path = home.locks / "code-server.sock"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"chat_forecast-{digest}.sock"


def workspace_file(home: Home) -> Path:
    """The file that tells webserver and daemon where the code server is."""
    return home.locks / "workspace.yaml"


def workspace(home: Home) -> str:
    """What stands in that file."""
    return f"load_from:\n  - grpc_server:\n      socket: {code_socket(home)}\n      location_name: {LOCATION}\n"
