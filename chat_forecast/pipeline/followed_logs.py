"""A run's events, shown while they happen: the UI follows the file that holds them.

Belongs here: noticing new events.
Does not belong here: how the files are written (:mod:`.instance_files`).

Dagster reads a run's file again whenever the file changes. But as long as the run's process keeps its connection open, which
is until it ends, new events are in the write-ahead log beside the file (``-wal``): an open page would never change.

Reading creates that log where there is none. If the reader is root, that counts as a change, and would lead to the next
reading. So events are only read if the size or the time of either file has changed. Two changes within one tick of the clock
may leave both the same: what is missed is read at the next change, at the latest when the run's connection is closed.
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
