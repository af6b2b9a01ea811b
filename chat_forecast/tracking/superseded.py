"""Models in MLflow that nobody needs any more: of no stored forecast, without an alias, and old.

Belongs here: finding and deleting such versions of a chat's registered model, with their files.
Does not belong here: stored partitions. The model that made a forecast is one of them, with all that forecasting and
training again need; nothing here touches them.

A training's run stays, with its figures, and says that its model was deleted, so that it is not logged again.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
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
from chat_forecast.storage.vanishing_files import files_below, size_of
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
        """Bytes of its files, of those that are there still."""
        return sum(map(size_of, files_below(self.files))) if self.files else 0


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
    forecast names the day. MLflow is only asked where the chat's ledger says that there may be such versions, and is
    not made where it is not there.

    Raises:
        TrackingUnavailable: MLflow could not be used.
    """
    ledger = Ledger.load(storage)
    known = _known(ledger)
    if not known or ledger.store != tracking.store or tracking.is_unmade:
        return []
    try:
        has_doubles = max(map(int, known.values())) > len(known) + ledger.pruned
        if not has_doubles and all(day in _makers(storage, day).days for day in known):
            return []
        named = named_models(storage)
    except (StoredFileError, ValueError):  # a forecast, of which `status` says what to do, or the ledger cannot be read
        return []
    with tracking.open(f"find superseded models of {storage.chat}") as client:
        return [
            _superseded(client, storage, version, artifacts)
            for version in _unneeded(client, storage, named, known)
            if version.creation_timestamp < oldest.timestamp() * 1000
        ]


def delete_superseded(tracking: Tracking, storage: ChatStorage, models: Sequence[SupersededModel]) -> None:
    """Delete versions of one chat with their files; where it is interrupted, doing it again finishes it.

    Those that are needed again stay, and those that another process has deleted since they were found are no fault.

    Raises:
        TrackingUnavailable: MLflow could not be used, or a file of a model could not be deleted.
        StoredFileError: a forecast cannot be read, and nothing was deleted.
    """
    purpose = f"delete superseded models of {storage.chat}"
    with ledger_lock(tracking, storage, purpose, tracking.patience_seconds):
        ledger = Ledger.load(storage)
        named, known = named_models(storage), _known(ledger)
        with tracking.open(purpose) as client:
            unneeded = {str(version.version) for version in _unneeded(client, storage, named, known)}
            deleted = [model for model in models if model.version in unneeded]
            for model in deleted:
                _delete(client, model)
        if not deleted:
            return
        for model in deleted:
            logged = ledger.trainings.get(model.trained_through)
            if logged is not None and logged.version == model.version:
                ledger.trainings[model.trained_through] = replace(logged, version=None, model=None)
        ledger.pruned += len(deleted)
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


def _known(ledger: Ledger) -> dict[str, str]:
    """The version of the stored model of each day."""
    return {day: logged.version for day, logged in ledger.trainings.items() if logged.version}


def _unneeded(
    client: "MlflowClient", storage: ChatStorage, named: Named, known: Mapping[str, str]
) -> "Iterator[ModelVersion]":
    """The versions of a chat's registered model that may go, however old they are; none where somebody deleted it."""
    from mlflow.exceptions import MlflowException

    try:
        model = client.get_registered_model(registered_name(storage.chat))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return
    kept = named.versions | {str(each) for each in model.aliases.values()}
    for version in _versions(client, storage.chat):
        if str(version.version) not in kept and _is_superseded(version, named, known):
            yield version


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
        with suppress(OSError):  # other files lie beside it
            model.files.parent.rmdir()
    try:
        if model.model is not None:
            client.delete_logged_model(model.model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    client.delete_model_version(registered_name(model.storage.chat), model.version)
