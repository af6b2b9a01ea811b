"""Writing a local file as a whole: readers see the old content or the new one, never half of one.

Belongs here: the one way in which this program writes a local file that it or a person reads later.
Does not belong here: files on other storage (:mod:`chat_forecast.storage.atomic_files`), and which files there are.
"""

import fcntl
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom, RawIOBase
from pathlib import Path
from typing import BinaryIO

SECRET = 0o600
"""The mode of a file that only its owner can read."""
ASIDE = re.compile(r"\..+\.[0-9a-f]{32}\.part")
"""The name of a file that is being written beside the one that it will replace."""


def replace_file(target: Path, content: bytes | memoryview, *, mode: int | None = None) -> None:
    """Write aside, flush to the disk, rename; the folder is made if there is none.

    ``mode`` holds from the first byte on; by default it is that of any new file.

    Raises:
        OSError: it could not be written; what stood there before is as it was.
    """
    replace_file_by(target, lambda file: file.write(content), mode=mode)


def replace_file_by(
    target: Path, write: Callable[[BinaryIO], object], *, mode: int | None = None, is_lasting: bool = True
) -> None:
    """Do the same with what ``write`` writes into a file, of which never all has to be in memory; raises as that.

    What is not ``is_lasting`` is not flushed to the disk: where the machine dies, it may be lost, or be something else.
    """
    with _written_aside(target, write, mode, is_lasting=is_lasting) as aside:
        aside.replace(target)


def create_file(target: Path, content: bytes | memoryview, *, mode: int | None = None) -> bool:
    """Make a file unless there is one, also one that another process makes at the same moment; returns whether it was made.

    Raises:
        OSError: it could not be written.
    """
    with _written_aside(target, lambda file: file.write(content), mode) as aside:
        try:
            target.hardlink_to(aside)  # unlike a renaming, a link never replaces a file
        except FileExistsError:
            return False
    return True


def open_nameless(folder: Path) -> RawIOBase:
    """Open a file that has no name any more: it is gone when it is closed, however this process ends.

    A process that is killed before the name is gone leaves an empty file, which :func:`remove_leftovers` finds.

    Raises:
        OSError: it could not be made.
    """
    aside = folder / f".columns.{uuid.uuid4().hex}.part"
    file = _locked(aside, SECRET)
    aside.unlink()
    return file.detach()


def remove_leftovers(folder: Path) -> int:
    """Remove from a folder what was written aside by processes that were killed; returns how many files.

    A file that is being written is locked by who writes it, from its first byte until it is renamed.

    Raises:
        OSError: the folder cannot be read.
    """
    removed = 0
    for path in folder.glob(".*.part"):
        if ASIDE.fullmatch(path.name):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
    return removed


@contextmanager
def _written_aside(
    target: Path, write: Callable[[BinaryIO], object], mode: int | None, *, is_lasting: bool = True
) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with _locked(aside, 0o666 if mode is None else mode) as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)  # whatever the process's umask says
            write(file)
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
            yield aside
    except OSError as error:
        error.filename = str(target)  # a full disk names no file, and what is written aside is nobody's business
        raise
    finally:
        aside.unlink(missing_ok=True)


def _locked(path: Path, mode: int) -> BufferedRandom:
    """Make a file and lock it; one that was taken for a leftover in between is made again."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b")
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
