"""Serving the user interfaces and the daemon on this machine, until told to stop.

Belongs here: the processes of ``chat-forecast up``, their addresses, and ending them.
Does not belong here: what they show.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from chat_forecast.errors import ChatForecastError
from chat_forecast.home import DAGSTER_URL_VARIABLE, MLFLOW_URL_VARIABLE, Home

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 20
START_SECONDS = 120


class ServingError(ChatForecastError):
    """A server could not be started; the message says which and what to do."""


@dataclass
class Servers:
    """Child processes that end together."""

    logs: Path
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; what it prints goes to ``<logs>/<name>.log``."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the children.
            self.children[name] = subprocess.Popen(  # noqa: S603 - the commands are this module's own
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def ended(self) -> str | None:
        """The name of a child that has ended, if one has."""
        return next((name for name, child in self.children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """Ask every child to end, the last one started first; after a while, make it."""
        for child in reversed(self.children.values()):
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            _end_session(child)


def serve(home: Home, *, port: int, mlflow_port: int, reports_port: int, say: Callable[[str], object]) -> int:
    """Serve until SIGINT or SIGTERM, then end every process; returns the exit code.

    Raises:
        ServingError: a port is taken, or a server ended by itself.
    """
    for option, number in (("--port", port), ("--mlflow-port", mlflow_port), ("--reports-port", reports_port)):
        _expect_free(option, number)
    # Links that runs of these processes make lead to where they are served.
    os.environ.setdefault(DAGSTER_URL_VARIABLE, f"http://{LOOPBACK}:{port}")
    os.environ.setdefault(MLFLOW_URL_VARIABLE, f"http://{LOOPBACK}:{mlflow_port}")
    home.prepare()
    _prepare_instance()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    servers = Servers(home.root / "logs")
    addresses = {
        "Dagster": (port, f"http://{LOOPBACK}:{port}"),
        "MLflow": (mlflow_port, f"http://{LOOPBACK}:{mlflow_port}"),
        "Reports": (reports_port, f"http://{LOOPBACK}:{reports_port}"),
    }
    try:
        for name, command in _commands(home, port, mlflow_port, reports_port).items():
            servers.start(name, command)
        _await(servers, [number for number, _ in addresses.values()], stopping)
        for name, (_, address) in addresses.items():
            say(f"{name}: {address}")
        say("Ctrl-C stops them all.")
        while not stopping.wait(0.5):
            _expect_alive(servers)
    finally:
        say("Stopping …")
        servers.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
    say("Stopped.")
    return 0


def _commands(home: Home, port: int, mlflow_port: int, reports_port: int) -> dict[str, list[str]]:
    module = ["-m", "chat_forecast.definitions"]
    python = [sys.executable, "-m"]
    return {
        "dagster-webserver": [*python, "dagster_webserver", "-h", LOOPBACK, "-p", str(port), *module],
        "dagster-daemon": [*python, "dagster._daemon", "run", *module],
        "mlflow": [
            *python, "mlflow", "server", "--backend-store-uri", home.mlflow_uri, "--artifacts-destination",
            str(home.mlflow_artifacts), "--host", LOOPBACK, "--port", str(mlflow_port), "--workers", "1",
        ],
        "reports": [*python, "chat_forecast.reports.server", "--port", str(reports_port)],
    }  # fmt: skip


def _prepare_instance() -> None:
    # Webserver and daemon starting at the same moment on an empty folder can break its SQLite schema.
    import dagster as dg

    from chat_forecast.runs import fail_abandoned_runs

    with dg.DagsterInstance.get() as instance:
        fail_abandoned_runs(instance)


def _expect_free(option: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise ServingError(
                f"port {port} on {LOOPBACK} cannot be used ({error.strerror}). Is `chat-forecast up` running already? "
                f"Choose another one with {option}."
            ) from error


def _await(servers: Servers, ports: Sequence[int], stopping: threading.Event) -> None:
    deadline = time.monotonic() + START_SECONDS
    waiting = list(ports)
    while waiting and not stopping.wait(0.2):
        _expect_alive(servers)
        waiting = [port for port in waiting if not _answers(port)]
        if time.monotonic() > deadline:
            raise ServingError(f"nothing answers on port {waiting[0]} after {START_SECONDS} s; see {servers.logs}")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _expect_alive(servers: Servers) -> None:
    if (ended := servers.ended()) is not None:
        raise ServingError(f"{ended} has ended by itself; its last words are in {servers.logs / f'{ended}.log'}")


def _end_session(child: subprocess.Popen[bytes]) -> None:
    """End what is left of a child's session: the code servers it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    child.wait()
