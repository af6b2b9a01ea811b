"""Ports of this machine: whether one is free, and waiting until one answers.

Belongs here: asking the network of this machine.
Does not belong here: what listens on a port (:mod:`.commands`).
"""

import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chat_forecast.app.serving.processes import Servers, ServingError
from chat_forecast.settings.links import LOOPBACK

START_SECONDS = 120


def expect_free(option: str, port: int) -> None:
    """See that a port can be listened on; ``option`` is the command's option that chooses another one.

    Raises:
        ServingError: it cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise ServingError(
                f"port {port} on {LOOPBACK} cannot be used ({error.strerror}). Is `chat-forecast up` running already? "
                f"Choose another port with {option}."
            ) from error


def await_answers(ports: Sequence[int], servers: Servers, stopping: threading.Event) -> None:
    """Wait until something answers on every port, or until ``stopping`` is set.

    Raises:
        ServingError: a server ended by itself, or a port does not answer after :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    waiting = list(ports)
    while waiting and not stopping.wait(0.2):
        servers.expect_alive()
        waiting = [port for port in waiting if not _answers(port)]
        if waiting and time.monotonic() > deadline:
            raise ServingError(f"nothing answers on port {waiting[0]} after {START_SECONDS} s; see {servers.logs}")


def await_socket(path: Path, servers: Servers, stopping: threading.Event) -> None:
    """Wait until something answers on a Unix socket, or until ``stopping`` is set.

    Raises:
        ServingError: a server ended by itself, or nothing answers after :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while not stopping.is_set():
        servers.expect_alive()
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        if time.monotonic() > deadline:
            raise ServingError(f"nothing answers on {path} after {START_SECONDS} s; see {servers.logs}")
        stopping.wait(0.1)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
