"""Locks that processes hold against each other: on one machine, or on all that share a database.

Belongs here: the one way in which this program keeps two processes from changing the same thing.
Does not belong here: how a lock is held in a database (:mod:`.advisory_locks`), and what is locked.

A lock is free as soon as its holder dies, whatever it dies of: the system sees to that on one machine, PostgreSQL among
many.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from chat_forecast.errors import ChatForecastError

FOR_EVER = -1.0


class LockTaken(Exception):
    """Somebody else held the lock all the time."""


class LockLost(ChatForecastError):
    """The lock was taken from its holder, whose database was away for too long; nothing more may be written under it."""


class Held(Protocol):
    """A lock that is held."""

    def expect(self) -> None:
        """See that it is held still; raises :class:`LockLost`."""


class _HeldFile:
    """A lock of this machine is never lost."""

    def expect(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Locks:
    """Locks by their names, in a local folder, or in a PostgreSQL database for all machines that use it."""

    folder: Path
    database: str | None = field(default=None, repr=False)
    """The database's URL: a secret."""

    def hold(self, name: str, seconds: float = FOR_EVER) -> AbstractContextManager[Held]:
        """Hold a lock for the block; it is waited for as long as is said.

        Raises:
            LockTaken: somebody else held it all the time.
            LockLost: the database cannot be reached.
        """
        if self.database is None:
            return self._hold_file(name, seconds)
        from chat_forecast.storage.advisory_locks import hold

        return hold(self.database, name, seconds)

    @contextmanager
    def _hold_file(self, name: str, seconds: float) -> Iterator[Held]:
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{name}.lock")
        try:
            lock.acquire(timeout=seconds)
        except Timeout:
            raise LockTaken(name) from None
        try:
            yield _HeldFile()
        finally:
            lock.release()
