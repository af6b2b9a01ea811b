"""How this process connects to Dagster's PostgreSQL database: patiently, and with few connections.

Belongs here: retrying and pooling connections to the database that ``CHAT_FORECAST_DATABASE`` names.
Does not belong here: locks in that database (:mod:`chat_forecast.storage.advisory_locks`), and other databases: MLflow's is
a copy that nothing waits for.

Two things that Dagster does are changed, for this database alone:

- It gives up after six seconds, so that a run, the queue or a sensor would fail at each restart of the server. Here
  connecting is tried again for :data:`PATIENCE_SECONDS`; in a :func:`short_wait`, where a person waits for the answer and
  can repeat the command, for a few seconds only.
- It makes a new connection for every event, and checking a password safely costs more than storing the event. Here all of
  Dagster's storages in a process share one pool, which tests each connection before it is used.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from chat_forecast.settings.paths import DATABASE_VARIABLE

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import Dialect

PATIENCE_SECONDS = 120.0
SHORT_WAIT_SECONDS = 5.0
"""As long as a server takes that is just being restarted."""
_patience: ContextVar[float | None] = ContextVar("patience", default=None)
POLL_SECONDS = 0.5
POOL_SIZE, POOL_OVERFLOW = 2, 40
"""Connections that a process keeps, and those that it may open beside them for a moment."""
REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied", "too many clients")
"""Errors that are raised at once: waiting does not mend them, and "too many clients" is retried by Dagster itself."""


def retry_and_pool_connections() -> None:
    """Change how this process connects to the database, if there is one; calling it again changes nothing."""
    if os.environ.get(DATABASE_VARIABLE):
        import dagster_postgres.utils
        from sqlalchemy import Engine, event

        if not event.contains(Engine, "do_connect", _connect):
            event.listen(Engine, "do_connect", _connect)
        vars(dagster_postgres.utils)["create_engine"] = _create_engine


@contextmanager
def short_wait() -> Iterator[None]:
    """In the block, try to connect no longer than :data:`SHORT_WAIT_SECONDS`."""
    token = _patience.set(SHORT_WAIT_SECONDS)
    try:
        yield
    finally:
        _patience.reset(token)


def _create_engine(url: str, **settings: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy takes settings of any type
    """As SQLAlchemy's ``create_engine``, with the shared pool in place of no pool."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    if settings.get("poolclass") is not NullPool:
        return create_engine(url, **settings)
    return _pooled_engine(os.getpid(), url, settings["isolation_level"])


@cache
def _pooled_engine(_process: int, url: str, isolation_level: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy's own names
    """One engine a process: a forked one must not use the connections of its parent."""
    from sqlalchemy import create_engine

    return create_engine(
        url, isolation_level=isolation_level, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, pool_pre_ping=True
    )


def _connect(dialect: "Dialect", _record: object, arguments: tuple[Any, ...], parameters: dict[str, Any]) -> object:
    """Connect to the database; None leaves any other database to SQLAlchemy."""
    if dialect.name != "postgresql" or DATABASE_VARIABLE not in os.environ or not _is_ours(parameters):
        return None
    patience = _patience.get()
    deadline = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
    while True:
        try:
            return dialect.connect(*arguments, **parameters)
        except dialect.loaded_dbapi.OperationalError as error:
            if any(refusal in str(error) for refusal in REFUSALS) or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _is_ours(parameters: dict[str, Any]) -> bool:
    from sqlalchemy import make_url

    ours = make_url(os.environ[DATABASE_VARIABLE])
    found = (parameters.get("host"), str(parameters.get("port") or ""), parameters.get("dbname"))
    return found == (ours.host, str(ours.port or ""), ours.database)
