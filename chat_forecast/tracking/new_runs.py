"""New runs of many days, written to MLflow's SQLite file in one transaction.

Belongs here: the rows that MLflow's client would write for new runs, and the runs' artifacts.
Does not belong here: what is logged of a day (:mod:`.score_runs`), and runs that exist already.

Through the client, a day's run takes seven calls, each of which opens sessions, looks the run up and commits: 25 ms of
processor time, so that a year of days takes longer to copy than to compute. Where the tables are not known
(:mod:`.known_tables`), the client is used.

A run never names an artifact that is not there, whenever the process is killed: first the artifacts are recorded in a
journal (:mod:`.artifact_journal`), then they are written, then all rows are written at once. What a killed process leaves
is removed by the journal.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chat_forecast.tracking.artifact_journal import record_artifacts
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.known_tables import known_store, metric_rows

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.orm import Session

NAME_TAG = "mlflow.runName"


@dataclass(frozen=True)
class NewRun:
    """A finished run, with all that is logged to it."""

    id: str
    name: str
    began: int
    """In milliseconds since 1970, as ``ended``."""
    ended: int
    tags: Mapping[str, str]
    metrics: "Sequence[Metric]"
    """At most one of each name, all of them finite."""
    dataset: "DatasetInput"
    model: str | None
    """The id of the logged model that it used."""


def new_run_id() -> str:
    """A new id, of the form that MLflow gives to runs."""
    return uuid4().hex


def run_writer(tracking: Tracking, client: "MlflowClient", experiment: str) -> "RunWriter | None":
    """The writer of an experiment's new runs; None where MLflow's client has to write them."""
    store = known_store(tracking, client)
    if store is None or tracking.file is None:
        return None
    location = client.get_experiment(experiment).artifact_location
    return RunWriter(store, tracking.file, tracking.tracking_uri, int(experiment), location)


@dataclass(frozen=True)
class RunWriter:
    """Writes new runs of one experiment: :meth:`begin`, then :meth:`put_files` of each, then :meth:`write`."""

    store: "SqlAlchemyStore"
    file: Path
    """MLflow's SQLite file."""
    tracking_uri: str
    experiment: int
    artifacts: str
    """The URI below which the experiment keeps its artifacts."""

    def begin(self, runs: Sequence[str]) -> None:
        """Record in the journal that the artifacts of some runs will be written.

        If this process is killed before the runs are written, whoever uses the store next removes these artifacts
        (:mod:`.artifact_journal`), and the days are logged as other runs.
        """
        record_artifacts(self.file, {run_id: self._artifacts_of(run_id) for run_id in runs})

    def put_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Write the artifacts of a run that is in the journal and not yet written."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

        repository = get_artifact_repository(self._artifacts_of(run_id), tracking_uri=self.tracking_uri)
        if isinstance(repository, LocalArtifactRepository):
            _write_files(Path(repository.artifact_dir), files)
            return
        with tempfile.TemporaryDirectory() as folder:
            _write_files(Path(folder), files)
            repository.log_artifacts(folder)  # type: ignore[no-untyped-call]  # MLflow's

    def write(self, runs: Sequence[NewRun]) -> None:
        """Write the runs with all that is logged to them, in one transaction: all of them, or none."""
        from mlflow.store.tracking.dbmodels import models

        rows: dict[Any, list[dict[str, Any]]] = {
            models.SqlRun: [self._run_row(run) for run in runs],
            models.SqlTag: [row for run in runs for row in _tag_rows(run)],
            models.SqlMetric: [row for run in runs for row in metric_rows(run.id, run.metrics)],
            models.SqlLatestMetric: [row for run in runs for row in metric_rows(run.id, run.metrics)],
            models.SqlLoggedModelMetric: [row for run in runs for row in self._model_metric_rows(run)],
        }
        with self.store.ManagedSessionMaker(read_only=False) as session:
            new_datasets, dataset_ids = self._datasets(session, runs)
            inputs = {run.id: uuid4().hex for run in runs}
            rows[models.SqlDataset] = new_datasets
            rows[models.SqlInput] = [row for run in runs for row in _input_rows(run, inputs[run.id], dataset_ids)]
            rows[models.SqlInputTag] = [
                {"input_uuid": inputs[run.id], "name": tag.key, "value": tag.value}
                for run in runs
                for tag in run.dataset.tags
            ]
            for table, of_table in rows.items():
                if of_table:
                    session.execute(table.__table__.insert(), of_table)

    def _artifacts_of(self, run_id: str) -> str:
        from mlflow.utils.uri import append_to_uri_path

        return str(append_to_uri_path(self.artifacts, run_id, "artifacts"))  # type: ignore[no-untyped-call]  # MLflow's

    def _run_row(self, run: NewRun) -> dict[str, Any]:
        return {
            **dict.fromkeys(("source_name", "entry_point_name", "source_version"), ""),
            "run_uuid": run.id,
            "name": run.name,
            "source_type": "UNKNOWN",
            "user_id": "unknown",
            "status": "FINISHED",
            "start_time": run.began,
            "end_time": run.ended,
            "deleted_time": None,
            "lifecycle_stage": "active",
            "artifact_uri": self._artifacts_of(run.id),
            "experiment_id": self.experiment,
        }

    def _model_metric_rows(self, run: NewRun) -> list[dict[str, Any]]:
        """The rows by which the page of a logged model shows the metrics of a run that used it."""
        return [
            {
                "model_id": metric.model_id,
                "metric_name": metric.key,
                "metric_timestamp_ms": metric.timestamp,
                "metric_step": metric.step,
                "metric_value": metric.value,
                "experiment_id": self.experiment,
                "run_id": run.id,
                "dataset_uuid": None,
                "dataset_name": metric.dataset_name,
                "dataset_digest": metric.dataset_digest,
            }
            for metric in run.metrics
            if metric.model_id is not None
        ]

    def _datasets(
        self, session: "Session", runs: Sequence[NewRun]
    ) -> tuple[list[dict[str, Any]], dict[tuple[str, str], str]]:
        """The rows of datasets that the experiment lacks, and the ids of all that the runs used, by name and digest."""
        from mlflow.store.tracking.dbmodels.models import SqlDataset

        wanted = {(run.dataset.dataset.name, run.dataset.dataset.digest): run.dataset.dataset for run in runs}
        known: Any = session.query(SqlDataset.name, SqlDataset.digest, SqlDataset.dataset_uuid)
        mine = known.filter(
            SqlDataset.experiment_id == self.experiment,
            SqlDataset.name.in_([name for name, _ in wanted]),
            SqlDataset.digest.in_([digest for _, digest in wanted]),
        )
        ids = {(name, digest): uuid for name, digest, uuid in mine}
        new = {key: uuid4().hex for key in wanted if key not in ids}
        rows = [
            {
                "dataset_uuid": uuid,
                "experiment_id": self.experiment,
                "name": wanted[key].name,
                "digest": wanted[key].digest,
                "dataset_source_type": wanted[key].source_type,
                "dataset_source": wanted[key].source,
                "dataset_schema": wanted[key].schema,
                "dataset_profile": wanted[key].profile,
            }
            for key, uuid in new.items()
        ]
        return rows, ids | new


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _tag_rows(run: NewRun) -> list[dict[str, Any]]:
    """The rows of a run's tags, long ones truncated as MLflow does."""
    from mlflow.utils.validation import _validate_tag

    tags = [_validate_tag(name, text) for name, text in {**run.tags, NAME_TAG: run.name}.items()]  # type: ignore[no-untyped-call]  # MLflow's
    return [{"key": tag.key, "value": tag.value, "run_uuid": run.id} for tag in tags]


def _input_rows(run: NewRun, input_id: str, datasets: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """The rows of what a run used: its dataset, and its model."""
    dataset = datasets[run.dataset.dataset.name, run.dataset.dataset.digest]
    used = [(input_id, "DATASET", dataset, "RUN", run.id)]
    if run.model is not None:
        used.append((uuid4().hex, "RUN_INPUT", run.id, "MODEL_INPUT", run.model))
    names = ("input_uuid", "source_type", "source_id", "destination_type", "destination_id")
    return [{**dict(zip(names, each, strict=True)), "step": 0} for each in used]
