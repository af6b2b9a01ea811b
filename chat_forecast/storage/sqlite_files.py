"""SQLite files of Dagster and MLflow: whether one is whole, and what to do if it is not.

Belongs here: looking at such a file without changing it, and wording what was found.
Does not belong here: what is kept in them (:mod:`chat_forecast.pipeline`, :mod:`chat_forecast.tracking`).

Nothing that is stored of a chat is in one of them, so that each may be moved away.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

WAIT_SECONDS = 5.0


def fault_of(path: Path, *, is_thorough: bool = True) -> str | None:
    """What is wrong with a file; None if it is whole, in use, empty or not there.

    Unless it is to be thorough, which takes a second for a gigabyte, only its beginning and its length are looked at.
    """
    if path.is_dir():
        return "it is a folder"
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if is_thorough else "ok"
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    except sqlite3.OperationalError:  # it is locked, or its disk is away: whoever uses it says so
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    log = path.with_name(f"{path.name}-wal")
    if not (log.exists() and log.stat().st_size) and pages * size > path.stat().st_size:
        return "its end is missing"
    return None if found == "ok" else " ".join(str(found).split())


def how_to_replace(path: Path, lost: str) -> str:
    """What to do with a file that is damaged; ``lost`` says what a new one is without."""
    return (
        f"What is stored of the chats is not in it. Stop chat-forecast up, and move {path.name} away, with {path.name}-wal "
        f"and {path.name}-shm if they are there; a new one is made, {lost}. Then do the same again."
    )


def damaged(path: Path, found: str, lost: str) -> str:
    """The sentences about a file that is damaged."""
    return f"{path} is damaged ({found}). {how_to_replace(path, lost)}"
