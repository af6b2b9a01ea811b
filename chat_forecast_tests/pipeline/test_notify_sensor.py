"""The sensor that sends notifications, on a Dagster instance on disk, to a real server on loopback."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.notify_sensor import notify_sensor
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast_tests.damage import cut_in_half
from chat_forecast_tests.factories import make_forecast, make_series
from chat_forecast_tests.receiver import receiving

CHATS = [
    Chat(slug=slug, source="export", timezone="Europe/Moscow", first_day=date(2026, 1, 1)) for slug in ("damaged", "whole")
]


@pytest.fixture
def stores(tmp_path):
    """Yesterday's series and forecast of both chats."""
    stores = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))
    for chat in CHATS:
        day = LocalDay.containing(datetime.now(UTC), chat.timezone).plus(-1)
        stores.storages.of(chat).write("hourly_series", day, make_series(day, 1))
        stores.storages.of(chat).write("next_day_forecast", day, make_forecast(day.plus(1)))
    return stores


@pytest.fixture
def tick(stores, tmp_path_factory):
    """Let the sensor tick once; gives what it said."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        context = dg.build_sensor_context(instance=instance, resources={"stores": stores})
        yield lambda: notify_sensor(CHATS)(context).skip_message


def test_without_a_url_the_sensor_says_so(tick, monkeypatch):
    monkeypatch.delenv("CHAT_FORECAST_NOTIFY_URL", raising=False)
    assert tick() == "Nothing is sent: CHAT_FORECAST_NOTIFY_URL is not set."


def test_a_tick_says_what_was_sent_and_names_the_chat_that_it_could_not_examine(stores, tick, monkeypatch):
    day = stores.storages.of(CHATS[0]).days("hourly_series")[0]
    cut_in_half(Path(stores.storages.of(CHATS[0]).url("hourly_series", day)))
    with receiving() as receiver:
        monkeypatch.setenv("CHAT_FORECAST_NOTIFY_URL", receiver.url)
        said = tick()
        assert said.startswith(f"Sent: whole: 96 messages expected on {day.plus(1).date:%A} {day.plus(1).key}. ")
        assert said.endswith("see the tick's log and chat-forecast status: damaged.")
        assert len(receiver.messages) == 1
