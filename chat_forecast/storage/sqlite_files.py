"""SQLite files of Dagster and MLflow: whether one is whole, and what to do if it is not.

Belongs here: looking at such a file without changing it, and wording what was found.
Does not belong here: what is kept in them (:mod:`chat_forecast.pipeline`, :mod:`chat_forecast.tracking`).

Nothing that is stored of a chat is in one of them, so that each may be moved away.
"""

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

WAIT_SECONDS = 5.0


def fault_of(path: Path, seconds: float = math.inf) -> str | None:
    """What is wrong with a file; None if it is whole, in use, empty or not there.

    Every page is looked at, which takes a second for a gigabyte that is in memory, and as long as reading it for one
    that is not. What is found out by the beginning and the length is found out whatever the time. SQLite keeps no checksums:
    other bytes within a text are not found.

    Raises:
        TimeoutError: there was not time enough to look at every page.
    """
    if path.is_dir():
        return "it is a folder"
    if not path.exists() or not path.stat().st_size:
        return None
    address, wait = f"{path.resolve().as_uri()}?mode=ro", min(WAIT_SECONDS, max(seconds, 0.0))
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=wait)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            log = path.with_name(f"{path.name}-wal")
            if not (log.exists() and log.stat().st_size) and pages * size > path.stat().st_size:
                return "its end is missing"
            with _interrupted_after(connection, seconds):
                found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise TimeoutError(f"{path} was not looked through in {seconds:.1f} s") from None
        return None  # it is locked, or its disk is away: whoever uses it says so
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else " ".join(found.split())


@contextmanager
def _interrupted_after(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what a connection is doing when the time is over."""
    if math.isinf(seconds):
        yield
        return
    is_done = threading.Event()

    def interrupt() -> None:
        is_over = is_done.wait(max(seconds, 0.0))
        while not is_over:  # again and again: one that comes before the statement begins does nothing
            connection.interrupt()
            is_over = is_done.wait(0.01)

    thread = threading.Thread(target=interrupt, name="time for a database")
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()  # nobody interrupts a connection that is closed


def how_to_replace(path: Path, lost: str) -> str:
    """What to do with a file that is damaged; ``lost`` says what a new one is without."""
    return (
        f"What is stored of the chats is not in it. Stop chat-forecast up, and move {path.name} away, with {path.name}-wal "
        f"and {path.name}-shm if they are there; a new one is made, {lost}, unless you put one of a backup in its place. "
        "Then do the same again."
    )


def damaged(path: Path, found: str, lost: str) -> str:
    """The sentences about a file that is damaged."""
    return f"{path} is damaged ({found}). {how_to_replace(path, lost)}"
