"""The connection to MLflow: its settings, its lock, and its failures.

Belongs here: opening MLflow and turning its failures into :class:`TrackingUnavailable`.
Does not belong here: making its SQLite file (:mod:`.sqlite_store`), what is logged (:mod:`.catch_up`), or the time limit for
all of it (:mod:`.deadline`).
"""

import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import without_secrets
from chat_forecast.settings.links import DAGSTER_URL, MLFLOW_URL
from chat_forecast.storage.sqlite_files import fault_of, how_to_replace
from chat_forecast.tracking.artifact_journal import journal_path, remove_unwritten_artifacts
from chat_forecast.tracking.sqlite_store import defer_disk_sync, flush, is_unfinished, make_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow reads these from the environment alone; a value that the user has set stands. Its own defaults would wait for
# minutes on a server that is down, print the URI with its password, and copy a lock file found in the working folder
# into every model.
MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",  # waits 0, 2 and 4 s
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",  # seconds
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
}


LOST = "and the chats' next runs log again what is stored"
"""What a new SQLite file in the place of a damaged one is without: nothing."""
PLAIN_FILE = re.compile(r"sqlite:///([^?%]*)")
"""The URI of a plain SQLite file, which can be parsed without SQLAlchemy."""
DATABASE_TRIES = 6
"""Attempts to connect to a database that is down: about 6 s, where MLflow itself would try for a hundred."""


class TrackingUnavailable(ChatForecastError):
    """MLflow could not be used; the message names the store, what was found and what to do."""


@dataclass(frozen=True)
class Tracking:
    """MLflow at one tracking URI (SQLite, another database, or a server).

    ``artifact_root`` is the local folder or the URL below which new experiments keep their artifacts; without one the
    server decides. ``ui_url`` is where the UI of an SQLite store is served, ``dagster_url`` where Dagster's is: each run
    links to its day there. ``patience_seconds`` is how long to wait for an SQLite file that somebody else is writing to;
    requests to a server are retried as :data:`MLFLOW_SETTINGS` say.
    """

    tracking_uri: str
    artifact_root: str | None = None
    ui_url: str = MLFLOW_URL
    dagster_url: str = DAGSTER_URL
    patience_seconds: float = 20.0

    @property
    def is_unmade(self) -> bool:
        """Whether the store is an SQLite file that is yet to be made, which takes seconds."""
        return self.file is not None and not self.file.exists()

    def remove_unwritten_artifacts(self) -> None:
        """Remove the artifacts of runs that were never written, as :meth:`open` does; takes no time if there are none.

        Raises:
            TrackingUnavailable: MLflow could not be used.
        """
        if self.file is not None and self.file.exists() and journal_path(self.file).exists():
            with self.open("take away files of runs that were never written"):
                pass

    @contextmanager
    def open(self, purpose: str) -> "Iterator[MlflowClient]":
        """Open MLflow for one purpose; others who would write the same SQLite file are kept out until it is done.

        Raises:
            TrackingUnavailable: MLflow could not be used, while it was opened or afterwards.
        """
        import_mlflow()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._lock():
                self._begin_file()
                try:
                    yield self._client
                finally:
                    self._end_file()
        # A server's refusals come as MlflowException or requests' errors, which are OSErrors, as is a lock's Timeout; a
        # database of which no driver is installed as ImportError.
        except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
            found = without_secrets(str(error)).partition("\n")[0]
            # Not chained: the cause's own text may hold the password of the URI.
            raise self.unavailable(purpose, f"{type(error).__name__}: {found[:600]}") from None

    def unavailable(self, purpose: str, found: str) -> TrackingUnavailable:
        """Make the error for a purpose that MLflow could not be used for."""
        return TrackingUnavailable(
            f"MLflow at {self.store} could not be used to {purpose}: {found}. {self._advice} "
            "Stored partitions are as they were: what MLflow lacks is logged by the next run."
        )

    @property
    def store(self) -> str:
        """The tracking URI without user names and passwords."""
        return without_secrets(self.tracking_uri)

    @property
    def ui_base(self) -> str:
        """Where MLflow's pages are, without a slash at the end."""
        is_server = self.tracking_uri.startswith(("http://", "https://"))
        return (re.sub(r"//[^/]*@", "//", self.tracking_uri) if is_server else self.ui_url).rstrip("/")

    def artifact_location(self, chat: str) -> str | None:
        """Where a new experiment of a chat keeps its artifacts; None where the server decides."""
        root = self.artifact_root
        if root is not None and "://" not in root:
            root = Path(root).resolve().as_uri()
        return None if root is None else f"{root}/{chat}"

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        if self.file:
            defer_disk_sync(self.file)
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    @cached_property
    def file(self) -> Path | None:
        """The SQLite file, where the store is one."""
        if plain := PLAIN_FILE.fullmatch(self.tracking_uri):
            return Path(plain[1])
        from sqlalchemy import make_url

        is_sqlite = self.tracking_uri.startswith("sqlite:")
        return Path(make_url(self.tracking_uri).database or "") if is_sqlite else None

    @property
    def _advice(self) -> str:
        if self.file and (fault := fault_of(self.file)):
            return f"The file is damaged ({fault}). {how_to_replace(self.file, LOST)}"
        if self.file:
            return "See that the file can be written to, that its disk is not full and that nothing keeps it locked."
        return "See that the server runs and that MLFLOW_TRACKING_URI is right."

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep others out who would write the same SQLite file; a server sees to that itself."""
        from filelock import FileLock

        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.file.with_name(f"{self.file.name}.lock"), timeout=self.patience_seconds)
        with lock if self.file else nullcontext():
            yield

    def _begin_file(self) -> None:
        """See that the SQLite file is there and can be written to: MLflow itself would try for minutes."""
        if self.file:
            if not self.file.exists():
                make_store(self.file)
            with closing(sqlite3.connect(self.file, timeout=self.patience_seconds)) as connection:
                # Kept in the file: no reader waits for a writer, and a commit need not wait for the disk.
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()
            if is_unfinished(self.file):
                make_store(self.file)
            remove_unwritten_artifacts(self.file)

    def _end_file(self) -> None:
        if self.file:
            flush(self.file)
            remove_unwritten_artifacts(self.file)  # once the runs are on the disk


def import_mlflow(*, with_models: bool = False) -> None:
    """Import MLflow with our settings, and without the warnings that it gives about its own code.

    What writes and loads models is a part of it that most nights need not.
    """
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.store.db.utils as databases
        import mlflow.store.tracking.sqlalchemy_store

        if with_models:
            import mlflow.pyfunc  # noqa: F401 - imported for its warnings, here
    databases.MAX_RETRY_COUNT = DATABASE_TRIES
