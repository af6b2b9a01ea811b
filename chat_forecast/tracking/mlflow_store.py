"""MLflow: a run for each scored day, a registered model version for each training.

Belongs here: what is told to MLflow, what happens when it cannot be reached, and reading a registered model back.
Does not belong here: computing what is logged, drawing it, or wrapping this for Dagster.
"""

import getpass
import hashlib
import json
import math
import os
import re
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from filelock import FileLock

from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.links import DAGSTER_URL, MLFLOW_URL, partition_url
from chat_forecast.tracking.stored_model import write_model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, Run, RunTag
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
"""The alias of the newest version among those trained through the latest day."""

TAG = "chat_forecast."
"""What the names of our tags begin with."""

# MLflow reads these from the environment alone; a value that the user has set stands. Its own defaults would wait for
# minutes on a server that is down, print the URI with its password, and copy a lock file found in the working folder
# into every model.
MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",  # waits 0, 2 and 4 s
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",  # seconds
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
}


class TrackingUnavailable(ChatForecastError):
    """MLflow did not take something; the message names the store, what was found and what to do."""


@dataclass(frozen=True)
class ScoreRun:
    """The MLflow run of one scored day, and the address of its page."""

    run_id: str
    url: str


@dataclass(frozen=True)
class RegisteredModel:
    """One version of a chat's registered model, the run of its training, and the address of that run's page."""

    run_id: str
    name: str
    version: int
    url: str


