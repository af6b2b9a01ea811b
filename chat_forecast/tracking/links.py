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

MODE = "?workflowType=machine_learning"
"""Lets the UI show its menu for runs and models instead of the one for language models."""


@dataclass(frozen=True)
class ChatLinks:
    """The pages of one chat; each is None where nothing was logged yet."""

    base: str
    """Where MLflow's pages are."""
    chat: str
    ledger: Ledger

    def metrics(self) -> str | None:
        """The charts of the chat's run: every figure over the days."""
        return self._run(self.ledger.run or None, "/model-metrics")

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
        name = quote(registered_name(self.chat))
        return f"{self.base}/#/models/{name}/versions/{logged.version}{MODE}" if logged and logged.version else None

    def _run(self, run: str | None, page: str = "") -> str | None:
        known = run and self.ledger.experiment
        return f"{self.base}/#/experiments/{self.ledger.experiment}/runs/{run}{page}{MODE}" if known else None


def chat_links(tracking: Tracking, storage: ChatStorage) -> ChatLinks:
    """Read the chat's ledger for the addresses of what was logged; MLflow is not asked."""
    return ChatLinks(tracking.ui_base, storage.chat, Ledger.load(storage))


def experiment_name(chat: str) -> str:
    """The name of a chat's experiment."""
    return f"chat_forecast/{chat}"


def registered_name(chat: str) -> str:
    """The name of a chat's registered model."""
    return f"chat_forecast-{chat}"
