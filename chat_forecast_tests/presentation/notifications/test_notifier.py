"""Each notice is sent once, about the day that ended last, from what is stored and what is known of the runs."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.notifications import ChatRuns, FailedRun, Notifier, Outcome, services_of
from chat_forecast.settings.models import Chat, Notify
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.damage import cut_in_half, make_a_folder
from chat_forecast_tests.factories import make_forecast, make_scores, make_series
from chat_forecast_tests.receiver import receiving

CHAT = Chat(slug="my-chat", source="export", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
OTHER = CHAT.model_copy(update={"slug": "other"})
DAY = LocalDay.parse("2026-05-12", CHAT.timezone)
NOW = datetime(2026, 5, 12, 21, 5, tzinfo=UTC)  # 00:05 on the 13th in Moscow
DIGEST = "my-chat: 96 messages expected on Wednesday 2026-05-13"
FAILED = ChatRuns("2 FAILURE", last_end=NOW, failed=(FailedRun("2", "1", ("my-chat",)),))


@pytest.fixture
def storages(tmp_path):
    """The chat has 9 days, the forecast made at the end of each, and their scores."""
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    store(storages)
    return storages


def store(storages, chat=CHAT, last=DAY, counts=lambda _hour: 4, days=9, *, passed=True) -> None:
    storage, first = storages.of(chat), last.plus(1 - days)
    series, scores = make_series(first, days, counts), make_scores(first, [0.2] * days)
    scores["verdict_passed"], scores["verdict_figures"] = passed, "{}"
    for day in first.until(last):
        hours = series[(series["hour"] >= day.start) & (series["hour"] < day.end)]
        storage.write("hourly_series", day, hours)
        storage.write("daily_score", day, scores[scores["day"] == day.key])
        storage.write("next_day_forecast", day, make_forecast(day.plus(1)))


def send(storages, receiver, now=NOW, *, chats=(CHAT,), runs=None, settings=None, **options) -> Outcome:
    """One look at the chats; everything is made anew, as after a restart."""
    notifier = Notifier(settings or Notify(), Path(storages.root), "http://127.0.0.1:3000")
    services = services_of(receiver.url, "VARIABLE")
    return notifier.send_due(chats, storages, {CHAT.slug: runs or ChatRuns()}, services, now, **options)


def test_the_digest_is_sent_once_and_the_next_days_again(storages):
    with receiving() as receiver:
        assert send(storages, receiver).sent == [DIGEST]
        assert receiver.messages[0]["attachments"][0]["mimetype"] == "image/png"
        assert send(storages, receiver, NOW + timedelta(hours=20)).sent == []
        ended = ChatRuns("1 SUCCESS", last_end=NOW)  # something changed, and nothing new came of it
        assert send(storages, receiver, NOW + timedelta(hours=21), runs=ended).sent == []
        store(storages, last=DAY.plus(1), days=1)
        assert [title[-10:] for title in send(storages, receiver, NOW + timedelta(days=1)).sent] == ["2026-05-14"]
    assert len(receiver.messages) == 2


def test_a_filled_past_and_an_archive_that_has_ended_send_nothing(tmp_path):
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    store(storages, last=DAY.plus(-1), days=20)
    with receiving() as receiver:
        assert send(storages, receiver).sent == []
    assert receiver.messages == []


def test_nothing_is_sent_while_a_run_of_the_chat_is_active(storages):
    with receiving() as receiver:
        assert send(storages, receiver, runs=ChatRuns("1 STARTED", is_active=True)).sent == []
        assert send(storages, receiver, runs=ChatRuns("1 SUCCESS", last_end=NOW)).sent == [DIGEST]


def test_a_service_that_refuses_is_tried_again_and_stops_nothing(storages):
    store(storages, counts=lambda hour: None if hour >= DAY.start else 4)
    unread = "my-chat: 2026-05-12 could not be read"
    with receiving() as receiver:
        receiver.status = 503
        outcome = send(storages, receiver)
        assert outcome.sent == []
        assert outcome.refused == ["json://***"]
        assert receiver.titles == [unread]  # one try in one go, of two notices
        receiver.status = 200
        assert send(storages, receiver, NOW + timedelta(seconds=10)).sent == [DIGEST]
        assert send(storages, receiver, NOW + timedelta(minutes=2)).sent == [unread]
        assert send(storages, receiver, NOW + timedelta(minutes=9)).sent == []


def test_a_failed_run_is_sent_once_and_what_is_switched_off_is_not(tmp_path):
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    with receiving() as receiver:
        nothing = Notify(digest=False, alerts=["unread"])
        assert send(storages, receiver, runs=FAILED, settings=nothing).sent == []
        (tmp_path / "notified.json").unlink()  # which notes that this state was examined
        assert send(storages, receiver, runs=FAILED).sent == ["my-chat: a run failed"]
        assert send(storages, receiver, NOW + timedelta(minutes=5), runs=FAILED).sent == []
    assert "http://127.0.0.1:3000/runs/2" in receiver.messages[0]["message"]


def test_notices_wait_for_the_retraining_that_a_failed_verdict_asks_for_but_not_for_ever(storages):
    store(storages, days=1, passed=False)
    ended = ChatRuns("1 SUCCESS", last_end=NOW)
    with receiving() as receiver:
        assert send(storages, receiver, NOW + timedelta(minutes=9), runs=ended).sent == []
        assert send(storages, receiver, NOW + timedelta(minutes=9), runs=ended, waits_for_retraining=False).sent == [DIGEST]
        (Path(storages.root) / "notified.json").unlink()
        assert send(storages, receiver, NOW + timedelta(minutes=11), runs=ended).sent == [DIGEST]


def test_a_withheld_forecast_is_not_sent_and_the_one_that_follows_it_is(storages):
    storage, forecast = storages.of(CHAT), make_forecast(DAY.plus(1))
    storage.write("next_day_forecast", DAY, NotedTable(forecast, {"withheld": "withheld: it is absurd"}))
    ended = ChatRuns("1 SUCCESS", last_end=NOW)
    with receiving() as receiver:
        assert send(storages, receiver, runs=ended).sent == []  # the retraining may mend it
        later = NOW + timedelta(minutes=11)
        assert send(storages, receiver, later, runs=ended).sent == [
            "my-chat: the forecast for Wednesday 2026-05-13 is withheld"
        ]
        assert "attachments" not in receiver.messages[0] or not receiver.messages[0]["attachments"]
        storage.write("next_day_forecast", DAY, forecast)
        assert send(storages, receiver, later, runs=ChatRuns("2 SUCCESS", last_end=NOW)).sent == [DIGEST]


def test_a_score_without_a_stored_verdict_keeps_nothing_waiting(storages):
    store(storages, days=1, passed=None)
    with receiving() as receiver:
        assert send(storages, receiver, runs=ChatRuns("1 SUCCESS", last_end=NOW)).sent == [DIGEST]


@pytest.mark.parametrize("damage", [cut_in_half, make_a_folder], ids=lambda way: way.__name__)
def test_a_chat_that_cannot_be_read_is_named_and_silences_no_other(storages, damage):
    store(storages, OTHER)
    file = Path(storages.of(CHAT).url("hourly_series", DAY.plus(-3)))
    content = file.read_bytes()
    damage(file)
    with receiving() as receiver:
        outcome = send(storages, receiver, chats=(CHAT, OTHER), runs=FAILED)
        # What the runs say of the damaged chat is sent too.
        assert outcome.sent == ["my-chat: a run failed", DIGEST.replace("my-chat", "other")]
        assert list(outcome.unreadable) == ["my-chat"]
        assert "2026-05-09.parquet" in outcome.unreadable["my-chat"]
        assert list(send(storages, receiver, chats=(CHAT, OTHER), runs=FAILED).unreadable) == ["my-chat"]
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)
        assert send(storages, receiver, chats=(CHAT, OTHER), runs=FAILED).sent == [DIGEST]


def test_chats_for_which_there_is_no_time_left_have_their_turn_at_the_next_call(storages):
    store(storages, OTHER)
    turns = iter([False, True])
    with receiving() as receiver:
        assert send(storages, receiver, chats=(CHAT, OTHER), is_time_up=lambda: next(turns)).sent == [DIGEST]
        assert send(storages, receiver, chats=(CHAT, OTHER)).sent == [DIGEST.replace("my-chat", "other")]


def test_simulated_is_said(storages):
    with receiving() as receiver:
        send(storages, receiver, chats=[CHAT.model_copy(update={"source": "simulated"})])
    assert receiver.titles == ["my-chat (simulated): 96 messages expected on Wednesday 2026-05-13"]
