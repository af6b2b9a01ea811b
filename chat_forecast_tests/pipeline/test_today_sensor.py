"""The sensor that looks at the day that is not over, on a Dagster instance on disk, sending to a real server on loopback."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from chat_forecast.definitions import build_definitions
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.today_sensor import ASSET, today_assets, today_sensor, watched
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home

CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 3, 1))
CHAT_ZONE = ZoneInfo(CHAT.timezone)
OTHERS = [
    Chat(slug="imported", source="export", timezone="UTC", first_day=date(2026, 3, 1)),
    CHAT.model_copy(update={"slug": "ended", "last_day": date(2026, 4, 1)}),
    CHAT.model_copy(update={"slug": "off", "watch_minutes": 0}),
]
LOCKED_OUT = Chat(slug="no-login", source="telegram", timezone="UTC", first_day=date(2026, 3, 1))


@pytest.fixture
def stores(tmp_path, monkeypatch):
    monkeypatch.delenv("CHAT_FORECAST_NOTIFY_URL", raising=False)
    return resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))


@pytest.fixture
def tick(stores, tmp_path_factory):
    """Let the sensor tick; gives its result."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:

        def once(chats=(CHAT,), cursor=None):
            context = dg.build_sensor_context(instance=instance, resources={"stores": stores}, cursor=cursor)
            return today_sensor(chats)(context)

        yield once


def earlier(cursor, **of):
    """A cursor as it would have been so much earlier."""
    moved = json.loads(cursor)
    for known in moved.values():
        for name in {"at", "observed"} & set(known):
            known[name] = (datetime.fromisoformat(known[name]) - timedelta(**of)).isoformat()
    return json.dumps(moved)


def test_live_chats_are_looked_at_and_others_are_not(tick):
    assert watched([CHAT, *OTHERS]) == [CHAT]
    result = tick([CHAT, *OTHERS])
    assert result.skip_reason.skip_message == "Looked at the day of 1 chat."
    assert list(json.loads(result.cursor)) == ["my-chat"]


def test_a_chat_is_looked_at_as_often_as_its_settings_say(tick):
    cursor = tick().cursor
    assert tick(cursor=cursor).skip_reason.skip_message == "No chat is due."
    assert tick(cursor=earlier(cursor, minutes=9)).skip_reason.skip_message == "No chat is due."
    assert tick(cursor=earlier(cursor, minutes=10)).skip_reason.skip_message == "Looked at the day of 1 chat."


def test_the_asset_is_observed_once_an_hour_with_its_picture(tick):
    (event,) = tick().asset_events
    assert event.asset_key == dg.AssetKey(["my-chat", ASSET])
    day = datetime.now(UTC).astimezone(CHAT_ZONE).date()
    assert event.metadata["today so far"].value.endswith(f"/pictures/my-chat/{ASSET}/{day}.png)")
    assert event.metadata["alarm"].value == "none"
    cursor = tick().cursor
    assert tick(cursor=earlier(cursor, minutes=20)).asset_events == []
    assert len(tick(cursor=earlier(cursor, minutes=61)).asset_events) == 1


def test_a_chat_that_cannot_be_read_keeps_no_other_from_being_looked_at(tick):
    said = tick([LOCKED_OUT, CHAT]).skip_reason.skip_message
    assert said == "Looked at the day of 1 chat. Could not be looked at, and is tried again: no-login."


@pytest.mark.parametrize("name", ["plan.json", "events.json"])
@pytest.mark.parametrize("content", [None, "{", "[" * 100_000], ids=["a folder", "no JSON", "deep"])
def test_whatever_lies_where_a_day_is_kept_silences_no_other_chat(tick, tmp_path, name, content):
    place = tmp_path / ".today" / CHAT.slug / name
    if content is None:
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True)
        place.write_text(content)
    other = CHAT.model_copy(update={"slug": "other"})
    result = tick([CHAT, other])
    assert "other" in {event.asset_key.path[0] for event in result.asset_events}
    if content is not None:  # it is made again
        assert result.skip_reason.skip_message == "Looked at the day of 2 chats."


def test_the_asset_stands_beside_the_six_and_no_run_makes_it(stores):
    assert [spec.key.path for spec in today_assets([CHAT, *OTHERS])] == [["my-chat", ASSET]]
    repository = build_definitions([CHAT, *OTHERS], stores).get_repository_def()
    key = dg.AssetKey(["my-chat", ASSET])
    graph = repository.asset_graph
    assert key in graph.external_asset_keys
    assert len([each for each in graph.materializable_asset_keys if each.path[0] == "my-chat"]) == 6
