"""Writing a local file as a whole: readers see the old content or the new one, never half of one.

Belongs here: the one way in which this program writes a local file that it or a person reads later.
Does not belong here: files on other storage (:mod:`chat_forecast.storage.atomic_files`), and which files there are.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRET = 0o600
"""The mode of a file that only its owner can read."""


def replace_file(target: Path, content: bytes | memoryview, *, mode: int | None = None) -> None:
    """Write aside, flush to the disk, rename; the folder is made if there is none.

    ``mode`` holds from the first byte on; by default it is that of any new file.

    Raises:
        OSError: it could not be written; what stood there before is as it was.
    """
    with _written_aside(target, content, mode) as aside:
        aside.replace(target)


def create_file(target: Path, content: bytes | memoryview, *, mode: int | None = None) -> bool:
    """Make a file unless there is one, also one that another process makes at the same moment; returns whether it was made.

    Raises:
        OSError: it could not be written.
    """
    with _written_aside(target, content, mode) as aside:
        try:
            target.hardlink_to(aside)  # unlike a renaming, a link never replaces a file
        except FileExistsError:
            return False
    return True


@contextmanager
def _written_aside(target: Path, content: bytes | memoryview, mode: int | None) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)  # whatever the process's umask says
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)
