"""Servers that were left running by an ``up`` that was killed.

Belongs here: recognising them by the record that it left, and stopping them.
Does not belong here: writing that record (:mod:`.processes`).
"""

import json
from contextlib import suppress
from pathlib import Path

import psutil

from chat_forecast.app.serving.processes import GRACE_SECONDS, ServingError, kill_session


def expect_not_serving(record: Path) -> None:
    """Check that no ``up`` serves a home.

    Raises:
        ServingError: one does.
    """
    with suppress(FileNotFoundError, ValueError, TypeError, RecursionError):
        for pid, started in json.loads(record.read_text(encoding="utf-8")):
            if _is_process(int(pid), float(started)):
                raise ServingError(
                    f"`chat-forecast up` is running on {record.parents[1]}, as process {pid}, and keeps its files open. "
                    "Stop it, and do the same again."
                )


def end_stale_servers(record: Path) -> None:
    """Stop the servers of an ``up`` that was killed; raises if it is alive.

    Raises:
        ServingError: the home is served already.
    """
    try:
        processes = [(int(pid), float(started)) for pid, started in json.loads(record.read_text(encoding="utf-8"))]
    except (
        FileNotFoundError,
        ValueError,
        TypeError,
        RecursionError,
    ):  # half a record, of a version that wrote it in place, is none
        return
    alive = [pid for pid, started in processes if _is_process(pid, started)]
    if processes and processes[0][0] in alive:
        raise ServingError(
            f"`chat-forecast up` is running already on {record.parents[1]}, as process {alive[0]}. Stop it first: two of "
            "them cannot serve one folder."
        )
    for pid in alive:
        with suppress(psutil.NoSuchProcess):  # it ended by itself just now
            leader = psutil.Process(pid)
            ending = [leader, *leader.children(recursive=True)]
            kill_session(pid)
            psutil.wait_procs(ending, timeout=GRACE_SECONDS)  # only then their ports are free
    record.unlink(missing_ok=True)


def _is_process(pid: int, started: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() == started)
    except psutil.NoSuchProcess:
        return False
