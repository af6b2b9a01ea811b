"""Looking at files that another process may delete in the same moment, which is no fault.

Belongs here: which files lie below a folder, how large and how old one is, where each may be gone by then.
Does not belong here: which of them may be deleted (:mod:`chat_forecast.app.pruning`).
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and every folder that is empty, that one too; none where it is gone."""
    for inner, folders, names in os.walk(folder):
        yield from (Path(inner, name) for name in names)
        if not folders and not names:
            yield Path(inner)


def size_of(file: Path) -> int:
    """The bytes of a file; none where it is gone."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def is_older(path: Path, oldest: datetime) -> bool:
    """Whether a file or a folder was changed before an aware instant; one that is gone was."""
    try:
        return path.stat().st_mtime < oldest.timestamp()
    except FileNotFoundError:
        return True
