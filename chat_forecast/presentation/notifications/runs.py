"""What notifications need to know of a chat's runs, as plain values.

Does not belong here: finding it out, which needs Dagster (:mod:`chat_forecast.pipeline.run_states`).
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FailedRun:
    """A run that failed and is not tried again."""

    run_id: str
    root_run_id: str
    """The first try of the same work: one notice for all tries."""
    chats: tuple[str, ...]
    """The slugs of all chats that the run was about."""


@dataclass(frozen=True)
class ChatRuns:
    """The recent runs of a chat."""

    newest: str = "no run"
    """The newest run and its status: while it is the same, nothing new has happened."""
    is_active: bool = False
    """Whether a run is queued, under way or about to be tried again."""
    last_end: datetime | None = None
    failed: tuple[FailedRun, ...] = ()
    """Those that ended within the last day, newest first."""
