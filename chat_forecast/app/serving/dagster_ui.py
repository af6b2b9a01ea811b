"""The Dagster UI behind the guard: ``python -m chat_forecast.app.serving.dagster_ui --port 3000``.

Belongs here: making Dagster's web application, as its own command does, once the code server has loaded the definitions.
Does not belong here: who may come in (:mod:`.guard`).
"""

import os
import sys
import time

import dagster as dg

from chat_forecast.app.serving.commands import code_socket, workspace_file
from chat_forecast.app.serving.endpoint import parse_endpoint
from chat_forecast.app.serving.guard import Guard
from chat_forecast.app.serving.ports import answers_on_socket
from chat_forecast.app.serving.stored_links import ServedAddresses
from chat_forecast.app.serving.web_app import serve_app
from chat_forecast.pipeline.compat import WorkspaceFileTarget, WorkspaceProcessContext, configure_loggers
from chat_forecast.pipeline.followed_logs import follow_logs
from chat_forecast.settings.paths import Home

# As Dagster's own command has them.
STATEMENT_MILLISECONDS, CONNECTION_SECONDS, MOST_CONNECTIONS = 15_000, 3_600, 20
POLL_MILLISECONDS = 2_000
LOOK_SECONDS = 0.1
"""Between two looks whether the code server answers."""


def main() -> None:
    """Serve the home that the environment names, until interrupted."""
    from dagster_webserver.version import __version__

    from chat_forecast.app.serving.quick_webserver import QuickWebserver

    endpoint, home = parse_endpoint(sys.argv[1:]), Home.from_environment(os.environ)
    configure_loggers(log_level="INFO")
    follow_logs()
    target = WorkspaceFileTarget([str(workspace_file(home))])
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(STATEMENT_MILLISECONDS, CONNECTION_SECONDS, MOST_CONNECTIONS)
        _ = instance.run_coordinator  # imports pandas, for which the first page would wait
        while not answers_on_socket(code_socket(home)):
            time.sleep(LOOK_SECONDS)  # for a minute in all with many chats; `up` ends who waits in vain
        with WorkspaceProcessContext(instance, version=__version__, workspace_load_target=target) as context:
            webserver = QuickWebserver(context, endpoint.prefix, POLL_MILLISECONDS, ServedAddresses.of(home))
            webserver.look_ahead()
            serve_app(webserver.create_asgi_app(), Guard(endpoint.hosts, is_json_only=True), endpoint)


if __name__ == "__main__":
    main()
