"""A run's events shown while they happen: the UI follows the file that holds them.

Belongs here: noticing that there are new ones.
Does not belong here: how the files are written (:mod:`.instance_files`).

Dagster looks at a run's file whenever the file changes. But new events stand in the log beside it (``-wal``) as long as the
run's process keeps its connection, which is until it ends: an open page of a run would stay as it was.

A look makes that log where there is none, which for whoever is root is a change of it, and would lead to the next look. So a
look follows only where the size or the time of either file has changed. Two changes within one tick of the clock may leave
both as they are: what is missed is seen at the next change, the last of which is that the run's connection ends.
"""

from pathlib import Path
from typing import Any

from chat_forecast.pipeline.compat import SqliteEventLogStorageWatchdog, sqlite_event_log


class LogWatchdog(SqliteEventLogStorageWatchdog):
    """Looks at a run's events when its file has changed, or the log beside it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Dagster's own
        super().__init__(*arguments, **options)
        self._files = [Path(self._log_path), Path(f"{self._log_path}-wal")]
        self._patterns = [str(path) for path in self._files]
        self._seen: list[tuple[int, int]] = []

    def on_modified(self, event: object) -> None:  # noqa: ARG002 - Dagster's signature; either file says the same
        """Hand on what is new."""
        found = [_size_and_time(path) for path in self._files]
        if found != self._seen:
            self._seen = found
            self._process_log()


def _size_and_time(path: Path) -> tuple[int, int]:
    """The bytes of a file and when it was changed last; zeros where there is none, or an empty one that a look has made."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return (found.st_size, found.st_mtime_ns) if found.st_size else (0, 0)


def follow_logs() -> None:
    """Let this process notice events that stand in the log beside a file; calling it again changes nothing."""
    vars(sqlite_event_log)["SqliteEventLogStorageWatchdog"] = LogWatchdog
