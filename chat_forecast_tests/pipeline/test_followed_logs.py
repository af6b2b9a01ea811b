"""When the UI looks at the events of a run that a page follows."""

import os

from chat_forecast.pipeline.compat import SqliteEventLogStorage
from chat_forecast.pipeline.followed_logs import LogWatchdog

LONG_AGO = 1_000_000_000


def watching(tmp_path, monkeypatch):
    """What looks at a run's events, its file, and when it has looked."""
    storage, looks = SqliteEventLogStorage(str(tmp_path)), []
    monkeypatch.setattr(LogWatchdog, "_process_log", lambda _self: looks.append(1))
    file = tmp_path / "some-run.db"
    file.write_bytes(b"events")
    os.utime(file, (LONG_AGO, LONG_AGO))
    return LogWatchdog(storage, "some-run", print, None), file, looks


def test_a_run_is_looked_at_once_for_each_change_of_its_file_or_of_the_log_beside_it(tmp_path, monkeypatch):
    watchdog, file, looks = watching(tmp_path, monkeypatch)
    log = file.with_name(f"{file.name}-wal")
    for number, changed in enumerate((file, log, log, file), 1):
        changed.write_bytes(b"events" * number)
        os.utime(changed, (LONG_AGO + number, LONG_AGO + number))
        for _ in range(3):  # a change is told several times, and so is what a look does
            watchdog.on_modified(None)
        assert len(looks) == number


def test_the_empty_log_that_a_look_makes_leads_to_no_other_look(tmp_path, monkeypatch):
    watchdog, file, looks = watching(tmp_path, monkeypatch)
    watchdog.on_modified(None)
    file.with_name(f"{file.name}-wal").touch()
    watchdog.on_modified(None)
    assert len(looks) == 1
