"""Trainings in MLflow: a run for each, below the chat's, and the logged model that it made.

Belongs here: logging a training once, and finishing what a process that died has begun.
Does not belong here: versions of the registered model (:mod:`.model_registry`), and a model's files (:mod:`.stored_model`).
"""

import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.tracking import descriptions
from chat_forecast.tracking.chat_run import PARENT, Place
from chat_forecast.tracking.descriptions import NOTE, plot_of
from chat_forecast.tracking.entities import (
    DELETED,
    dataset_input,
    log_files,
    milliseconds,
    own_tag,
    own_tags,
    run_metrics,
    run_params,
    run_tags,
    shown_files,
    step_of,
)
from chat_forecast.tracking.records import TrainingRecord, to_table
from chat_forecast.tracking.stored_model import write_model

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run

PLOT = "training.png"


class TrainingRuns:
    """Logs the trainings of one chat."""

    def __init__(self, place: Place, days: Sequence[str]) -> None:
        self._place = place
        self._days = days

    def log(self, record: TrainingRecord, plot: bytes | None) -> "LoggedModel":
        """Log a training, if it is not there already; returns its logged model, which names its run."""
        run = self._found(record)
        if run is None:
            run = self._new_run(record)
            return self._log(run, record, self._new_model(run, record), plot)
        return self._model_of(run) or self._log(run, record, self._begun_model(run) or self._new_model(run, record), plot)

    def without_model(self, record: TrainingRecord) -> str | None:
        """The run of a training whose model was deleted since nobody needs it."""
        run = self._found(record)
        return run.info.run_id if run is not None and own_tag(run.data.tags, "model") == DELETED else None

    def adopt(self, record: TrainingRecord) -> None:
        """See that a training's run, if it is there, is below the chat's."""
        run = self._found(record)
        if run is not None and run.data.tags.get(PARENT) != self._place.ledger.run:
            self._place.client.set_tag(run.info.run_id, PARENT, self._place.ledger.run)

    def _log(self, run: "Run", record: TrainingRecord, model: "LoggedModel", plot: bytes | None) -> "LoggedModel":
        """Fill a run and its logged model; that the run names the model comes last, and says that all is there."""
        from mlflow.entities import LoggedModelOutput

        place, run_id = self._place, run.info.run_id
        files = {"comparison.json": to_table(record.comparison)} | ({} if plot is None else {PLOT: plot})
        log_files(place.client, run_id, files)
        place.client.log_inputs(run_id, datasets=[dataset_input(record.data, "training")])
        self._fill_model(model, record)
        outputs = run.outputs.model_outputs if run.outputs else []
        if model.model_id not in [output.model_id for output in outputs]:
            place.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step_of(record.day.key))])
        ended = milliseconds(record.day.end)
        place.client.set_terminated(run_id, end_time=ended)
        shown = None if plot is None else plot_of(run_id, PLOT)
        note = descriptions.training(place.chat.slug, record, place.tracking.dagster_url, shown)
        tags = {**shown_files(files), NOTE: note, **own_tags(logged_model=model.model_id)}
        place.client.log_batch(
            run_id,
            metrics=run_metrics(record.metrics, record.day.key, ended, model=model.model_id, data=record.data),
            params=run_params(_params(record)),
            tags=run_tags(tags),
        )
        return model

    def _new_run(self, record: TrainingRecord) -> "Run":
        place = self._place
        return place.client.create_run(
            place.ledger.experiment,
            start_time=milliseconds(record.day.end),
            run_name=f"training {record.day.key}",
            tags={**own_tags(kind="training"), **training_tags(place, record), PARENT: place.ledger.run},
        )

    def _new_model(self, run: "Run", record: TrainingRecord) -> "LoggedModel":
        place = self._place
        tags = own_tags(chat=place.chat.slug, trained_through=record.day.key, digest=record.digest)
        return place.client.create_logged_model(
            place.ledger.experiment,
            name=f"{place.chat.slug}-{record.day.key}",
            source_run_id=run.info.run_id,
            tags={**tags, NOTE: descriptions.version(record)},
            params=_params(record),
            model_type="forecaster",
        )

    def _begun_model(self, run: "Run") -> "LoggedModel | None":
        """The logged model that a process that died has begun."""
        begun = self._place.client.search_logged_models(
            [self._place.ledger.experiment], f"source_run_id = '{run.info.run_id}'"
        )
        return begun[0] if begun else None

    def _fill_model(self, model: "LoggedModel", record: TrainingRecord) -> None:
        with tempfile.TemporaryDirectory() as aside:
            folder = Path(aside) / "model"
            write_model(folder, record.forecaster, self._place.chat.timezone, model.model_id)
            self._place.client.log_model_artifacts(model.model_id, str(folder))
        self._place.client.finalize_logged_model(model.model_id, "READY")

    def _model_of(self, run: "Run") -> "LoggedModel | None":
        """The logged model that a finished run of a training names."""
        from mlflow.exceptions import MlflowException

        model_id = own_tag(run.data.tags, "logged_model")
        try:
            return self._place.client.get_logged_model(model_id) if model_id else None
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _found(self, record: TrainingRecord) -> "Run | None":
        return self._runs.get((record.day.key, record.digest))

    @cached_property
    def _runs(self) -> "dict[tuple[str | None, str | None], Run]":
        """The runs of trainings by day and digest: left by a process that died, or by a registered model that is gone."""
        one = {"trained_through": self._days[0]} if len(self._days) == 1 else {}
        runs = self._place.runs("training", **one)
        return {(own_tag(run.data.tags, "trained_through"), own_tag(run.data.tags, "digest")): run for run in runs}


def training_tags(place: Place, record: TrainingRecord) -> dict[str, str]:
    """The tags of a training's run and of its version."""
    return own_tags(
        chat=place.chat.slug,
        trained_through=record.day.key,
        digest=record.digest,
        first_hour=record.first_hour,
        last_hour=record.last_hour,
        reason=record.reason,
        is_simulated=place.is_simulated,
    )


def _params(record: TrainingRecord) -> dict[str, str]:
    return {"forecaster": record.name, "hours_known": str(record.data.hours_known)}
