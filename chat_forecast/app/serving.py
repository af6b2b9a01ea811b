"""Serving the user interfaces and the daemon on this machine, until told to stop.

Belongs here: the processes of ``chat-forecast up``, their addresses, and ending them.
Does not belong here: what they show.
"""

import json
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

import psutil

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.instance import prepare_instance
from chat_forecast.settings.paths import DAGSTER_URL_VARIABLE, MLFLOW_URL_VARIABLE, Home
from chat_forecast.tracking.mlflow_store import without_secrets

LOOPBACK = "127.0.0.1"
MLFLOW = "mlflow"
GRACE_SECONDS = 20
START_SECONDS = 120


class ServingError(ChatForecastError):
    """A server could not be started; the message says which and what to do."""


@dataclass
class Servers:
    """Child processes that end together."""

    logs: Path
    record: Path
    """Tells a later start which processes are ours, in case this one is killed."""
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; what it prints goes to ``<logs>/<name>.log``."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the children.
            self.children[name] = subprocess.Popen(  # noqa: S603 - the commands are this module's own
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        pids = [os.getpid(), *(child.pid for child in self.children.values())]
        self.record.write_text(json.dumps([[pid, psutil.Process(pid).create_time()] for pid in pids]), encoding="utf-8")

    def ended(self) -> str | None:
        """The name of a child that has ended, if one has."""
        return next((name for name, child in self.children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """Ask every child to end, the last one started first; after a while, make it."""
        for name, child in reversed(self.children.items()):
            if child.poll() is not None:
                continue
            if name == MLFLOW:  # it is deaf to SIGINT, and ending it alone would leave its workers
                os.killpg(child.pid, signal.SIGTERM)
            else:
                child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            _end_session(child.pid)
            child.wait()
        self.record.unlink(missing_ok=True)


def serve(home: Home, *, port: int, mlflow_port: int, reports_port: int, say: Callable[[str], object]) -> int:
    """Serve until told to stop or the terminal is closed, then end every process; returns the exit code.

    ``MLFLOW_TRACKING_URI`` may name a server that runs already: then no other one is started.

    Raises:
        ServingError: a port is taken, the home is served already, or a server ended by itself.
    """
    prepare_instance(home)
    record = home.locks / "up.json"
    _end_leftovers(record)
    has_mlflow_server = home.mlflow_uri.startswith(("http://", "https://"))
    ports = {"--port": port, "--mlflow-port": mlflow_port, "--reports-port": reports_port}
    if has_mlflow_server:
        del ports["--mlflow-port"]
    for option, number in ports.items():
        _expect_free(option, number)
    # Links that runs of these processes make lead to where they are served.
    os.environ.setdefault(DAGSTER_URL_VARIABLE, f"http://{LOOPBACK}:{port}")
    if not has_mlflow_server:
        os.environ.setdefault(MLFLOW_URL_VARIABLE, f"http://{LOOPBACK}:{mlflow_port}")
    _prepare_instance()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    servers = Servers(home.root / "logs", record)
    try:
        say("Starting …")
        for name, command in _commands(home, port, mlflow_port, reports_port).items():
            if name != MLFLOW or not has_mlflow_server:
                servers.start(name, command)
        _await(servers, list(ports.values()), stopping)
        if not stopping.is_set():
            mlflow = without_secrets(home.mlflow_uri) if has_mlflow_server else f"http://{LOOPBACK}:{mlflow_port}"
            say(f"Dagster: http://{LOOPBACK}:{port}")
            say(f"MLflow: {mlflow}")
            say(f"Reports: http://{LOOPBACK}:{reports_port}")
            say("Ctrl-C stops them all." if not has_mlflow_server else "Ctrl-C stops them, but not MLflow's server.")
        while not stopping.wait(0.5):
            _expect_alive(servers)
    finally:
        with suppress(OSError):  # the terminal may be gone
            say("Stopping …")
        servers.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
    with suppress(OSError):
        say("Stopped.")
    return 0


def _commands(home: Home, port: int, mlflow_port: int, reports_port: int) -> dict[str, list[str]]:
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


def _prepare_instance() -> None:
    # Webserver and daemon starting at the same moment on an empty folder can break its SQLite schema.
    import dagster as dg

    from chat_forecast.app.runs import fail_abandoned_runs

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


def _end_leftovers(record: Path) -> None:
    """End the servers of an ``up`` that was killed; one that is alive keeps them.

    Raises:
        ServingError: the home is served already.
    """
    try:
        processes = [(int(pid), float(started)) for pid, started in json.loads(record.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError, TypeError):  # half a record is none
        return
    alive = [pid for pid, started in processes if _is_process(pid, started)]
    if processes and processes[0][0] in alive:
        raise ServingError(
            f"`chat-forecast up` is running already on {record.parents[1]}, as process {alive[0]}. Stop it first: two would "
            "get in each other's way."
        )
    for pid in alive:
        with suppress(psutil.NoSuchProcess):  # it ended by itself just now
            leader = psutil.Process(pid)
            ending = [leader, *leader.children(recursive=True)]
            _end_session(pid)
            psutil.wait_procs(ending, timeout=GRACE_SECONDS)  # only then their ports are free
    record.unlink(missing_ok=True)


def _is_process(pid: int, started: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() == started)
    except psutil.NoSuchProcess:
        return False


def _end_session(leader: int) -> None:
    """End what is left of a child's session: the child, and the code servers it started."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
