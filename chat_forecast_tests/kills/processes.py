"""Commands as processes that can be killed: forked from a warm one, so that a kill strikes work and not imports.

A process forked so has a session of its own, as one has that a terminal starts: a kill ends it with all that it started.
Now and then a process is started afresh instead, which is killed while it imports too.
"""

import atexit
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import chat_forecast.cli.base
from chat_forecast.cli import main
from chat_forecast_tests.kills.stages import Stage

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["chat_forecast.pipeline.preload_run", __name__])
IMPORTS_SECONDS = 3.0
"""Processor seconds that a process started afresh takes before its work begins, about."""
LOOK_SECONDS = 0.002
LIMIT_SECONDS = 120.0
"""Processor seconds after which a command counts as hanging."""
LONGEST_SECONDS = 900.0
"""Seconds after which it does whatever it is waiting for."""


def do(stage: Stage, folder: Path, log: Path) -> tuple[int, str, float]:
    """Do a command to its end; gives its exit code, what it said, and its processor seconds."""
    process = _started(stage, folder, log)
    seconds = _seconds_until(process, LIMIT_SECONDS)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        return -1, f"did not end: {log.read_text()}", seconds
    process.join()
    return process.exitcode, log.read_text(), seconds


def kill(stage: Stage, folder: Path, log: Path, seconds: float, how: signal.Signals) -> bool:
    """Start a command and kill it when it has worked for so many processor seconds; whether it was at work until then."""
    return _killed(_started(stage, folder, log), seconds, how)


def kill_fresh(stage: Stage, folder: Path, log: Path, seconds: float, how: signal.Signals) -> bool:
    """As :func:`kill`, of a process that imports everything first, and shares nothing with this one."""
    command = [sys.executable, "-m", "chat_forecast.cli", *stage.command]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdout=output, stderr=output, start_new_session=True
        )
    return _killed(_Fresh(process), IMPORTS_SECONDS + seconds, how)


def environment(folder: Path) -> dict[str, str]:
    """The environment of a command in the folder's home."""
    others = {name: text for name, text in os.environ.items() if name not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    return others | {"CHAT_FORECAST_HOME": str(folder / "home"), "COLUMNS": "200"}


@dataclass(frozen=True)
class _Fresh:
    """A process of :mod:`subprocess`, used as one of :mod:`multiprocessing` is."""

    process: subprocess.Popen

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def join(self, seconds: float | None = None) -> None:
        self.process.wait(seconds)


def _killed(process, seconds: float, how: signal.Signals) -> bool:
    _seconds_until(process, seconds)
    is_alive = process.is_alive()
    for each in (how, signal.SIGKILL):  # the second for what it had started and left behind
        with suppress(ProcessLookupError):
            os.killpg(process.pid, each)
        process.join(LIMIT_SECONDS)
    return is_alive


def _seconds_until(process, limit: float) -> float:
    """Wait until a process ends, or has worked for so many processor seconds; gives how many it has worked.

    A machine that does something else meanwhile moves no moment.
    """
    clock, seconds, begun = (~process.pid << 3) | 2, 0.0, time.monotonic()  # as clock_getcpuclockid(3) makes it
    while process.is_alive() and seconds < limit and time.monotonic() - begun < LONGEST_SECONDS:
        with suppress(OSError):  # it has just ended
            seconds = time.clock_gettime(clock)
        time.sleep(LOOK_SECONDS)
    return seconds


def _started(stage: Stage, folder: Path, log: Path):
    process = CONTEXT.Process(target=_run, args=(stage.command, stage.later, environment(folder), str(folder), str(log)))
    process.start()
    return process


def _run(command: tuple[str, ...], later: timedelta, variables: dict[str, str], folder: str, log: str) -> None:
    """What a forked process does: the command, and what ends a process."""
    os.setsid()
    with open(log, "w") as output:  # noqa: PTH123 - a file descriptor is meant
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)

    class Clock(datetime):
        """The clock of a day to come, by which today's traces are old."""

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + later

    if later:
        chat_forecast.cli.base.datetime = Clock
    try:
        main(list(command))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        atexit._run_exitfuncs()
