"""Waiting for Dagster's PostgreSQL database where it is started again while runs are under way.

Belongs here: how this process connects to the database that ``CHAT_FORECAST_DATABASE`` names.
Does not belong here: locks in that database (:mod:`chat_forecast.storage.advisory_locks`), and other databases: MLflow's is
a copy that nothing waits for.

Dagster connects for every event, and gives up after six seconds. So a run, the queue or a sensor would fail of each restart
of the server. Here connecting takes as long as that does.
"""

import os
import time
from typing import TYPE_CHECKING, Any

from chat_forecast.settings.paths import DATABASE_VARIABLE

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.5
REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied", "too many clients")
"""What waiting does not mend, but for the last one, which is Dagster's to try again."""


def wait_for_database() -> None:
    """Let this process wait for the database when it connects to it; calling it again changes nothing."""
    if os.environ.get(DATABASE_VARIABLE):
        from sqlalchemy import Engine, event

        if not event.contains(Engine, "do_connect", _connect):
            event.listen(Engine, "do_connect", _connect)


def _connect(dialect: "Dialect", _record: object, arguments: tuple[Any, ...], parameters: dict[str, Any]) -> object:
    """Connect to the database, or leave it to SQLAlchemy where it is another one."""
    if dialect.name != "postgresql" or DATABASE_VARIABLE not in os.environ or not _is_ours(parameters):
        return None
    deadline = time.monotonic() + PATIENCE_SECONDS
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
