"""Dagster's PostgreSQL database: waited for while it is started again, and connected to once instead of for every event.

Belongs here: how this process connects to the database that ``CHAT_FORECAST_DATABASE`` names.
Does not belong here: locks in that database (:mod:`chat_forecast.storage.advisory_locks`), and other databases: MLflow's is
a copy that nothing waits for.

Dagster gives up after six seconds, so that a run, the queue or a sensor would fail of each restart of the server. Here
connecting takes as long as that does. Dagster also connects anew for every event, and a password that is checked safely
costs more than storing one. Here all that a process knows of the database shares its connections, each of which is tried
before it is used. Where a person looks on, who can do the same again, it is waited for a few seconds: :func:`hurried`.
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
HURRIED_SECONDS = 5.0
"""As long as a server takes that is just being started again."""
_patience: ContextVar[float | None] = ContextVar("patience", default=None)
POLL_SECONDS = 0.5
KEPT, MOST = 2, 40
"""Connections of a process that stay, and those that it may have beside them for a moment."""
REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied", "too many clients")
"""What waiting does not mend, but for the last one, which is Dagster's to try again."""


def wait_for_database() -> None:
    """Let this process wait for the database when it connects to it; calling it again changes nothing."""
    if os.environ.get(DATABASE_VARIABLE):
        import dagster_postgres.utils
        from sqlalchemy import Engine, event

        if not event.contains(Engine, "do_connect", _connect):
            event.listen(Engine, "do_connect", _connect)
        vars(dagster_postgres.utils)["create_engine"] = _engine_of


@contextmanager
def hurried() -> Iterator[None]:
    """Wait for the database no longer than :data:`HURRIED_SECONDS` in the block."""
    token = _patience.set(HURRIED_SECONDS)
    try:
        yield
    finally:
        _patience.reset(token)


def _engine_of(url: str, **settings: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy takes settings of any type
    """As Dagster's ``create_engine``, but where it would keep no connection, one engine of this process that does."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    if settings.get("poolclass") is not NullPool:
        return create_engine(url, **settings)
    return _shared_engine(os.getpid(), url, settings["isolation_level"])


@cache
def _shared_engine(_process: int, url: str, isolation_level: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy's own names
    from sqlalchemy import create_engine

    return create_engine(url, isolation_level=isolation_level, pool_size=KEPT, max_overflow=MOST, pool_pre_ping=True)


def _connect(dialect: "Dialect", _record: object, arguments: tuple[Any, ...], parameters: dict[str, Any]) -> object:
    """Connect to the database, or leave it to SQLAlchemy where it is another one."""
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
