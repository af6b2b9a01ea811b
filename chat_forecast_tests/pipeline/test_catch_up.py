"""Nights that were missed are done together, once, and the schedule leaves them to that."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from chat_forecast.definitions import with_end
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.catch_up import catch_up_sensor, missed_days
from chat_forecast.pipeline.runs import CHAT_TAG, DAY_ASSETS, KIND_TAG
from chat_forecast.pipeline.schedules import nightly_schedules
from chat_forecast.settings.models import Chat
from chat_forecast_tests.factories import make_forecast

ZONE = "Europe/Berlin"


@pytest.fixture
def yesterday():
    return LocalDay.containing(datetime.now(ZoneInfo(ZONE)), ZONE).plus(-1)


@pytest.fixture
def chat(yesterday):
    return Chat(slug="my-chat", source="simulated", timezone=ZONE, first_day=(yesterday.date - timedelta(days=90)))


@pytest.fixture
def done(stores, chat):
    """Store what is left of a night that was done."""
    storage = stores.storages.of(chat)
    return lambda day: storage.write("next_day_forecast", day, make_forecast(day.plus(1)))


@pytest.fixture
def tick(stores, chat, yesterday, tmp_path):
    """Let the sensor tick as the daemon does, on an instance on disk; gives its run requests."""
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:

        def tick(of: Chat = chat):
            noon = (yesterday.end + timedelta(hours=12)).to_pydatetime()
            with dg.build_sensor_context(instance=instance, resources={"stores": stores}) as context:
                return list(catch_up_sensor([of], clock=lambda: noon)(context).run_requests or ())

        tick.instance = instance
        yield tick


def test_ten_missed_nights_are_one_run_of_the_whole_range(tick, done, yesterday):
    done(yesterday.plus(-10))
    (request,) = tick()
    assert request.run_key == f"my-chat/{yesterday.plus(-9).key}..{yesterday.key}"
    assert request.tags == {
        CHAT_TAG: "my-chat",
        KIND_TAG: "catch-up",
        "dagster/asset_partition_range_start": yesterday.plus(-9).key,
        "dagster/asset_partition_range_end": yesterday.key,
    }
    assert [key.path[-1] for key in request.asset_selection] == list(DAY_ASSETS)
    done(yesterday)
    assert tick() == []


def test_a_new_chat_is_left_to_a_backfill(tick):
    assert tick() == []


def test_the_last_day_of_a_newer_export_is_done_although_it_is_a_single_one(tick, chat, done, yesterday):
    done(yesterday.plus(-10))
    (request,) = tick(chat.model_copy(update={"last_day": yesterday.plus(-9).date}))
    assert request.run_key == f"my-chat/{yesterday.plus(-9).key}..{yesterday.plus(-9).key}"


def test_a_day_that_a_killed_run_had_not_written_when_the_next_one_was_is_missed_too(tick, done, yesterday):
    for before in (6, 5, 3):
        done(yesterday.plus(-before))
    (request,) = tick()
    assert request.run_key == f"my-chat/{yesterday.plus(-4).key}..{yesterday.key}"
    done(yesterday.plus(-4))
    (request,) = tick()
    assert request.run_key == f"my-chat/{yesterday.plus(-2).key}..{yesterday.key}"


def test_while_a_run_of_the_chat_is_under_way_nothing_is_requested(tick, done, yesterday):
    done(yesterday.plus(-10))
    run = dg.DagsterRun(job_name="__ASSET_JOB", tags={CHAT_TAG: "my-chat"}, status=dg.DagsterRunStatus.STARTED)
    tick.instance.add_run(run)
    assert tick() == []


def test_of_many_missed_nights_the_newest_are_done(stores, chat, done, yesterday):
    done(yesterday.plus(-50))
    days = missed_days(chat.model_copy(update={"catch_up_days": 5}), stores.storages.of(chat), yesterday)
    assert [day.key for day in days] == [yesterday.plus(number).key for number in range(-4, 1)]


def test_a_chat_that_has_ended_misses_nothing(tick, chat, done, yesterday):
    done(yesterday.plus(-10))
    assert tick(chat.model_copy(update={"last_day": yesterday.plus(-10).date})) == []


@pytest.mark.parametrize(("days_ago", "is_due"), [(1, True), (2, False), (10, False)])
def test_the_schedule_leaves_several_missed_nights_to_the_sensor(stores, chat, done, yesterday, days_ago, is_due):
    done(yesterday.plus(-days_ago))
    (schedule,) = nightly_schedules([chat])
    midnight = datetime.combine(yesterday.date + timedelta(days=1), time(0, 1), ZoneInfo(ZONE))
    with dg.build_schedule_context(scheduled_execution_time=midnight, resources={"stores": stores}) as context:
        requested = schedule.evaluate_tick(context).run_requests
    assert len(requested) == is_due


def test_the_partitions_of_a_chat_that_has_ended_end_with_its_last_day(chat):
    from chat_forecast.pipeline.partitions import daily_partitions

    ended = chat.model_copy(update={"first_day": date(2019, 1, 1), "last_day": date(2019, 1, 3)})
    assert daily_partitions(ended).get_partition_keys() == ["2019-01-01", "2019-01-02", "2019-01-03"]


@pytest.mark.parametrize("path", ["archive/messages.parquet", "next_day_forecast"])
def test_one_chats_damaged_archive_or_folder_keeps_no_other_chat_from_its_nights(
    stores, chat, done, yesterday, tmp_path, path
):
    ill = chat.model_copy(update={"slug": "ill-chat", "source": "export"})
    (tmp_path / "ill-chat" / path).parent.mkdir(parents=True)
    (tmp_path / "ill-chat" / path).write_bytes(b"PAR1 and no more")
    assert {with_end(each, stores).last_day for each in (ill, chat)} == {None}  # so that the definitions load
    done(yesterday.plus(-1))
    (schedule,) = nightly_schedules([ill, chat])
    midnight = datetime.combine(yesterday.date + timedelta(days=1), time(0, 1), ZoneInfo(ZONE))
    with dg.build_schedule_context(scheduled_execution_time=midnight, resources={"stores": stores}) as context:
        requested = schedule.evaluate_tick(context).run_requests
    assert [request.tags[CHAT_TAG] for request in requested] == ["ill-chat", "my-chat"]  # its own run says what is wrong
    done(yesterday.plus(-3))
    (tmp_path / "my-chat" / "next_day_forecast" / f"{yesterday.plus(-1).key}.parquet").unlink()
    sensor = catch_up_sensor([ill, chat], clock=lambda: yesterday.end.to_pydatetime())
    with dg.build_sensor_context(dg.DagsterInstance.ephemeral(), resources={"stores": stores}) as context:
        (request,) = sensor(context).run_requests
    assert request.tags[CHAT_TAG] == "my-chat"
