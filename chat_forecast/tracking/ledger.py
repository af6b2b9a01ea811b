"""The ledger: what of a chat was logged to MLflow, so that MLflow need not be asked for everything each night.

Belongs here: the file beside the chat's partitions, and comparing it with what is stored.
Does not belong here: logging, or finding out whether MLflow still holds it (:mod:`.chat_run`).

The ledger is a cache: if it is lost, it is rebuilt from the tags of MLflow's runs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.file_fingerprints import file_versions
from chat_forecast.storage.partition_files import ENDING
from chat_forecast.storage.partitions import ChatStorage

FILE = "mlflow_ledger.json"
VERSION = 1
DAYS = ("scores", "trainings")


@dataclass(frozen=True)
class Logged:
    """What is known of one day: the stored file that was looked at last, and what MLflow holds of it."""

    file: str
    """The version of the stored file; another one is read and compared."""
    digest: str | None = None
    """Of what was logged; None where there was nothing to log."""
    run: str | None = None
    """The MLflow run."""
    times: int = 0
    """How often a score was logged with other figures."""
    model: str | None = None
    """A training's logged model."""
    version: str | None = None
    """A training's version of the registered model."""


@dataclass
class Ledger:
    """What was logged of one chat, and where."""

    store: str = ""
    """The tracking URI, without secrets."""
    experiment: str = ""
    run: str = ""
    """The chat's run: if MLflow does not have it any more, it has nothing of what was logged."""
    registered_at: int | None = None
    """When the registered model was made, in ms: another time is another model, without its versions."""
    pruned: int = 0
    """How many versions of the registered model were deleted since nobody needs them."""
    scores: dict[str, Logged] = field(default_factory=dict)
    trainings: dict[str, Logged] = field(default_factory=dict)

    @classmethod
    def load(cls, storage: ChatStorage) -> "Ledger":
        """Read a chat's ledger; an empty one where there is none, or none that can be read."""
        try:
            stored = json.loads(read_file(_url(storage)) or b"{}")
            if stored.pop("version", None) != VERSION:
                return cls()
            for name in DAYS:
                stored[name] = {day: Logged(**each) for day, each in stored[name].items()}
            return cls(**stored)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls()

    def save(self, storage: ChatStorage) -> None:
        """Replace the chat's ledger as a whole.

        Raises:
            StoredFileError: it could not be written.
        """
        stored = {"version": VERSION, **vars(self)}
        for name in DAYS:
            stored[name] = {day: _without_defaults(vars(each)) for day, each in sorted(stored[name].items())}
        write_file(_url(storage), json.dumps(stored, separators=(",", ":")).encode())


def unlogged(storage: ChatStorage, asset: str, logged: Mapping[str, Logged]) -> dict[LocalDay, str]:
    """The stored days, ascending, whose file is not the one that was last logged, each with its file's version."""
    versions = file_versions(join_url(storage.root, storage.chat, asset), ENDING)
    return dict(sorted(unlogged_of(storage, versions, logged)))


def unlogged_of(
    storage: ChatStorage, versions: Mapping[str, str], logged: Mapping[str, Logged]
) -> Iterator[tuple[LocalDay, str]]:
    """Do what :func:`unlogged` does, given the versions of an asset's files by name; in any order."""
    for name, version in versions.items():
        known = logged.get(name.removesuffix(ENDING))
        if (known is None or known.file != version) and (day := storage.day_of(name)) is not None:
            yield day, version


def _url(storage: ChatStorage) -> str:
    return join_url(storage.root, storage.chat, FILE)


def _without_defaults(logged: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in logged.items() if value not in (None, 0)}
