"""What lies in a home is its owner's alone: folders 0700, files 0600.

Belongs here: that what this process and its children make is so, and closing a home that is open to others.
Does not belong here: what holds secrets beside (each writes its own file with its own mode), or partitions that were put
elsewhere: whoever put them there may share them.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chat_forecast.settings.paths import Home

OTHERS = 0o077
"""What group and others may do."""
FOLDERS = ("dagster", "mlflow", "locks", "logs", "reports")
"""The folders of a home, beside one for each chat."""
FILES = ("chats.toml", "pseudonym.key", "telegram.session", "telegram-peers.json", "notified.json", ".env")
OF_A_CHAT = ("archive", "raw_messages", "merged_history", "mlflow_ledger.json")
"""Where one of these lies, it is the folder of a chat."""


def keep_private() -> None:
    """Let files and folders that this process and its children make be their owner's alone."""
    os.umask(OTHERS)


def close_to_others(home: Home) -> int:
    """Take from others what they may do with what lies in a home; returns of how many files and folders.

    A home whose places are closed is not looked through. A root that is shared, such as ``/tmp``, stays so, and so does what
    else lies in it. Nothing is said of a file system that knows no modes, or of another owner's files.
    """
    places = list(_places(home))
    if not any(map(_is_open, places)):
        return 0
    return sum(_close(path) for place in places for path in _at_and_below(place, home.root))


def _places(home: Home) -> Iterator[Path]:
    """The root, and what is ours in it: it may be a folder that holds other things too."""
    is_shared = home.root.is_dir() and home.root.stat().st_mode & stat.S_ISVTX
    if not is_shared:
        yield home.root
    yield home.dagster_home
    with suppress(OSError), os.scandir(home.root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                is_ours = entry.name in FOLDERS or any(Path(entry.path, name).exists() for name in OF_A_CHAT)
            else:
                is_ours = not is_shared or entry.name in FILES
            if is_ours:
                yield Path(entry.path)


def _at_and_below(place: Path, root: Path) -> Iterator[Path]:
    """A place and everything in it; of the root, nothing in it, since not everything there is ours."""
    yield place
    if place != root:
        for folder, folders, files in os.walk(place):
            yield from (Path(folder, name) for name in (*folders, *files))


def _is_open(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(found.st_mode) and bool(found.st_mode & OTHERS)


def _close(path: Path) -> bool:
    """Close one file or folder; whether it is closed that was open."""
    if not _is_open(path):
        return False
    with suppress(OSError):
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
    return not _is_open(path)
