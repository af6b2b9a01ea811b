"""What MLflow lacks of a chat, counted without asking it.

Belongs here: what ``status`` says.
Does not belong here: logging it (:mod:`.catch_up`).
"""

from dataclasses import dataclass

from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger, unlogged


@dataclass(frozen=True)
class Owed:
    """What is stored and not yet in MLflow."""

    scores: int = 0
    trainings: int = 0

    def __bool__(self) -> bool:
        """Whether anything is owed."""
        return bool(self.scores or self.trainings)


def owed(tracking: Tracking, storage: ChatStorage) -> Owed:
    """Count the scores and trainings that are stored and not yet in MLflow, from the ledger and the names of files.

    MLflow is not asked. A day that was stored again counts until it was looked at, even if it is found to be the same.
    """
    ledger = Ledger.load(storage)
    if not _is_same_store(ledger.store, tracking.store):
        # Days of which there is nothing to log stay settled.
        for logged in (ledger.scores, ledger.trainings):
            for day in [day for day, each in logged.items() if each.run]:
                del logged[day]
    return Owed(
        scores=len(unlogged(storage, "daily_score", ledger.scores)),
        trainings=len(unlogged(storage, "trained_model", ledger.trainings)),
    )


def _is_same_store(logged_to: str, found: str) -> bool:
    """Whether it is the same MLflow, as far as the address tells: a file may have moved with all else."""
    return logged_to == found or (logged_to.startswith("sqlite:") and found.startswith("sqlite:"))
