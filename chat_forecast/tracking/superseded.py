"""Models in MLflow that nobody needs any more: of no stored forecast, without an alias, and old.

Belongs here: finding and deleting such versions of a chat's registered model, with their files.
Does not belong here: stored partitions. The model that made a forecast is one of them, with all that forecasting and
training again need; nothing here touches them.

A training's run stays, with its figures, and says that its model was deleted, so that it is not logged again.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import read_file
from chat_forecast.storage.parquet_files import open_parquet, rows_of
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.chat_run import PAGE, ledger_lock
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.entities import DELETED, own_tag, own_tags
from chat_forecast.tracking.ledger import Ledger
from chat_forecast.tracking.links import registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MAKERS = ("trained_through", "model_version")
"""The columns of a stored forecast that name its model; the second one only version 0.1.0 wrote."""


@dataclass(frozen=True)
class SupersededModel:
    """A version that may go."""

    storage: ChatStorage
    """Of its chat."""
    trained_through: str
    version: str
    run: str
    model: str | None
    """Its logged model; those of version 0.1.0 have none."""
    files: Path | None
    """The folder of its files, if they lie in this home."""

    @property
    def size(self) -> int:
        """Bytes of its files."""
        found = self.files.rglob("*") if self.files else iter(())
        return sum(file.stat().st_size for file in found if file.is_file())


@dataclass(frozen=True)
class Named:
    """Which models the stored forecasts of a chat were made by."""

    days: frozenset[str]
    """The days that they are trained through."""
    versions: frozenset[str]
    """Their versions, of forecasts that version 0.1.0 stored."""


def find_superseded(tracking: Tracking, storage: ChatStorage, artifacts: Path, oldest: datetime) -> list[SupersededModel]:
    """Find the versions of a chat's models that were registered before ``oldest`` and may go; nothing is changed.

    A version stays that has an alias, that a stored forecast names, or that is the stored model of its day if any stored
    forecast names the day. MLflow is only asked where the chat's ledger says that there may be such versions.

    Raises:
        TrackingUnavailable: MLflow could not be used.
    """
    ledger = Ledger.load(storage)
    known = {day: logged.version for day, logged in ledger.trainings.items() if logged.version}
    if not known or ledger.store != tracking.store:
        return []
    has_doubles = max(map(int, known.values())) > len(known) + ledger.pruned
    try:
        if not has_doubles and all(day in _makers(storage, day).days for day in known):
            return []
        named = named_models(storage)
    except StoredFileError:  # what the file named is not known; `status` says what to do about it
        return []
    with tracking.open(f"find superseded models of {storage.chat}") as client:
        aliased = {str(each) for each in client.get_registered_model(registered_name(storage.chat)).aliases.values()}
        return [
            _superseded(client, storage, version, artifacts)
            for version in _versions(client, storage.chat)
            if version.creation_timestamp < oldest.timestamp() * 1000
            and str(version.version) not in named.versions | aliased
            and _is_superseded(version, named, known)
        ]


def delete_superseded(tracking: Tracking, storage: ChatStorage, models: Sequence[SupersededModel]) -> None:
    """Delete versions of one chat with their files; where it is interrupted, doing it again finishes it.

    Raises:
        TrackingUnavailable: MLflow could not be used, or a file of a model could not be deleted.
    """
    purpose = f"delete superseded models of {storage.chat}"
    with ledger_lock(tracking, storage, purpose, tracking.patience_seconds):
        with tracking.open(purpose) as client:
            for model in models:
                _delete(client, model)
        ledger = Ledger.load(storage)
        for model in models:
            logged = ledger.trainings.get(model.trained_through)
            if logged is not None and logged.version == model.version:
                ledger.trainings[model.trained_through] = replace(logged, version=None, model=None)
        ledger.pruned += len(models)
        ledger.save(storage)


def named_models(storage: ChatStorage) -> Named:
    """Read which models the stored forecasts name.

    Raises:
        StoredFileError: a forecast cannot be read.
    """
    found = [_makers(storage, day.key) for day in storage.days("next_day_forecast")]
    days, versions = (frozenset[str]().union(*(getattr(each, kind) for each in found)) for kind in ("days", "versions"))
    return Named(days, versions)


def _makers(storage: ChatStorage, day: str) -> Named:
    """Which model the forecast of a day names; none where it is not stored."""
    url = storage.url("next_day_forecast", LocalDay.parse(day, storage.timezone))
    content = read_file(url)
    if content is None:
        return Named(frozenset(), frozenset())
    try:
        file = open_parquet(content)
        table = rows_of(file, [name for name in MAKERS if name in file.schema_arrow.names])
    except (pa.ArrowException, OSError) as error:
        raise StoredFileError(f"{url} is damaged: it is not a readable Parquet file ({error}).") from error
    days, versions = (
        frozenset(str(value) for value in table.column(name).to_pylist() if value is not None)
        if name in table.column_names
        else frozenset[str]()
        for name in MAKERS
    )
    return Named(days, versions)


def _versions(client: "MlflowClient", chat: str) -> "Iterator[ModelVersion]":
    """Every version of a chat's registered model."""
    token = None
    while True:
        page = client.search_model_versions(f"name = '{registered_name(chat)}'", max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _is_superseded(version: "ModelVersion", named: Named, known: Mapping[str, str]) -> bool:
    """Whether no stored forecast names the day of a version, or another version is the stored model of that day."""
    day = own_tag(version.tags, "trained_through")
    if day is None or day not in known:  # somebody else's, or it is yet to be seen which one of the day is stored
        return False
    return day not in named.days or known[day] != str(version.version)


def _superseded(client: "MlflowClient", storage: ChatStorage, version: "ModelVersion", artifacts: Path) -> SupersededModel:
    name, number = registered_name(storage.chat), str(version.version)
    source = urlsplit(client.get_model_version_download_uri(name, number))
    folder = Path(url2pathname(source.path)) if source.scheme in ("", "file") else None
    return SupersededModel(
        storage=storage,
        trained_through=own_tag(version.tags, "trained_through") or "",
        version=number,
        run=version.run_id or "",
        model=own_tag(version.tags, "logged_model"),
        files=folder if folder is not None and folder.is_relative_to(artifacts.resolve()) else None,
    )


def _delete(client: "MlflowClient", model: SupersededModel) -> None:
    """Delete a version: last of all, so that what was interrupted is found again."""
    from mlflow.exceptions import MlflowException

    client.set_tag(model.run, *next(iter(own_tags(model=DELETED).items())))
    if model.files is not None and model.files.exists():
        shutil.rmtree(model.files)
    try:
        if model.model is not None:
            client.delete_logged_model(model.model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    client.delete_model_version(registered_name(model.storage.chat), model.version)
