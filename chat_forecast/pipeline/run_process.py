"""The process that executes a run, named by a tag of the run.

Belongs here: naming a process so that it is known from a later one with the same number, and seeing whether it is gone.
Does not belong here: starting or ending processes (:mod:`.run_launcher`), or what happens to a run whose process is gone.
"""

import socket
from collections.abc import Mapping

import psutil

PROCESS_TAG = "chat_forecast/process"
"""``host:pid:start time`` of the process that executes a run."""


def process_name(pid: int | None = None) -> str:
    """What to tag a run with that a process of this machine executes; by default, this one.

    Raises:
        psutil.NoSuchProcess: it is gone.
    """
    process = psutil.Process(pid)
    return f"{socket.gethostname()}:{process.pid}:{process.create_time()}"


def process_of(tags: Mapping[str, str]) -> psutil.Process | None:
    """The living process that a run's tags name; None if it is gone, or not on this machine."""
    host, _, process = tags.get(PROCESS_TAG, "").partition(":")
    pid, _, started = process.partition(":")
    if host != socket.gethostname():
        return None
    try:
        found = psutil.Process(int(pid))
        return found if str(found.create_time()) == started and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def is_gone(tags: Mapping[str, str]) -> bool:
    """Whether the process that a run's tags name has ended; False if it is on another machine, where it cannot be seen."""
    return tags.get(PROCESS_TAG, "").partition(":")[0] == socket.gethostname() and process_of(tags) is None
