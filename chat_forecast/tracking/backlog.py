"""How many stored days of a chat are not yet in MLflow, counted without asking MLflow.

Belongs here: the counts that ``status`` shows.
Does not belong here: logging these days (:mod:`.catch_up`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.file_fingerprints import Listing, list_folder
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger, unlogged_of


@dataclass(frozen=True)
class Backlog:
    """What is stored and not yet in MLflow."""

    scores: int = 0
    trainings: int = 0

    def __bool__(self) -> bool:
        """Whether anything is still to be logged."""
        return bool(self.scores or self.trainings)


def count_backlog(tracking: Tracking, storage: ChatStorage, listings: Mapping[str, Listing] | None = None) -> Backlog:
    """Count the scores and trainings that are stored and not yet in MLflow, from the ledger and the versions of files.

    A day that was stored again counts until the next :func:`.catch_up`, even if that finds it unchanged. ``listings`` are
    the folders of ``daily_score`` and ``trained_model``, if they were listed already.
    """
    ledger = Ledger.load(storage)
    if not _is_same_store(ledger.store, tracking.store):
        # Days of which there is nothing to log stay settled.
        for logged in (ledger.scores, ledger.trainings):
            for day in [day for day, each in logged.items() if each.run]:
                del logged[day]
    counts = []
    for asset, logged in (("daily_score", ledger.scores), ("trained_model", ledger.trainings)):
        listing = listings[asset] if listings else list_folder(join_url(storage.root, storage.chat, asset))
        counts.append(sum(1 for _ in unlogged_of(storage, listing.versions, logged)))
    return Backlog(*counts)


def _is_same_store(logged_to: str, found: str) -> bool:
    """Whether two URIs are the same MLflow, as far as they tell: an SQLite file may have moved with its home."""
    return logged_to == found or (logged_to.startswith("sqlite:") and found.startswith("sqlite:"))
