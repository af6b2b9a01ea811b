"""Locks that hold among many machines: PostgreSQL's advisory locks, which belong to a connection and end with it.

Belongs here: this process's connection for its locks, and taking them again after the database was away.
Does not belong here: which locks there are (:mod:`.locks`).

A process has one connection for all its locks. PostgreSQL frees them when the process dies, and within half a minute when
its machine loses its power or its network. When PostgreSQL is started again, every lock is free for a moment: each holder
takes its own again, at the next :func:`.Held.expect` or the next beat of :func:`keep`. So whoever asks whether a holder is
alive believes only what it has seen for a while (:func:`is_free`, :func:`seconds_up`).
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

from chat_forecast.storage.locks import FOR_EVER, LockLost, LockTaken

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

POLL_SECONDS = 0.2
BEAT_SECONDS = 5.0
"""How often the connection is looked at while a lock is kept."""
TRUST_SECONDS = 2.0
"""A connection that answered so lately is not asked again."""
PATIENCE_SECONDS = 120.0
"""How long the database may be away, and how long others may hold what was ours, until the locks are given up."""
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""Both ends notice within 25 s that the other one is gone."""


class _Session:
    """The connection of this process to one database, and the locks that it holds."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._held: set[int] = set()
        self._guard = threading.RLock()
        self._answered = 0.0

    def try_take(self, key: int) -> bool:
        """Take a lock that nobody holds; whether it was taken."""
        with self._guard:
            self.ensure()
            if key in self._held or not self._ask("SELECT pg_try_advisory_lock(%s)", key):
                return False
            self._held.add(key)
            return True

    def give_back(self, key: int) -> None:
        """Let others take a lock."""
        with self._guard:
            self._held.discard(key)
            with suppress(Exception):  # without a connection it is free already
                self._ask("SELECT pg_advisory_unlock(%s)", key)

    def ensure(self, patience: float = PATIENCE_SECONDS) -> None:
        """See that the connection is alive, or make another one, on which all locks are held again."""
        import psycopg2

        with self._guard:
            if self._connection is not None and time.monotonic() - self._answered < TRUST_SECONDS:
                return
            deadline = time.monotonic() + patience
            while True:
                try:
                    if self._connection is None:
                        self._connection = _connect(self._database)
                        taken = [self._ask("SELECT pg_try_advisory_lock(%s)", key) for key in sorted(self._held)]
                        if not all(taken):  # our own former connection, which the server holds for alive, or somebody else
                            raise psycopg2.OperationalError("a lock of this process is held by another connection")
                    self._ask("SELECT 1")
                    return
                except psycopg2.Error as error:
                    self._drop()
                    if time.monotonic() > deadline:
                        raise _lost(error, patience) from None
                    time.sleep(POLL_SECONDS)

    def ask(self, query: str, *values: object) -> object:
        """Ask the database something else; the first value of its answer."""
        with self._guard:
            self.ensure()
            return self._ask(query, *values)

    def _ask(self, query: str, *values: object) -> object:
        import psycopg2

        if self._connection is None:
            raise psycopg2.OperationalError("there is no connection")
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone()
        self._answered = time.monotonic()
        return row[0] if row else None

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection, self._answered = None, 0.0


def _lost(error: Exception, seconds: float) -> LockLost:
    found = str(error).strip().partition("\n")[0]
    return LockLost(
        f"the database of the locks could not be used for {seconds:.0f} s ({found}). See that PostgreSQL runs and that "
        "CHAT_FORECAST_DATABASE is right. What is stored is whole; the run is tried again."
    )


class _HeldLock:
    """A lock of a session."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    def expect(self) -> None:
        """See that the connection that holds it is alive."""
        self._session.ensure()


@contextmanager
def hold(database: str, name: str, seconds: float = FOR_EVER) -> Iterator[_HeldLock]:
    """Hold a lock for the block; see :meth:`.Locks.hold`."""
    session, key = _session(database, os.getpid()), _key(name)
    deadline = None if seconds < 0 else time.monotonic() + seconds
    while not session.try_take(key):
        if deadline is not None and time.monotonic() >= deadline:
            raise LockTaken(name)
        time.sleep(POLL_SECONDS)
    try:
        yield _HeldLock(session)
    finally:
        session.give_back(key)


@contextmanager
def keep(database: str, name: str) -> Iterator[None]:
    """Hold a lock for the block as the sign of life of this process, also while it is busy and the database restarts.

    Raises:
        LockTaken: somebody else holds it.
    """
    with hold(database, name, 0.0):
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_SECONDS):
                with suppress(LockLost):  # whoever writes is told so by `expect`
                    _session(database, os.getpid()).ensure(BEAT_SECONDS)

        thread = threading.Thread(target=beat, name=f"keeps {name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def is_free(database: str, name: str) -> bool:
    """Whether nobody holds a lock; asking takes it from nobody."""
    key = _key(name) % 2**64
    query = """SELECT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid::bigint = %s AND objid::bigint = %s)"""
    return bool(_session(database, os.getpid()).ask(query, key >> 32, key & 0xFFFFFFFF))


def seconds_up(database: str) -> float:
    """For how long the database has been running since it was started last."""
    found = _session(database, os.getpid()).ask("SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8")
    return float(str(found))


@cache
def _session(database: str, _process: int) -> _Session:
    """The session of a process; one that was forked has another than its parent."""
    return _Session(database)


def _key(name: str) -> int:
    """The number by which PostgreSQL knows a lock."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def _connect(database: str) -> "Connection":
    import psycopg2
    from sqlalchemy import make_url

    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    options = " ".join(f"-c tcp_{name}={value}" for name, value in KEEPALIVE.items())
    connection = psycopg2.connect(
        url, connect_timeout=5, tcp_user_timeout=25_000, options=options, application_name="chat_forecast locks", **KEEPALIVE
    )
    connection.autocommit = True
    return connection
