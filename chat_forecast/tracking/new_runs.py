"""New runs of many days, written to MLflow's SQLite file in a few statements.

Belongs here: the rows that MLflow's client would write for new runs, all at once.
Does not belong here: what is logged of a day (:mod:`.score_runs`), and runs that are there already.

Logged by the client, a day's run takes seven calls, each of which opens sessions, looks the run up and commits: 25 ms of
processor time, so that a year of days takes longer to copy than to compute. Where the tables are not known
(:mod:`.known_tables`), the client is called.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chat_forecast.tracking.begun_runs import note_begun
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
    """In ms, as what follows."""
    ended: int
    tags: Mapping[str, str]
    metrics: "Sequence[Metric]"
    """One of a name, all of them finite."""
    dataset: "DatasetInput"
    model: str | None
    """The logged model that it used."""


def new_run_id() -> str:
    """An id as MLflow gives it to a run."""
    return uuid4().hex


def run_writer(tracking: Tracking, client: "MlflowClient", experiment: str) -> "RunWriter | None":
    """What writes new runs of an experiment; None where MLflow's client has to."""
    store = known_store(tracking, client)
    if store is None or tracking.file is None:
        return None
    location = client.get_experiment(experiment).artifact_location
    return RunWriter(store, tracking.file, tracking.tracking_uri, int(experiment), location)


@dataclass(frozen=True)
class RunWriter:
    """Writes new runs of one experiment."""

    store: "SqlAlchemyStore"
    file: Path
    """The SQLite file."""
    tracking_uri: str
    experiment: int
    artifacts: str
    """Where the experiment keeps its artifacts."""

    def begin(self, runs: Sequence[str]) -> None:
        """Note that the files of some runs will be put: before they are, which is before the runs are written.

        A process that is killed in between leaves files that no run names. Whoever uses the store next takes them away
        (:mod:`.begun_runs`), and the days are logged as other runs.
        """
        note_begun(self.file, {run_id: self._artifacts_of(run_id) for run_id in runs})

    def put_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Put files where a run's artifacts will be looked for, once it is begun; it need not be written yet."""
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
        """Write the runs with all that is logged to them, in one transaction: all of them are there, or none is."""
        from mlflow.store.tracking.dbmodels import models

        rows: dict[Any, list[dict[str, Any]]] = {
            models.SqlRun: [self._run_row(run) for run in runs],
            models.SqlTag: [row for run in runs for row in _tag_rows(run)],
            models.SqlMetric: [row for run in runs for row in metric_rows(run.id, run.metrics)],
            models.SqlLatestMetric: [row for run in runs for row in metric_rows(run.id, run.metrics)],
            models.SqlLoggedModelMetric: [row for run in runs for row in self._model_metric_rows(run)],
        }
        with self.store.ManagedSessionMaker(read_only=False) as session:
            datasets, ids = self._datasets(session, runs)
            inputs = {run.id: uuid4().hex for run in runs}
            rows[models.SqlDataset] = datasets
            rows[models.SqlInput] = [row for run in runs for row in _input_rows(run, inputs[run.id], ids)]
            rows[models.SqlInputTag] = [
                {"input_uuid": inputs[run.id], "name": tag.key, "value": tag.value}
                for run in runs
                for tag in run.dataset.tags
            ]
            for table, new in rows.items():
                if new:
                    session.execute(table.__table__.insert(), new)

    def _artifacts_of(self, run_id: str) -> str:
        from mlflow.utils.uri import append_to_uri_path

        return str(append_to_uri_path(self.artifacts, run_id, "artifacts"))  # type: ignore[no-untyped-call]  # MLflow's

    def _run_row(self, run: NewRun) -> dict[str, Any]:
        nothing = dict.fromkeys(("source_name", "entry_point_name", "source_version"), "")
        return {
            **nothing,
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
        """What the page of a logged model shows of a run that used it."""
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
        """The datasets that are not there yet, and the ids of all, by name and digest."""
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
    """Tags, the long ones cut as MLflow cuts them."""
    from mlflow.utils.validation import _validate_tag

    tags = [_validate_tag(name, text) for name, text in {**run.tags, NAME_TAG: run.name}.items()]  # type: ignore[no-untyped-call]  # MLflow's
    return [{"key": tag.key, "value": tag.value, "run_uuid": run.id} for tag in tags]


def _input_rows(run: NewRun, input_id: str, datasets: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """What a run used: its dataset, and its model."""
    dataset = datasets[run.dataset.dataset.name, run.dataset.dataset.digest]
    used = [(input_id, "DATASET", dataset, "RUN", run.id)]
    if run.model is not None:
        used.append((uuid4().hex, "RUN_INPUT", run.id, "MODEL_INPUT", run.model))
    names = ("input_uuid", "source_type", "source_id", "destination_type", "destination_id")
    return [{**dict(zip(names, each, strict=True)), "step": 0} for each in used]
