"""Child processes that live and end together.

Belongs here: starting them, noticing that one has ended, ending them all with what they started.
Does not belong here: what they run (:mod:`.commands`), and those of an earlier ``up`` (:mod:`.stale_servers`).
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chat_forecast.errors import ChatForecastError
from chat_forecast.whole_files import replace_file

GRACE_SECONDS = 20
"""For a process to end after it was asked to."""


class ServingError(ChatForecastError):
    """A server could not be started, or ended; the message says which and what to do."""


@dataclass
class Servers:
    """Child processes that end together."""

    logs: Path
    record: Path
    """Names the processes for a later ``up``, in case this one is killed: ``[[pid, start time], …]``, itself first."""
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child; what it prints goes to ``<logs>/<name>.log``."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the children.
            self.children[name] = subprocess.Popen(  # noqa: S603 - the commands are this package's own
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        pids = [os.getpid(), *(child.pid for child in self.children.values())]
        processes = [[pid, psutil.Process(pid).create_time()] for pid in pids]
        replace_file(self.record, json.dumps(processes).encode())

    def expect_alive(self) -> None:
        """See that every child is running.

        Raises:
            ServingError: one has ended.
        """
        for name, child in self.children.items():
            if child.poll() is not None:
                raise ServingError(f"{name} has ended by itself; its last words are in {self.logs / f'{name}.log'}")

    def stop(self) -> None:
        """Ask every child to end, the last one started first; kill what has not ended after :data:`GRACE_SECONDS`."""
        for child in reversed(self.children.values()):
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            kill_session(child.pid)
            child.wait()
        self.record.unlink(missing_ok=True)


def kill_session(leader: int) -> None:
    """Kill what is left of a child's session: the child, and the processes that it started."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