@dataclass(frozen=True)
class Tracking:
    """MLflow at one tracking URI (SQLite or a server).

    ``artifact_root`` is the local folder or the URL below which new experiments keep their artifacts; without one the
    server decides. ``ui_url`` is where the UI of an SQLite store is served, ``dagster_url`` where Dagster's is: each run
    leads to its day there. A store that somebody else is writing to is
    waited for during ``patience_seconds``; a server is asked again as :data:`MLFLOW_SETTINGS` say.
    Every method raises :class:`TrackingUnavailable` when MLflow cannot be used.
    """

    tracking_uri: str
    artifact_root: str | None = None
    ui_url: str = MLFLOW_URL
    dagster_url: str = DAGSTER_URL
    patience_seconds: float = 20.0
    _experiments: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def prepare(self) -> None:
        """Make the SQLite store if there is none yet (some seconds, once), so that later calls are quick.

        May be called by several processes at once. A server is not asked anything.
        """
        with self._open("prepare its store"):
            pass

    def log_score(
        self,
        chat: str,
        day: str,
        model_version: str | None,
        metrics: Mapping[str, float | None],
        hours: pd.DataFrame,
        picture: bytes | None,
        *,
        is_simulated: bool,
    ) -> ScoreRun:
        """Log how a day's forecast did, into the one run of that day: scoring again updates it.

        ``day`` is ``YYYY-MM-DD``; ``hours`` has one row an hour: ``hour`` (aware, local) and beside it what is to be
        shown, actual and forecast; ``picture`` is a PNG. A metric that is None or not finite is left out; one that was
        logged before and is not known any more becomes NaN, since MLflow cannot forget it. Each metric stands at the
        step of its day (the day's ordinal) and at the time the day began.
        """
        starts_at = _milliseconds(hours["hour"].iloc[0])
        tags = _tags(kind="score", chat=chat, day=day, model_version=model_version, is_simulated=is_simulated)
        with self._open(f"log the score of {chat} on {day}", chat) as client:
            run = self._run_of_day(client, chat, day, starts_at)
            known = _finite(metrics)
            wanted = {**dict.fromkeys(run.data.metrics, math.nan), **known}
            changed = {name: value for name, value in wanted.items() if not _is_same(run.data.metrics.get(name), value)}
            # Of two values at one step MLflow shows the later one: each scoring is a millisecond later than the last.
            times_scored = int(run.data.tags.get(f"{TAG}times_scored", 0))
            tags |= _tags(times_scored=times_scored + 1)
            files = {"hours.json": _table(hours)} | ({} if picture is None else {"forecast.png": picture})
            tags |= self._shown_on_page(files, run.info.run_id, chat, "daily_score", day)
            _log_files(client, run.info.run_id, files)
            client.log_batch(
                run.info.run_id,
                metrics=_metrics(changed, day, starts_at + times_scored),
                tags=_run_tags(tags),
            )
            client.set_terminated(run.info.run_id, end_time=starts_at)
            return ScoreRun(run.info.run_id, self._url(run))

    def register_model(
        self,
        chat: str,
        trained_through: str,
        forecaster: Mapping[str, object],
        timezone: str,
        *,
        data_span: tuple[datetime, datetime],
        params: Mapping[str, object],
        metrics: Mapping[str, float | None],
        comparison: pd.DataFrame,
        is_simulated: bool,
        picture: bytes | None = None,
    ) -> RegisteredModel:
        """Register a training as a new version of the chat's model, with a run of its own.

        ``trained_through`` is a day; ``forecaster`` the fitted model as plain JSON values; ``timezone`` the chat's;
        ``data_span`` the first and the last hour it was trained on; ``comparison`` what was compared to choose it, one
        row a candidate; ``picture`` is a PNG. The version can be loaded with ``mlflow.pyfunc`` (see
        :func:`.stored_model.model_input`). The alias :data:`CHAMPION` goes to it unless there is a version trained through a
        later day.
        """
        name = f"chat_forecast-{chat}"
        tags = _tags(
            chat=chat,
            trained_through=trained_through,
            first_hour=data_span[0].isoformat(),
            last_hour=data_span[1].isoformat(),
            is_simulated=is_simulated,
        )
        with self._open(f"register the model of {chat} trained through {trained_through}", chat) as client:
            run = client.create_run(self._experiment(client, chat), run_name=f"training {trained_through}", tags=tags)
            run_id = run.info.run_id
            files = {"comparison.json": _table(comparison)} | ({} if picture is None else {"training.png": picture})
            _log_files(client, run_id, files)
            _log_model(client, run_id, forecaster, timezone)
            client.log_batch(
                run_id,
                metrics=_metrics(_finite(metrics), trained_through, _milliseconds(data_span[1])),
                params=_params(params),
                tags=_run_tags(
                    _tags(kind="training") | self._shown_on_page(files, run_id, chat, "trained_model", trained_through)
                ),
            )
            client.set_terminated(run_id)
            champion = _champion(client, name)
            if champion is None:
                _make_registered_model(client, name, chat)
            created = client.create_model_version(name, f"{run.info.artifact_uri}/model", run_id, tags=tags)
            rivals = [champion, created] if champion else client.search_model_versions(f"name='{name}'")
            newest = max(rivals, key=lambda each: (each.tags[f"{TAG}trained_through"], int(each.version)))
            if newest is not champion:
                client.set_registered_model_alias(name, CHAMPION, newest.version)
            return RegisteredModel(run_id, name, int(created.version), self._url(run))

    @contextmanager
    def _open(self, purpose: str, chat: str = "") -> "Iterator[MlflowClient]":
        """MLflow, for one purpose at a time; its failures become :class:`TrackingUnavailable`."""
        _import_mlflow()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._lock(chat):
                self._check_file()
                yield self._client
        # A server's refusals come as MlflowException or requests' errors, which are OSErrors, as is a lock's Timeout.
        except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
            found = without_secrets(str(error)).partition("\n")[0]
            where = without_secrets(self.tracking_uri)
            # Not chained: the cause's own text may hold the password of the URI.
            raise TrackingUnavailable(
                f"MLflow at {where} could not be used to {purpose}: {type(error).__name__}: {found[:600]}. "
                f"{self._advice} Stored partitions are as they were: materialise the day again afterwards."
            ) from None

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    @cached_property
    def _file(self) -> Path | None:
        """The SQLite file, where the store is one."""
        from sqlalchemy import make_url

        is_sqlite = self.tracking_uri.startswith("sqlite:")
        return Path(make_url(self.tracking_uri).database or "") if is_sqlite else None

    @property
    def _advice(self) -> str:
        if self._file:
            return "See that the file can be written to, that its disk is not full and that nothing keeps it locked."
        return "See that the server runs and that MLFLOW_TRACKING_URI is right."

    @contextmanager
    def _lock(self, chat: str) -> Iterator[None]:
        """Keep others out who would write the same: of a file everybody, of a server this user's runs of the chat."""
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            place = self._file.with_name(f"{self._file.name}.lock")
        else:
            digest = hashlib.sha256(f"{getpass.getuser()} {self.tracking_uri} {chat}".encode()).hexdigest()
            place = Path(tempfile.gettempdir()) / f"chat_forecast-{digest[:16]}.lock"
        with FileLock(place, timeout=self.patience_seconds):
            yield

    def _check_file(self) -> None:
        """See that the SQLite file can be written to: MLflow itself would try for minutes."""
        if self._file:
            with closing(sqlite3.connect(self._file, timeout=self.patience_seconds)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()

    def _experiment(self, client: "MlflowClient", chat: str) -> str:
        """Find the id of the chat's experiment, which is made if there is none."""
        if chat not in self._experiments:
            name = f"chat_forecast/{chat}"
            found = client.get_experiment_by_name(name)
            self._experiments[chat] = found.experiment_id if found else self._new_experiment(client, name, chat)
        return self._experiments[chat]

    def _new_experiment(self, client: "MlflowClient", name: str, chat: str) -> str:
        root = self.artifact_root
        if root is not None and "://" not in root:
            root = Path(root).resolve().as_uri()
        location = None if root is None else f"{root}/{chat}"
        # The kind makes the UI show metrics and models first, not conversations with a language model.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        return str(client.create_experiment(name, artifact_location=location, tags=kind))

    def _run_of_day(self, client: "MlflowClient", chat: str, day: str, starts_at: int) -> "Run":
        """Find the run of a scored day, which is made if there is none."""
        experiment = self._experiment(client, chat)
        that_day = f"tags.`{TAG}day` = '{day}' and tags.`{TAG}kind` = 'score'"
        found = client.search_runs([experiment], that_day, max_results=1)
        if found:
            return found[0]
        return client.create_run(
            experiment, start_time=starts_at, run_name=f"score {day}", tags=_tags(kind="score", day=day)
        )

    def version_url(self, chat: str, version: int) -> str:
        """The page of a version of the chat's model, which leads to its training's run; MLflow is not asked."""
        return f"{self._base}/#/models/chat_forecast-{chat}/versions/{version}"

    def _url(self, run: "Run") -> str:
        return f"{self._base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"

    @property
    def _base(self) -> str:
        is_server = self.tracking_uri.startswith(("http://", "https://"))
        return (re.sub(r"//[^/]*@", "//", self.tracking_uri) if is_server else self.ui_url).rstrip("/")

    def _shown_on_page(self, files: Mapping[str, bytes], run_id: str, chat: str, asset: str, day: str) -> dict[str, str]:
        """Make the tags by which MLflow shows a run's tables as tables, and in its description its picture and a link."""
        tables = [{"path": name, "type": "table"} for name in files if name.endswith(".json")]
        pictures = [f"![{name}](get-artifact?path={name}&run_uuid={run_id})" for name in files if name.endswith(".png")]
        url = partition_url(self.dagster_url, chat, asset, day)
        # The link first: MLflow folds up what is below.
        description = "\n\n".join([f"[{asset} of {day} in Dagster]({url})", *pictures])
        shown = {"mlflow.loggedArtifacts": json.dumps(tables), "mlflow.note.content": description}
        return shown | _tags(dagster=url)


def _import_mlflow() -> None:
    """Import MLflow with our settings, and without the warnings that it gives about its own code."""
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - imported for its warnings, here


def _log_files(client: "MlflowClient", run_id: str, files: Mapping[str, bytes]) -> None:
    """Put files among a run's artifacts, replacing those of the same names."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        client.log_artifacts(run_id, folder)


def _log_model(client: "MlflowClient", run_id: str, forecaster: Mapping[str, object], timezone: str) -> None:
    """Put a model among a run's artifacts."""
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder) / "model", forecaster, timezone)
        client.log_artifacts(run_id, str(Path(folder) / "model"), "model")


