"""The process that executes a run: it holds a lock for as long as it lives, and a tag of the run names both.

Belongs here: holding the lock, and seeing whether the process of a run is gone.
Does not belong here: starting or ending processes (:mod:`.run_launcher`), or ending runs (:mod:`.abandoned_runs`).

The system takes a lock from a process that ends, whatever it ends of. The number of a process says less: it is given to
another one later, and the time that a process was started moves when the clock is set.
"""

import atexit
import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psutil
from filelock import FileLock, Timeout

PROCESS_TAG = "chat_forecast/process"
"""``host:pid:lock`` of the process that executes a run; the lock of a run that was launched is named by the run's id."""
FOLDER = "run_processes"
"""Where the locks are, below the instance."""
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_held: dict[Path, FileLock] = {}


def hold(instance_folder: str, name: str | None = None) -> str:
    """Hold a lock until this process ends; by default one for all its runs. Returns the value of their tag."""
    folder = Path(instance_folder) / FOLDER
    if name is None:
        own = next((lock for lock in _held if lock.parent == folder), None)
        name = own.stem if own else f"command-{uuid4().hex}"
    path = folder / f"{name}.lock"
    if path not in _held:
        folder.mkdir(parents=True, exist_ok=True)
        _held[path] = FileLock(path)
        _held[path].acquire(timeout=10)  # somebody may just be looking whether it is held
    return process_tag(os.getpid(), name)


@atexit.register
def release() -> None:
    """Give back the locks of this process, since its runs have ended."""
    while _held:
        path, lock = _held.popitem()
        with suppress(OSError):
            path.unlink(missing_ok=True)
        lock.release()


def process_tag(pid: int, name: str) -> str:
    """The value of the tag for a process of this machine that holds, or will hold, a lock."""
    return f"{socket.gethostname()}:{pid}:{name}"


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process that executed a run has ended; False where that cannot be seen from this machine.

    A run that is tried again has the tag of the one that failed, until it has a process of its own.
    """
    host, pid, name = _parts(run.tags)
    if host != socket.gethostname() or (RUN_ID.fullmatch(name) and name != run.run_id):
        return False
    path = Path(instance.root_directory) / FOLDER / f"{name}.lock"
    if not path.exists():  # it is about to take the lock, or never came to it
        return not psutil.pid_exists(pid)
    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except (Timeout, OSError):
        return False
    return True


def process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> psutil.Process | None:
    """The living process that executes a run; None if it is gone, or not on this machine."""
    host, pid, _ = _parts(run.tags)
    if host != socket.gethostname() or is_gone(instance, run):
        return None
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def _parts(tags: Mapping[str, str]) -> tuple[str, int, str]:
    host, _, process = tags.get(PROCESS_TAG, "").partition(":")
    pid, _, name = process.partition(":")
    return (host, int(pid), name) if pid.isdigit() else ("", 0, "")
