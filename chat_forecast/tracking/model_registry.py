"""The chat's registered model in MLflow: a version for each training, and the alias of the champion.

Belongs here: registering trainings once each, and recognising what was registered before.
Does not belong here: which trainings are to be logged (:mod:`.catch_up`), and their runs (:mod:`.training_runs`).
"""

import json
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.tracking import descriptions
from chat_forecast.tracking.chat_run import PAGE, PARENT, Place
from chat_forecast.tracking.entities import own_tag, own_tags
from chat_forecast.tracking.ledger import Logged
from chat_forecast.tracking.links import registered_name
from chat_forecast.tracking.records import TrainingRecord, model_digest
from chat_forecast.tracking.stored_model import DATA, read_forecaster
from chat_forecast.tracking.training_runs import TrainingRuns, training_tags

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

UNREADABLE = "unreadable"
"""The digest of a version whose files are not what was logged."""
CHAMPION = "champion"
"""The alias of the version that is trained through the latest day."""


class ModelRegistry:
    """Registers the trainings of one chat."""

    def __init__(self, place: Place, days: Sequence[str]) -> None:
        self._place = place
        self._days = days
        self._name = registered_name(place.chat.slug)
        self._runs = TrainingRuns(place, days)

    def is_logged(self, record: TrainingRecord, file: str) -> bool:
        """Whether there is a version of just this model, or was until it was superseded; the ledger then says so."""
        day, trainings = record.day.key, self._place.ledger.trainings
        if day in trainings and trainings[day].digest == record.digest:
            trainings[day] = self._logged(record, file, trainings[day].run, trainings[day].model, trainings[day].version)
            return True
        version = self._version_of(record)
        if version is None:
            run = self._runs.without_model(record)
            if run is not None:
                trainings[day] = self._logged(record, file, run, None, None)
            return run is not None
        self._runs.adopt(record)
        model = own_tag(version.tags, "logged_model")
        trainings[day] = self._logged(record, file, version.run_id, model, str(version.version))
        return True

    def log(self, record: TrainingRecord, file: str, plot: bytes | None) -> None:
        """Log a training and register its model; what a process that died has done of it is used."""
        model = self._runs.log(record, plot)
        version = self._register(record, model)
        trainings = self._place.ledger.trainings
        trainings[record.day.key] = self._logged(record, file, model.source_run_id, model.model_id, str(version.version))

    @property
    def has_champion(self) -> bool:
        """Whether the alias is on a version."""
        return CHAMPION in self._place.aliases

    def set_champion(self) -> None:
        """Put the alias on the existing version that is trained through the latest day."""
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

    def _register(self, record: TrainingRecord, model: "LoggedModel") -> "ModelVersion":
        """Make the version of a logged model."""
        place = self._place
        # Not models:/<id>, which MLflow resolves with the tracking URI of the process, not with the client's.
        version = place.client.create_model_version(
            self._name,
            model.artifact_location,
            model.source_run_id,
            tags={**training_tags(place, record), **own_tags(logged_model=model.model_id)},
            description=descriptions.version(record),
            model_id=model.model_id,
        )
        # A server does this itself: it makes the logged model's page lead to the version.
        shown = [{"name": self._name, "version": str(version.version)}]
        place.client.set_logged_model_tags(model.model_id, {"mlflow.modelVersions": json.dumps(shown)})
        return version

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
            try:
                digest = model_digest(read_forecaster(Path(path)))
            except (ValueError, LookupError, TypeError):  # somebody damaged the copy: it is no model of ours
                digest = UNREADABLE
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