def _champion(client: "MlflowClient", name: str) -> "ModelVersion | None":
    """Find the version that bears the alias; None where there is no version yet, or the alias was taken away."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):  # no model, no alias
            raise
        return None


def _make_registered_model(client: "MlflowClient", name: str, chat: str) -> None:
    """Make the chat's registered model if there is none."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, tags=_tags(chat=chat))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _tags(**values: object) -> dict[str, str]:
    """Our tags: named alike, without those that are None, booleans in words."""
    words = {True: "yes", False: "no"}
    return {
        f"{TAG}{name.removeprefix('is_')}": words[value] if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _table(frame: pd.DataFrame) -> bytes:
    """Write a table as ``MlflowClient.log_table`` does, which can only append to one; instants in ISO 8601."""
    shown = frame.assign(
        **{name: _iso(frame[name]) for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)}
    )
    return shown.to_json(orient="split", index=False).encode()


def _iso(instants: pd.Series) -> pd.Series:
    return instants.map(lambda instant: instant.isoformat())


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Keep the metrics that have a finite value."""
    return {name: float(value) for name, value in metrics.items() if not pd.isna(value) and math.isfinite(value)}


def _is_same(stored: float | None, wanted: float) -> bool:
    return stored == wanted or (stored is not None and math.isnan(stored) and math.isnan(wanted))


def _metrics(values: Mapping[str, float], day: str, timestamp: int) -> "list[Metric]":
    from mlflow.entities import Metric

    step = date.fromisoformat(day).toordinal()
    return [Metric(name, value, timestamp, step) for name, value in values.items()]


def _params(values: Mapping[str, object]) -> "list[Param]":
    from mlflow.entities import Param

    return [Param(name, str(value)) for name, value in values.items()]


def _run_tags(tags: Mapping[str, str]) -> "list[RunTag]":
    from mlflow.entities import RunTag

    return [RunTag(name, value) for name, value in tags.items()]


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def without_secrets(text: str) -> str:
    """Hide the user names and passwords of any URIs in a text.

    >>> without_secrets("postgresql://ann:p@ss@host/mlflow?password=other&x=1 refused")
    'postgresql://***@host/mlflow?password=***&x=1 refused'
    """
    hidden = re.sub(r"//[^/\s'\"]*@", "//***@", text)
    return re.sub(r"(?i)\b(password|passwd|pwd|token|secret)=[^&\s'\"]+", r"\1=***", hidden)
