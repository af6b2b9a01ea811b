"""The MLflow UI behind the guard: ``python -m chat_forecast.app.serving.mlflow_ui --port 5000``.

Belongs here: making MLflow's web application, as its own command does, over the store that the environment names.
Does not belong here: who may come in (:mod:`.guard`).

MLflow's own command would start a further process, and have the store's address, with its password, among its arguments,
where everybody on this machine can read it.
"""

import os
import re
import sys
from pathlib import Path

from chat_forecast.app.serving.endpoint import Endpoint, parse_endpoint
from chat_forecast.app.serving.guard import Guard
from chat_forecast.app.serving.mlflow_page import WithChoices
from chat_forecast.app.serving.web_app import serve_app
from chat_forecast.masking import mask_output
from chat_forecast.pipeline.resources import tracking_of
from chat_forecast.settings.paths import Home
from chat_forecast.tracking.client import import_mlflow

PROXIED_ARTIFACTS = "mlflow-artifacts:/"
"""Where a client that names no place of its own puts what it logs: through the server."""
CLOSED = re.compile(r"/(assistant|gateway|jobs)(/|$)")
"""Parts of MLflow that run programs on this machine, or ask language models; to them, whoever comes by a proxy is local."""


def main() -> None:
    """Serve the store of the home that the environment names, until interrupted."""
    endpoint, home = parse_endpoint(sys.argv[1:]), Home.from_environment(os.environ)
    mask_output(os.environ)
    import_mlflow()
    _set_environment(home, endpoint)
    tracking = tracking_of(home)
    if tracking.is_unmade:
        with tracking.open("make its store"):
            pass
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(home.mlflow_uri, home.mlflow_uri, PROXIED_ARTIFACTS)
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import app

    page = Path(str(flask_app.static_folder)) / "index.html"
    serve_app(WithChoices(app, page, endpoint.prefix), Guard(endpoint.hosts, closed=CLOSED), endpoint)


def _set_environment(home: Home, endpoint: Endpoint) -> None:
    """What MLflow's application reads when it is imported; its own checks of host and origin follow ours.

    MLflow's command sets the same variables for its process. To import the names is to import the application.
    """
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": home.mlflow_uri,
        "_MLFLOW_SERVER_REGISTRY_STORE": home.mlflow_uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": PROXIED_ARTIFACTS,
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(home.mlflow_artifacts),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(sorted(endpoint.hosts)),
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(
            f"{scheme}://{host}" for host in sorted(endpoint.hosts) for scheme in ("http", "https")
        ),
    }
    if endpoint.prefix:
        os.environ["_MLFLOW_STATIC_PREFIX"] = endpoint.prefix


if __name__ == "__main__":
    main()
