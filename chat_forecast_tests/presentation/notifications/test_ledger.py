"""What was sent is not sent again, whatever happens to the process."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chat_forecast.presentation.notifications import Ledger, LedgerError
from chat_forecast.presentation.notifications.ledger import MOST_TRIES

NOW = datetime(2026, 5, 13, 0, 5, tzinfo=UTC)


def test_what_was_sent_is_not_sent_again_after_a_restart(tmp_path):
    ledger = Ledger.load(tmp_path)
    assert ledger.may_try("a", "here", NOW)
    ledger.begin("a", "here", NOW)
    ledger.end("a", "here", NOW, was_sent=True)
    again = Ledger.load(tmp_path)
    assert not again.may_try("a", "here", NOW + timedelta(days=30))
    assert again.is_settled("a", "here")
    assert again.may_try("a", "elsewhere", NOW)
    assert again.may_try("b", "here", NOW)


def test_a_process_that_died_while_sending_does_not_send_twice(tmp_path):
    Ledger.load(tmp_path).begin("a", "here", NOW)
    assert not Ledger.load(tmp_path).may_try("a", "here", NOW + timedelta(hours=2))


def test_a_failure_is_tried_again_later_and_later_and_then_given_up(tmp_path):
    now, waits = NOW, []
    for _ in range(MOST_TRIES):
        ledger = Ledger.load(tmp_path)
        assert ledger.may_try("a", "here", now)
        ledger.begin("a", "here", now)
        ledger.end("a", "here", now, was_sent=False)
        begun = now
        while not ledger.may_try("a", "here", now) and now < begun + timedelta(hours=2):
            now += timedelta(minutes=1)
        waits.append((now - begun) // timedelta(minutes=1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 120]  # the last one in vain
    assert ledger.is_settled("a", "here")


def test_old_entries_are_dropped_and_a_damaged_file_is_named(tmp_path):
    ledger = Ledger.load(tmp_path)
    ledger.begin("old", "here", NOW - timedelta(days=500))
    ledger.begin("new", "here", NOW)
    assert '"old"' not in ledger.path.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["notified.json"]
    for damaged in ('{"notices": ', "[]", '{"notices": 1}'):
        ledger.path.write_text(damaged)
        with pytest.raises(LedgerError, match=r"notified\.json is damaged"):
            Ledger.load(tmp_path)


def test_a_ledger_of_version_0_1_0_is_read_and_kept(tmp_path):
    (tmp_path / "notified.json").write_text(
        """{
 "told": {"digest/old-chat/2026-05-12": {"b1946ac92492": {"state": "sent", "tries": 1, "at": "2026-05-12T21:05:00+00:00"}}},
 "looked": {"old-chat": "2026-05-12 5f3e SUCCESS"}
}"""
    )
    ledger = Ledger.load(tmp_path)
    assert ledger.is_examined("old-chat", "2026-05-12 5f3e SUCCESS")
    ledger.begin("digest/old-chat/2026-05-13", "b1946ac92492", NOW)
    again = Ledger.load(tmp_path)
    assert again.is_settled("digest/old-chat/2026-05-12", "b1946ac92492")
    assert again.is_settled("digest/old-chat/2026-05-13", "b1946ac92492")
    assert set(json.loads(ledger.path.read_text())) == {"notices", "examined"}
