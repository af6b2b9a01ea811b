"""Ports of this machine: whether one is free, and waiting until one answers.

Belongs here: asking the network of this machine.
Does not belong here: what listens on a port (:mod:`.commands`).
"""

import errno
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from chat_forecast.app.serving.endpoint import WILDCARD_ADDRESSES, Endpoint
from chat_forecast.app.serving.processes import Servers, ServingError

START_SECONDS = 120


def expect_free(option: str, endpoint: Endpoint) -> None:
    """See that an endpoint can be listened at; ``option`` is the command's option that chooses another port.

    Raises:
        ServingError: it cannot.
    """
    with socket.socket(endpoint.family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.address, endpoint.port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise ServingError(
                    f"--host {endpoint.address} is no address of this machine, expected one of its own"
                ) from error
            raise ServingError(
                f"port {endpoint.port} on {endpoint.address} cannot be used ({error.strerror}). Is `chat-forecast up` "
                f"running already? Choose another port with {option}."
            ) from error


def expect_distinct(endpoints: Mapping[str, Endpoint]) -> None:
    """See that each option names a port of its own.

    Raises:
        ServingError: two options name the same one.
    """
    options: dict[int, str] = {}
    for option, endpoint in endpoints.items():
        if (other := options.setdefault(endpoint.port, option)) != option:
            raise ServingError(f"{other} and {option} are both {endpoint.port}. Choose another port for one of them.")


def await_answers(endpoints: Sequence[Endpoint], servers: Servers, stopping: threading.Event) -> None:
    """Wait until something answers at every endpoint, or until ``stopping`` is set.

    Raises:
        ServingError: a server ended by itself, or there is no answer after :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    waiting = list(endpoints)
    while waiting and not stopping.wait(0.2):
        servers.expect_alive()
        waiting = [endpoint for endpoint in waiting if not _answers(endpoint)]
        if waiting and time.monotonic() > deadline:
            raise ServingError(f"nothing answers on port {waiting[0].port} after {START_SECONDS} s; see {servers.logs}")


def await_socket(path: Path, servers: Servers, stopping: threading.Event) -> None:
    """Wait until something answers on a Unix socket, or until ``stopping`` is set.

    Raises:
        ServingError: a server ended by itself, or nothing answers after :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while not stopping.is_set():
        servers.expect_alive()
        if answers_on_socket(path):
            return
        if time.monotonic() > deadline:
            raise ServingError(f"nothing answers on {path} after {START_SECONDS} s; see {servers.logs}")
        stopping.wait(0.1)


def answers_on_socket(path: Path) -> bool:
    """Whether something answers on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _answers(endpoint: Endpoint) -> bool:
    with socket.socket(endpoint.family) as probe:
        probe.settimeout(1)
        return probe.connect_ex((WILDCARD_ADDRESSES.get(endpoint.address, endpoint.address).strip("[]"), endpoint.port)) == 0
