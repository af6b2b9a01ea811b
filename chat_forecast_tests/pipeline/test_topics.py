"""The night of a forum's topics follows the forum's, by the sensor and on an instance on disk."""

from datetime import timedelta

import dagster as dg
import pandas as pd
import pytest

from chat_forecast.app.importing import import_files
from chat_forecast.app.runs import Runner
from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.placeholder_messages import to_placeholders
from chat_forecast.pipeline import repository
from chat_forecast.pipeline.catch_up import catch_up_sensor
from chat_forecast.pipeline.runs import DAY_ASSETS, HISTORY_ASSETS, asset_keys, kind_tags
from chat_forecast.pipeline.schedules import nightly_schedules
from chat_forecast.settings.reading import parse_chats
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.forums import HELP, NEWS, make_forum
from chat_forecast_tests.sources.message_files import START, write_json

FIRST = LocalDay.containing(START, "UTC")
CHATS = f"""
[chats.forum]
source = "export"
timezone = "UTC"
first_day = {FIRST.key}
[chats.forum.topics]
news = {NEWS}
help = {HELP}
"""


@pytest.fixture
def forum(tmp_path, stores):
    """A forum of six days, and its topics: settings, with nothing made yet."""
    file = write_json(tmp_path / "forum.json", make_forum(300, minutes=24).export())
    archive = Archive(stores.storages.root, "forum")
    import_files(archive, [file], timezone="UTC", pseudonyms=Pseudonyms.load(tmp_path))
    return parse_chats(tmp_path / "chats.toml", CHATS).chats


def requests(sensor, instance, stores):
    with dg.build_sensor_context(instance, resources={"stores": stores}) as context:
        return sensor.evaluate_tick(context).run_requests or []


def test_a_night_of_topics_begins_when_the_forum_has_the_day(forum, stores, instance):
    (schedule,), now = nightly_schedules(forum), FIRST.plus(1).end
    sensor = catch_up_sensor(forum, clock=lambda: now + timedelta(minutes=2))
    runner = Runner(stores, forum, instance)
    with dg.build_schedule_context(instance, now + timedelta(minutes=1), resources={"stores": stores}) as context:
        assert [each.tags["chat_forecast/chat"] for each in schedule.evaluate_tick(context).run_requests] == ["forum"]
    assert requests(sensor, instance, stores) == []
    day = FIRST.plus(1)
    under_way = dg.DagsterRun(job_name="__ASSET_JOB", tags=kind_tags(forum[0], "day"), status=dg.DagsterRunStatus.STARTED)
    instance.add_run(under_way)
    stores.storages.of(forum[0]).write("merged_history", day, stores.storages.of(forum[0]).messages("merged_history", day))
    assert requests(sensor, instance, stores) == []
    instance.delete_run(under_way.run_id)
    runner.materialise(forum[0], HISTORY_ASSETS, day, day)
    asked = requests(sensor, instance, stores)
    assert [each.run_key for each in asked] == [f"news/{day.key}", f"help/{day.key}"]
    for topic, request in zip(forum[1:], asked, strict=True):
        assert request.asset_selection == asset_keys(topic, DAY_ASSETS)
        runner.materialise(topic, DAY_ASSETS, day, day)
        assert stores.storages.of(topic).has("next_day_forecast", day)
    assert requests(sensor, instance, stores) == []
    runner.materialise(forum[0], HISTORY_ASSETS, day.plus(1), day.plus(3))
    now = day.plus(3).end
    assert [each.run_key for each in requests(sensor, instance, stores)] == [
        f"{slug}/{day.plus(1).key}..{day.plus(3).key}" for slug in ("news", "help")
    ]
    counts = {chat.slug: len(stores.storages.of(chat).messages("merged_history", day).messages) for chat in forum}
    assert 0 < counts["news"] + counts["help"] < counts["forum"] == 60


def test_a_topic_keeps_what_it_took_of_a_day_of_which_the_forum_keeps_counts(forum, stores, instance):
    runner, day = Runner(stores, forum, instance), FIRST.plus(1)
    of_forum, of_topic = (stores.storages.of(chat) for chat in forum[:2])
    for chat in forum[:2]:
        runner.materialise(chat, HISTORY_ASSETS, day, day)
    counted = of_topic.frame("hourly_series", day)
    stored = of_forum.messages("merged_history", day)
    of_forum.write("merged_history", day, MessageBatch(to_placeholders(stored.messages, day), stored.read_intervals))
    runner.materialise(forum[1], HISTORY_ASSETS, day, day)
    pd.testing.assert_frame_equal(of_topic.frame("hourly_series", day), counted)
    runner.materialise(forum[2], HISTORY_ASSETS, day, day)
    assert stores.storages.of(forum[2]).frame("hourly_series", day)["messages"].isna().all(), "missing, not quiet"


def test_the_graph_leads_from_the_forum_to_its_topics(forum, stores):
    graph = build_definitions(forum, stores).resolve_asset_graph()
    for slug in ("news", "help"):
        raw = graph.get(dg.AssetKey([slug, "raw_messages"]))
        assert raw.parent_keys == {dg.AssetKey(["forum", "merged_history"])}
        assert raw.pools == {f"chat_{slug}"}


def test_a_process_that_knows_a_topic_alone_can_make_it(forum, stores, instance, monkeypatch):
    monkeypatch.setattr(repository, "_own_chats", {"news"})
    known = repository.ChatRepository(forum, lambda some: build_definitions(some, stores))
    keys = set(asset_keys(forum[1], DAY_ASSETS))
    Runner(stores, forum, instance).materialise(forum[0], HISTORY_ASSETS, FIRST, FIRST)
    job = known.get_maybe_subset_job_def("__ASSET_JOB", asset_selection=keys)
    assert {key.path[0] for key in job.asset_layer.selected_asset_keys} == {"news"}
    assert job.execute_in_process(instance=instance, partition_key=FIRST.key).success
