"""Each thing is told once, of the day that ended last, from the state of storage and of a Dagster instance on disk."""

import os
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.instance import prepare_instance
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.presentation.notifications import Telling, services_of
from chat_forecast.settings.models import Chat, Notify
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.factories import make_forecast, make_scores, make_series
from chat_forecast_tests.receiver import receiving

CHAT = Chat(slug="my-chat", source="export", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
DAY = LocalDay.parse("2026-05-12", CHAT.timezone)
NOW = datetime(2026, 5, 12, 21, 5, tzinfo=UTC)  # 00:05 on the 13th in Moscow
DIGEST = "my-chat: 96 messages expected on Wednesday 2026-05-13"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home in which the chat has 20 days, the forecast of the last of them, and its score."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        monkeypatch.setenv(name, "")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    prepare_instance(home)
    apply_environment(home)
    return home


def store(home: Home, last: LocalDay = DAY, counts=lambda _hour: 4, days: int = 20, chat: Chat = CHAT) -> None:
    storage = Storages(home.storage_url, home.locks).of(chat)
    first = last.plus(1 - days)
    series, scores = make_series(first, days, counts), make_scores(first, [0.2] * days)
    for day in first.until(last):
        hours = series[(series["hour"] >= day.start) & (series["hour"] < day.end)]
        storage.write("hourly_series", day, hours)
        storage.write("daily_score", day, scores[scores["day"] == day.key])
        storage.write("next_day_forecast", day, make_forecast(day.plus(1)))


def tell(home: Home, instance, receiver, now=NOW, *, settings=None, to_train=None, chat: Chat = CHAT):
    """What one look tells; everything is made anew, as after a restart."""
    telling = Telling(settings or Notify(), home.root, home.dagster_url)
    services = services_of(receiver.url, "VARIABLE")
    storages = Storages(home.storage_url, home.locks)
    return telling.tell(instance, [chat], storages, services, now, to_train=to_train or {})


def run(instance, *, fails: bool = False):
    """A run of the chat."""

    @dg.op
    def act():
        if fails:
            raise ValueError("something secret")

    @dg.job
    def something():
        act()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return something.execute_in_process(
        instance=instance, tags={CHAT_TAG: CHAT.slug}, raise_on_error=False, run_config=quiet
    )


def test_the_digest_is_told_once_and_the_next_days_again(home):
    store(home)
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        assert tell(home, instance, receiver).sent == (DIGEST,)
        assert receiver.messages[0]["attachments"][0]["mimetype"] == "image/png"
        assert tell(home, instance, receiver, NOW + timedelta(hours=20)).sent == ()
        run(instance)  # something changed, and nothing new came of it
        assert tell(home, instance, receiver, NOW + timedelta(hours=21)).sent == ()
        store(home, DAY.plus(1), days=1)
        assert [title[-10:] for title in tell(home, instance, receiver, NOW + timedelta(days=1)).sent] == ["2026-05-14"]
    assert len(receiver.messages) == 2


def test_a_filled_past_and_an_archive_that_has_ended_tell_nothing(home):
    store(home, DAY.plus(-1), days=60)
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        assert tell(home, instance, receiver).sent == ()
    assert receiver.messages == []


def test_a_service_that_fails_is_tried_again_and_stops_nothing(home):
    store(home, counts=lambda hour: None if hour >= DAY.start else 4)
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        receiver.status = 503
        told = tell(home, instance, receiver)
        assert told.sent == ()
        assert told.failed == (f"json://user:****@127.0.0.1:{receiver.port}/hook",)
        assert receiver.titles == ["my-chat: 2026-05-12 could not be read"]  # one try in one go, of two notices
        receiver.status = 200
        assert tell(home, instance, receiver, NOW + timedelta(seconds=10)).sent == (DIGEST,)
        assert tell(home, instance, receiver, NOW + timedelta(minutes=2)).sent == ("my-chat: 2026-05-12 could not be read",)
        assert tell(home, instance, receiver, NOW + timedelta(minutes=9)).sent == ()


def test_a_failed_run_is_told_once_without_its_error_and_what_is_switched_off_is_not_told(home):
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        failed = run(instance, fails=True)
        now = datetime.now(UTC)
        assert tell(home, instance, receiver, now).sent == ()  # Dagster will try it again
        instance.add_run_tags(failed.run_id, {"dagster/will_retry": "false"})
        nothing = Notify(digest=False, alerts=["unread"])
        assert tell(home, instance, receiver, now, settings=nothing).sent == ()
        (home.root / "notified.json").unlink()  # which says that all was told of this state
        assert tell(home, instance, receiver, now).sent == ("my-chat: a run failed",)
        assert tell(home, instance, receiver, now + timedelta(minutes=5)).sent == ()
    assert f"http://127.0.0.1:3000/runs/{failed.run_id}" in receiver.messages[0]["message"]
    assert "secret" not in str(receiver.messages)


def test_the_digest_waits_for_the_retraining_that_the_score_asks_for_but_not_for_ever(home, today):
    day, chat = today.plus(-1), CHAT.model_copy(update={"timezone": today.timezone})
    store(home, day, chat=chat)
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        assert run(instance).success
        now = datetime.now(UTC)
        waiting = {"to_train": {chat.slug: day}, "chat": chat}
        assert tell(home, instance, receiver, now, **waiting).sent == ()
        assert len(tell(home, instance, receiver, now + timedelta(minutes=11), **waiting).sent) == 1


def test_simulated_is_said(home):
    store(home)
    simulated = CHAT.model_copy(update={"source": "simulated"})
    with receiving() as receiver, dg.DagsterInstance.get() as instance:
        telling = Telling(Notify(), home.root, home.dagster_url)
        services = services_of(receiver.url, "VARIABLE")
        telling.tell(instance, [simulated], Storages(home.storage_url, home.locks), services, NOW, to_train={})
    assert receiver.titles == ["my-chat (simulated): 96 messages expected on Wednesday 2026-05-13"]
    assert pd.notna(receiver.messages[0]["message"])
    assert os.environ["CHAT_FORECAST_HOME"] == str(home.root)
