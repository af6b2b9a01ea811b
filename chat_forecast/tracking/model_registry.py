"""Trainings in MLflow: a run, a logged model that it made, and a version of the chat's registered model.

Belongs here: registering trainings once each, recognising what was registered before, and the alias of the champion.
Does not belong here: which trainings are to be logged (:mod:`.catch_up`), and a model's files (:mod:`.stored_model`).
"""

import json
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.tracking import descriptions
from chat_forecast.tracking.chat_run import PAGE, PARENT, Place
from chat_forecast.tracking.descriptions import NOTE, picture_of
from chat_forecast.tracking.entities import (
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
from chat_forecast.tracking.ledger import Logged
from chat_forecast.tracking.links import registered_name
from chat_forecast.tracking.records import TrainingRecord, model_digest, to_table
from chat_forecast.tracking.stored_model import DATA, read_forecaster, write_model

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Run
    from mlflow.entities.model_registry import ModelVersion

PICTURE = "training.png"
CHAMPION = "champion"
"""The alias of the version that is trained through the latest day."""


class ModelRegistry:
    """Registers the trainings of one chat."""

    def __init__(self, place: Place, days: Sequence[str]) -> None:
        self._place = place
        self._days = days
        self._name = registered_name(place.chat.slug)

    def is_logged(self, record: TrainingRecord, file: str) -> bool:
        """Whether there is a version of just this model; the ledger then says so."""
        day, trainings = record.day.key, self._place.ledger.trainings
        if day in trainings and trainings[day].digest == record.digest:
            trainings[day] = self._logged(record, file, trainings[day].run, trainings[day].model, trainings[day].version)
            return True
        version, run = self._version_of(record), self._found_run(record)
        if version is None:
            return False
        if run is not None and run.data.tags.get(PARENT) != self._place.ledger.run:
            self._place.client.set_tag(run.info.run_id, PARENT, self._place.ledger.run)
        model = own_tag(version.tags, "logged_model")
        trainings[day] = self._logged(record, file, version.run_id, model, str(version.version))
        return True

    def log(self, record: TrainingRecord, file: str, picture: bytes | None) -> None:
        """Log a training and register its model; what a run that died has done of it is used."""
        run = self._found_run(record) or self._new_run(record)
        model = self._model_of(run)
        if model is None:
            model = self._log_run(run, record, picture)
        version = self._register(record, run.info.run_id, model)
        trainings = self._place.ledger.trainings
        trainings[record.day.key] = self._logged(record, file, run.info.run_id, model.model_id, str(version.version))

    @property
    def has_champion(self) -> bool:
        """Whether the alias is on a version."""
        return CHAMPION in self._place.aliases

    def crown(self) -> None:
        """Put the alias on the version that is trained through the latest day, of those that are there."""
        from mlflow.exceptions import MlflowException

        for _day, logged in sorted(self._place.ledger.trainings.items(), reverse=True):
            try:
                if logged.version:
                    self._place.client.set_registered_model_alias(self._name, CHAMPION, logged.version)
                    return
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # a version that somebody deleted
                    raise

    def _logged(self, record: TrainingRecord, file: str, run: str | None, model: str | None, version: str | None) -> Logged:
        return Logged(file, record.digest, run, model=model, version=version)

    def _new_run(self, record: TrainingRecord) -> "Run":
        place = self._place
        tags = own_tags(
            kind="training",
            chat=place.chat.slug,
            trained_through=record.day.key,
            digest=record.digest,
            first_hour=record.first_hour,
            last_hour=record.last_hour,
            reason=record.reason,
            is_simulated=place.is_simulated,
        )
        return place.client.create_run(
            place.ledger.experiment,
            start_time=milliseconds(record.day.end),
            run_name=f"training {record.day.key}",
            tags={**tags, PARENT: place.ledger.run},
        )

    def _log_run(self, run: "Run", record: TrainingRecord, picture: bytes | None) -> "LoggedModel":
        """Fill the run of a training and make its logged model; that the run names the model says that all is there."""
        from mlflow.entities import LoggedModelOutput

        place, run_id = self._place, run.info.run_id
        files = {"comparison.json": to_table(record.comparison)} | ({} if picture is None else {PICTURE: picture})
        log_files(place.client, run_id, files)
        place.client.log_inputs(run_id, datasets=[dataset_input(record.data, "training")])
        model = self._log_model(run_id, record)
        outputs = run.outputs.model_outputs if run.outputs else []
        if model.model_id not in [output.model_id for output in outputs]:
            place.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step_of(record.day.key))])
        ended = milliseconds(record.day.end)
        place.client.set_terminated(run_id, end_time=ended)
        shown = None if picture is None else picture_of(run_id, PICTURE)
        note = descriptions.training(place.chat.slug, record, place.tracking.dagster_url, shown)
        tags = {**shown_files(files), NOTE: note, **own_tags(logged_model=model.model_id)}
        place.client.log_batch(
            run_id,
            metrics=run_metrics(record.metrics, record.day.key, ended, model=model.model_id, data=record.data),
            params=run_params(self._params(record)),
            tags=run_tags(tags),
        )
        return model

    def _params(self, record: TrainingRecord) -> dict[str, str]:
        return {"forecaster": record.name, "hours_known": str(record.data.hours_known)}

    def _log_model(self, run_id: str, record: TrainingRecord) -> "LoggedModel":
        """Make the logged model of a run, or finish the one that a run that died has begun."""
        place, client = self._place, self._place.client
        begun = client.search_logged_models([place.ledger.experiment], f"source_run_id = '{run_id}'")
        model = (
            begun[0]
            if begun
            else client.create_logged_model(
                place.ledger.experiment,
                name=f"{place.chat.slug}-{record.day.key}",
                source_run_id=run_id,
                tags={
                    **own_tags(chat=place.chat.slug, trained_through=record.day.key, digest=record.digest),
                    NOTE: descriptions.version(record),
                },
                params=self._params(record),
                model_type="forecaster",
            )
        )
        with tempfile.TemporaryDirectory() as aside:
            folder = Path(aside) / "model"
            write_model(folder, record.forecaster, place.chat.timezone, model.model_id)
            client.log_model_artifacts(model.model_id, str(folder))
        return client.finalize_logged_model(model.model_id, "READY")

    def _register(self, record: TrainingRecord, run_id: str, model: "LoggedModel") -> "ModelVersion":
        """Make the version of a logged model."""
        place = self._place
        tags = own_tags(
            chat=place.chat.slug,
            trained_through=record.day.key,
            digest=record.digest,
            logged_model=model.model_id,
            first_hour=record.first_hour,
            last_hour=record.last_hour,
            reason=record.reason,
            is_simulated=place.is_simulated,
        )
        # Not models:/<id>, which MLflow resolves with the tracking URI of the process, not with the client's.
        version = place.client.create_model_version(
            self._name,
            model.artifact_location,
            run_id,
            tags=tags,
            description=descriptions.version(record),
            model_id=model.model_id,
        )
        # A server does this itself: it makes the logged model's page lead to the version.
        shown = [{"name": self._name, "version": str(version.version)}]
        place.client.set_logged_model_tags(model.model_id, {"mlflow.modelVersions": json.dumps(shown)})
        return version

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

    def _version_of(self, record: TrainingRecord) -> "ModelVersion | None":
        """The newest version of just this model."""
        same_day = self._versions.get(record.day.key, [])
        for version in sorted(same_day, key=lambda each: int(each.version), reverse=True):
            digest = own_tag(version.tags, "digest")
            if digest is None:
                digest = self._adopt(version, record)
            if digest == record.digest:
                return version
        return None

    def _adopt(self, version: "ModelVersion", record: TrainingRecord) -> str:
        """Give a version of version 0.1.0 the digest of its model; if it is the stored one, all else that is new."""
        client, run = self._place.client, version.run_id or ""
        with tempfile.TemporaryDirectory() as folder:
            path = client.download_artifacts(run, f"model/{DATA}", folder)
            digest = model_digest(read_forecaster(Path(path)))
        client.set_model_version_tag(self._name, version.version, *next(iter(own_tags(digest=digest).items())))
        if digest == record.digest:
            client.update_model_version(self._name, version.version, descriptions.version(record))
            client.set_tag(run, PARENT, self._place.ledger.run)
        return digest

    @cached_property
    def _versions(self) -> "dict[str, list[ModelVersion]]":
        """The versions of the days that the ledger does not know, by day."""
        wanted = f"name = '{self._name}'"
        if len(self._days) == 1:
            [(tag, day)] = own_tags(trained_through=self._days[0]).items()
            wanted += f" and tags.`{tag}` = '{day}'"
        found: dict[str, list[ModelVersion]] = {}
        token = None
        while True:
            page = self._place.client.search_model_versions(wanted, max_results=PAGE, page_token=token)
            for version in page:
                found.setdefault(own_tag(version.tags, "trained_through") or "", []).append(version)
            token = page.token
            if not token:
                return found

    def _found_run(self, record: TrainingRecord) -> "Run | None":
        return self._runs.get((record.day.key, record.digest))

    @cached_property
    def _runs(self) -> "dict[tuple[str | None, str | None], Run]":
        """The runs of trainings by day and digest: leavings of a run that died, or of a registered model that is gone."""
        one = {"trained_through": self._days[0]} if len(self._days) == 1 else {}
        runs = self._place.runs("training", **one)
        return {(own_tag(run.data.tags, "trained_through"), own_tag(run.data.tags, "digest")): run for run in runs}
