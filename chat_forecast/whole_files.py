"""Replacing a local file as a whole: readers see the old content or the new one, never half of one.

Belongs here: the one way in which this program writes a local file that it or a person reads later.
Does not belong here: files on other storage (:mod:`chat_forecast.storage.atomic_files`), and which files there are.
"""

import os
import uuid
from pathlib import Path


def replace_file(target: Path, content: bytes | memoryview, *, mode: int | None = None) -> None:
    """Write aside, flush to the disk, rename; the folder is made if there is none.

    ``mode`` holds from the first byte on (``0o600`` for a secret); by default it is that of any new file.

    Raises:
        OSError: it could not be written; what stood there before is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)  # whatever the process's umask says
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
