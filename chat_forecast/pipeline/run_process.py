"""The process that executes a run: it holds a lock as long as it lives, and a tag of the run names the process.

Belongs here: holding the lock, and finding out whether the process of a run is gone.
Does not belong here: starting or ending processes (:mod:`.run_launcher`), or ending runs (:mod:`.abandoned_runs`).

The system releases the lock of a process that ends, however it ends. The process id alone does not tell that: it is given to
another process later, and the start time of a process moves when the clock is set. On one machine the lock is on a file;
where many machines share a database, it is in the database.
"""

import atexit
import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psutil
from filelock import FileLock, Timeout

from chat_forecast.settings.paths import DATABASE_VARIABLE
from chat_forecast.storage.advisory_locks import is_free, keep, seconds_up

PROCESS_TAG = "chat_forecast/process"
"""``host:pid:lock`` of the process that executes a run; the lock of a run that was launched is named by the run's id."""
FOLDER = "run_processes"
"""Where the locks are, below the instance."""
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

FREE_SECONDS = 15.0
"""A lock in a database is believed to be free if it was so twice, with so much time in between: its holder may just have
lost its connection, and be about to take it again."""

_held: dict[Path, FileLock] = {}
_kept: dict[str, ExitStack] = {}
"""The locks in the database that this process holds."""
_seen_free: dict[str, float] = {}
"""When, by the clock of this process, a lock in the database was first seen free."""


def hold(instance_folder: str, name: str | None = None) -> str:
    """Hold a lock until this process ends; by default one for all its runs. Returns the value of their tag.

    Raises:
        LockTaken: another process holds it, on any machine; where there is one only, it is waited for.
    """
    if database := database_of_locks():
        return _hold_in_database(database, name)
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
    while _kept:
        _kept.popitem()[1].close()
    while _held:
        path, lock = _held.popitem()
        with suppress(OSError):
            path.unlink(missing_ok=True)
        lock.release()


def process_tag(pid: int, name: str) -> str:
    """The value of the tag for a process of this machine that holds, or will hold, a lock."""
    return f"{socket.gethostname()}:{pid}:{name}"


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process that executed a run has ended; False where that cannot be seen from this machine, or not yet."""
    host, pid, name = _parts(run.tags)
    if not has_process(run):
        return False
    if database := database_of_locks():
        return _is_silent(database, name)
    if host != socket.gethostname():
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


def has_process(run: dg.DagsterRun) -> bool:
    """Whether a process has begun to execute a run: until then, a run tried again has the tag of the one that failed."""
    _, _, name = _parts(run.tags)
    return bool(name) and (name == run.run_id or not RUN_ID.fullmatch(name))


def process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> psutil.Process | None:
    """The living process that executes a run; None if it is gone, or not on this machine."""
    host, pid, _ = _parts(run.tags)
    if host != socket.gethostname() or is_gone(instance, run):
        return None
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def database_of_locks() -> str | None:
    """The database that all machines share; None on a single one."""
    return os.environ.get(DATABASE_VARIABLE) or None


def _hold_in_database(database: str, name: str | None) -> str:
    name = name or next((kept for kept in _kept if not RUN_ID.fullmatch(kept)), f"command-{uuid4().hex}")
    if name not in _kept:
        with ExitStack() as stack:
            stack.enter_context(keep(database, f"run/{name}"))
            _kept[name] = stack.pop_all()
    return process_tag(os.getpid(), name)


def _is_silent(database: str, name: str) -> bool:
    """Whether nobody holds a lock in the database, and nobody did a while ago, while the database was there."""
    if not is_free(database, f"run/{name}"):
        _seen_free.pop(name, None)
        return False
    now = time.monotonic()
    return now - _seen_free.setdefault(name, now) >= FREE_SECONDS and seconds_up(database) >= FREE_SECONDS


def _parts(tags: Mapping[str, str]) -> tuple[str, int, str]:
    host, _, process = tags.get(PROCESS_TAG, "").partition(":")
    pid, _, name = process.partition(":")
    return (host, int(pid), name) if pid.isdigit() else ("", 0, "")
