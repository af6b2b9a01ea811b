"""A run's events shown while they happen: the UI follows the file that holds them.

Belongs here: noticing that there are new ones.
Does not belong here: how the files are written (:mod:`.instance_files`).

Dagster looks at a run's file whenever the file changes. But new events stand in the log beside it (``-wal``) as long as the
run's process keeps its connection, which is until it ends: an open page of a run would stay as it was.
"""

from typing import Any

from chat_forecast.pipeline.compat import SqliteEventLogStorageWatchdog, sqlite_event_log


class LogWatchdog(SqliteEventLogStorageWatchdog):
    """Looks at a run's events when its file changes, or the log beside it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Dagster's own
        super().__init__(*arguments, **options)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: object) -> None:  # noqa: ARG002 - Dagster's signature; either file says the same
        """Hand on what is new."""
        self._process_log()


def follow_logs() -> None:
    """Let this process notice events that stand in the log beside a file; calling it again changes nothing."""
    vars(sqlite_event_log)["SqliteEventLogStorageWatchdog"] = LogWatchdog
