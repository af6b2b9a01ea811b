"""Alerts about a day that is not over: sent once, with a picture and a link, quiet at night if wanted."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.forecasting.day_plan import make_plan
from chat_forecast.forecasting.known_events import KnownEvent, events_of
from chat_forecast.forecasting.today import examine
from chat_forecast.presentation.notifications import Notifier, services_of
from chat_forecast.presentation.today import Look
from chat_forecast.settings.models import Chat, Notify
from chat_forecast_tests.factories import make_messages, make_series
from chat_forecast_tests.receiver import receiving

CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
DAY = LocalDay.parse("2026-05-12", CHAT.timezone)
REPORTS = "http://127.0.0.1:3001"


@pytest.fixture(scope="module")
def plan():
    series = make_series(DAY.plus(-30), 30, lambda _hour: 6)
    return make_plan(None, series, pd.Series(pd.DatetimeIndex([], tz="UTC")), DAY)


@pytest.fixture
def seen(plan):
    """A look at so many hours of a day of six messages an hour, of which some hours have others."""

    def at(hours, changed=None, links=()):
        counts = [{**(changed or {})}.get(hour, 6) for hour in range(hours)]
        offsets = np.concatenate([hour * 60 + np.arange(n) * 25 / max(n, 1) for hour, n in enumerate(counts)])
        messages = make_messages([DAY.start + pd.Timedelta(minutes=float(offset)) for offset in offsets])
        batch = MessageBatch(messages, ReadIntervals.of((DAY.start, DAY.start + pd.Timedelta(hours=hours))))
        today = examine(plan, messages["sent_at"], batch.read_intervals)
        now = (DAY.start + pd.Timedelta(hours=hours)).tz_convert(CHAT.timezone)
        events = tuple(events_of(today))
        return Look(CHAT, today, events, batch, now, {event.key: "https://t.me/c/1/2" for event in events if links})

    return at


@pytest.fixture
def send(tmp_path):
    """Send what is due about a look; gives what the receiver got."""
    with receiving() as receiver:

        def one(look, **settings):
            notifier = Notifier(Notify(**settings), Path(tmp_path), "http://127.0.0.1:3000")
            before = len(receiver.messages)
            notifier.send_today(look, services_of(receiver.url, "VARIABLE"), look.at.to_pydatetime(), REPORTS)
            return receiver.messages[before:]

        yield one


RAID = {12: 400}


def test_a_raid_is_sent_once_with_a_picture_and_a_link(seen, send):
    (message,) = send(seen(13, RAID, links=True))
    assert message["title"] == "my-chat (simulated): 400 messages since 12:00, 6 expected"
    assert "Busy from Tuesday 12:00 on: 400 messages, 6 expected." in message["message"]
    assert "In the chat: https://t.me/c/1/2" in message["message"]
    assert message["message"].endswith("http://127.0.0.1:3001/my-chat.en.html")
    assert message["attachments"][0]["mimetype"] == "image/png"
    assert send(seen(13, RAID)) == []
    assert send(seen(14, RAID)) == []


def test_all_clear_is_sent_once_when_the_event_is_over(seen, send):
    send(seen(13, RAID))
    (message,) = send(seen(15, RAID))
    assert message["title"] == "my-chat (simulated): all clear, busy 12:00–13:00"
    assert send(seen(16, RAID)) == []


def test_an_event_that_was_over_before_anybody_looked_is_not_sent(seen, send):
    assert send(seen(20, RAID)) == []


def test_ordinary_days_send_nothing(seen, send):
    assert send(seen(20)) == []


def test_a_silence_says_since_when(seen, send):
    (message,) = send(seen(15, dict.fromkeys(range(10, 15), 0)))
    assert message["title"] == "my-chat (simulated): silent since 10:00, 30 expected"
    assert "no messages, 30 expected" in message["message"]


def test_in_quiet_hours_nothing_is_sent_and_afterwards_what_happened_is(seen, send):
    raid = {3: 400}
    assert send(seen(4, raid), quiet_hours="23-08") == []
    (message,) = send(seen(9, raid), quiet_hours="23-08")
    assert message["title"] == "my-chat (simulated): all clear, busy 03:00–04:00"
    assert send(seen(10, raid), quiet_hours="23-08") == []


def test_what_goes_on_after_the_quiet_hours_is_sent_then(seen, send):
    raid = dict.fromkeys(range(6, 10), 300)
    assert send(seen(7, raid), quiet_hours="23-08") == []
    (message,) = send(seen(8, raid), quiet_hours="23-08")
    assert message["title"].startswith("my-chat (simulated): 600 messages since 06:00")


def test_alerts_of_today_can_be_left_out(seen, send):
    assert send(seen(13, RAID), alerts=["unread"]) == []


def test_the_event_is_known_by_its_key_when_more_of_it_is_seen(seen):
    first, later = seen(13, RAID).events[0], seen(14, RAID | {13: 50}).events[0]
    assert isinstance(first, KnownEvent)
    assert (first.key, first.begin) == (later.key, later.begin)
    assert later.messages == 450


@pytest.mark.parametrize("hours", ["23", "25-08", "8-23", "23-08-01"])
def test_quiet_hours_are_two_hours_of_the_clock(hours):
    with pytest.raises(ValueError, match="quiet_hours"):
        Notify(quiet_hours=hours)
