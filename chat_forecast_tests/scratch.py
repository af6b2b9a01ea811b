"""Where the steps put their temporary files: in memory, where there is enough.

The tests make thousands of small databases, and a disk that is waited for after each change takes a third of their time.
Nothing that a test sees is other there: a file that was written is read by the next process, also after a kill.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, as in any folder for temporary files
NEEDED_BYTES = 4 << 30
"""All steps at once leave a gigabyte or two; as much again is left to the processes."""
PREFIX = "chat-tests-"


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """What to add to the environment of steps, so that they use memory; nothing if ``TMPDIR`` is set, or memory is scarce.

    What they leave is removed at the end, and after a killed run by the next one.
    """
    if "TMPDIR" in os.environ or not _is_roomy():
        yield {}
        return
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX).partition("-")[0])):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o711)  # PostgreSQL's user goes through it
    try:
        yield {"TMPDIR": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_roomy() -> bool:
    is_usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    return (
        is_usable
        and shutil.disk_usage(MEMORY).free >= NEEDED_BYTES
        and psutil.virtual_memory().available >= 2 * NEEDED_BYTES
    )
