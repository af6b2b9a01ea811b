"""Starting everything, waiting until it answers, and stopping it on a signal.

Belongs here: the order of these steps, and what is printed in between.
Does not belong here: each step (:mod:`.commands`, :mod:`.ports`, :mod:`.processes`, :mod:`.stale_servers`).
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from chat_forecast.app.serving.commands import DAEMON, MLFLOW, code_socket, commands, workspace, workspace_file
from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.app.serving.health_refresher import refresh_health
from chat_forecast.app.serving.ports import await_answers, await_socket, expect_distinct, expect_free
from chat_forecast.app.serving.processes import Servers
from chat_forecast.app.serving.reloading import DefinitionsWatch
from chat_forecast.app.serving.stale_servers import end_stale_servers
from chat_forecast.domain.windows import TRACES_DAYS
from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import without_secrets
from chat_forecast.pipeline.instance_settings import lacking_settings, prepare_instance
from chat_forecast.plain_text import counted
from chat_forecast.settings.paths import DAGSTER_URL_VARIABLE, MLFLOW_URL_VARIABLE, REPORTS_URL_VARIABLE, Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.whole_files import replace_file

LOOK_SECONDS = 0.5
"""Between two looks at whether every process is alive."""


@dataclass(frozen=True)
class Endpoints:
    """Where the three servers are to be reached."""

    dagster: Endpoint
    mlflow: Endpoint
    reports: Endpoint


def endpoints_of(ports: Mapping[str, int], address: str, prefix: str, names: Sequence[str]) -> Endpoints:
    """The endpoints of the three servers, which ``ports`` names; below a common path each has one of its own."""
    return Endpoints(
        **{name: Endpoint(port, address, f"{prefix}/{name}" if prefix else "", tuple(names)) for name, port in ports.items()}
    )


def serve(home: Home, endpoints: Endpoints, say: Callable[[str], object]) -> int:
    """Serve until a signal comes or the terminal is closed, then end every process; returns the exit code.

    ``MLFLOW_TRACKING_URI`` may name a server that is running already: then no other one is started.

    Raises:
        ServingError: a port is taken, the home is served already, or a server ended by itself.
    """
    prepare_instance(home)
    if lacking := lacking_settings(home):
        say(lacking)
    record = home.locks / "up.json"
    end_stale_servers(record)
    has_mlflow_server = home.mlflow_uri.startswith(("http://", "https://"))
    opened = {"--port": endpoints.dagster, "--mlflow-port": endpoints.mlflow, "--reports-port": endpoints.reports}
    if has_mlflow_server:
        del opened["--mlflow-port"]
    expect_distinct(opened)
    for option, endpoint in opened.items():
        expect_free(option, endpoint)
    mlflow = without_secrets(home.mlflow_uri) if has_mlflow_server else endpoints.mlflow.url
    _set_link_targets(endpoints.dagster.url, endpoints.reports.url, None if has_mlflow_server else mlflow)
    _prepare_database(home, say)
    code_socket(home).unlink(missing_ok=True)  # of an `up` that was killed
    replace_file(workspace_file(home), workspace(home).encode())
    wanted = commands(home, endpoints.dagster, endpoints.mlflow, endpoints.reports)
    if has_mlflow_server:
        del wanted[MLFLOW]
    servers = Servers(home.root / "logs", record)
    with _signals() as stopping, refresh_health(home):
        try:
            say("Starting …")
            _start(servers, wanted, code_socket(home), stopping)
            await_answers(list(opened.values()), servers, stopping)
            if not stopping.is_set():
                _say_addresses(endpoints, mlflow, say, is_ours=not has_mlflow_server)
            _look_after(servers, DefinitionsWatch(home, endpoints.dagster.url), stopping, say)
        finally:
            with suppress(OSError):  # the terminal may be gone
                say("Stopping …")
            servers.stop()
    with suppress(OSError):
        say("Stopped.")
    return 0


def _start(servers: Servers, wanted: Mapping[str, Sequence[str]], socket: Path, stopping: threading.Event) -> None:
    """Start the servers; the daemon only once the code server listens, for which it does not wait itself."""
    for name, command in wanted.items():
        if name == DAEMON:
            await_socket(socket, servers, stopping)
        servers.start(name, command)


def _say_addresses(endpoints: Endpoints, mlflow: str, say: Callable[[str], object], *, is_ours: bool) -> None:
    """Say where the servers answer; ``is_ours``: the MLflow server is one of them."""
    say(f"Dagster: {endpoints.dagster.url}")
    say(f"MLflow: {mlflow}")
    say(f"Reports: {endpoints.reports.url}")
    say("Ctrl-C stops them all." if is_ours else "Ctrl-C stops them, but not the MLflow server.")


def _look_after(servers: Servers, watch: DefinitionsWatch, stopping: threading.Event, say: Callable[[str], object]) -> None:
    """See that the servers are alive and know the newest definitions, until ``stopping`` is set."""
    while not stopping.wait(LOOK_SECONDS):
        servers.expect_alive()
        if watch.reload_if_changed():
            with suppress(OSError):  # the terminal may be gone
                say("The chats or their archives changed: the definitions are reloaded.")


def _set_link_targets(dagster: str, reports: str, mlflow: str | None) -> None:
    """Let links that runs of the child processes make lead to where the UIs are served; what the user set stays."""
    os.environ.setdefault(DAGSTER_URL_VARIABLE, dagster)
    os.environ.setdefault(REPORTS_URL_VARIABLE, reports)
    if mlflow is not None:
        os.environ.setdefault(MLFLOW_URL_VARIABLE, mlflow)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C, a polite kill and a closed terminal set while the block lasts."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stopping
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _prepare_database(home: Home, say: Callable[[str], object]) -> None:
    """Make Dagster's files where there are none, end runs that nobody executes, and prune, while nobody else is in.

    Webserver and daemon starting at the same moment on an empty folder can break its SQLite schema.
    """
    from chat_forecast.app.database_checks import STARTING_SECONDS, check_databases
    from chat_forecast.app.pruning import find_prunable, prune
    from chat_forecast.app.runs import opened
    from chat_forecast.pipeline.abandoned_runs import end_abandoned_runs

    now = datetime.now(UTC)
    try:
        chats = load_chats(home.chats_file, now.date())
    except ChatForecastError:  # the code server says what is wrong with the file
        chats = ()
    with opened(home, chats) as runner:
        looked = check_databases(home, runner.resources.tracking.file, STARTING_SECONDS)
        end_abandoned_runs(runner.instance, is_alone=True)
        old = find_prunable(home, runner, now)
    for fault in looked.faults:  # what uses none of the damaged pages goes on
        say(fault)
    try:
        freed = prune(home, runner.resources.tracking, old)
    except ChatForecastError as error:  # what is too much on the disk is no reason to do nothing
        say(str(error))
    else:
        if old.runs:
            runs = counted(old.runs, "runs")
            say(f"The traces of {runs} older than {TRACES_DAYS} days are deleted ({freed / 1e6:.1f} MB).")
