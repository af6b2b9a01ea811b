"""Addresses of pages in the MLflow UI, found without asking MLflow.

Belongs here: from what the ledger knows to be logged to the page that shows it.
Does not belong here: addresses in Dagster (:mod:`chat_forecast.settings.links`).
"""

from dataclasses import dataclass
from urllib.parse import quote

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger


@dataclass(frozen=True)
class ChatLinks:
    """The pages of one chat; each is None where nothing was logged yet."""

    base: str
    """Where MLflow's pages are."""
    chat: str
    ledger: Ledger

    def metrics(self) -> str | None:
        """The charts of the chat's run: every figure over the days."""
        run = self._run(self.ledger.run or None)
        return f"{run}/model-metrics" if run else None

    def score(self, day: LocalDay) -> str | None:
        """The run of a scored day."""
        logged = self.ledger.scores.get(day.key)
        return self._run(logged.run if logged else None)

    def training(self, trained_through: str) -> str | None:
        """The run of a training."""
        logged = self.ledger.trainings.get(trained_through)
        return self._run(logged.run if logged else None)

    def model(self, trained_through: str) -> str | None:
        """The registered version of a training."""
        logged = self.ledger.trainings.get(trained_through)
        return None if logged is None or not logged.version else version_url(self.base, self.chat, logged.version)

    def _run(self, run: str | None) -> str | None:
        return run_url(self.base, self.ledger.experiment, run) if run and self.ledger.experiment else None


def chat_links(tracking: Tracking, storage: ChatStorage) -> ChatLinks:
    """Read the chat's ledger for the addresses of what was logged; MLflow is not asked."""
    return ChatLinks(tracking.ui_base, storage.chat, Ledger.load(storage))


def run_url(base: str, experiment: str, run: str) -> str:
    """The page of a run."""
    return f"{base}/#/experiments/{experiment}/runs/{run}"


def version_url(base: str, chat: str, version: str) -> str:
    """The page of a version of a chat's registered model."""
    return f"{base}/#/models/{quote(registered_name(chat))}/versions/{version}"


def experiment_name(chat: str) -> str:
    """The name of a chat's experiment."""
    return f"chat_forecast/{chat}"


def registered_name(chat: str) -> str:
    """The name of a chat's registered model."""
    return f"chat_forecast-{chat}"
