"""Each night is done once and none is skipped, whenever `up` starts and however the machine's clock is set.

The schedule and the catch-up sensor are evaluated by Dagster, on an instance on disk; the clock is the test's.
"""

from collections import Counter
from datetime import UTC, date, timedelta
from itertools import count

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator  # when the daemon ticks

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.catch_up import catch_up_sensor
from chat_forecast.pipeline.schedules import JUST_AFTER_MIDNIGHT, nightly_schedules
from chat_forecast.settings.models import Chat
from chat_forecast_tests.factories import make_forecast

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
MOST_TICKS = 5
"""So many missed ticks of a schedule Dagster makes up for."""
NUMBERS = count()


class Machine:
    """A machine on which `up` runs: what it does of a chat, by its clock, and how often each night was done."""

    def __init__(self, chat, stores, instance, starts):
        self.slug, self.storage, self.resources, self.instance = (
            chat.slug,
            stores.storages.of(chat),
            {"stores": stores},
            instance,
        )
        self.zone, (self.schedule,) = chat.timezone, nightly_schedules([chat])
        self.sensor = catch_up_sensor([chat], clock=lambda: self.now)
        self.now = self.ticked = starts
        self.asked, self.nights = set(), Counter()

    def at(self, now):
        """Let the daemon look at the clock: first the schedule's ticks since the last one, then the sensor."""
        self.now = now
        ticks = []
        for tick in cron_string_iterator(self.ticked.timestamp() + 1, JUST_AFTER_MIDNIGHT, self.zone):
            if tick > now:
                break
            ticks.append(tick)
        for tick in ticks[-MOST_TICKS:]:
            self.ticked = tick
            with dg.build_schedule_context(self.instance, tick, resources=self.resources) as context:
                self.run(self.schedule, self.schedule.evaluate_tick(context).run_requests)
        with dg.build_sensor_context(self.instance, resources=self.resources) as context:
            self.run(self.sensor, self.sensor.evaluate_tick(context).run_requests)

    def through(self, first, last, **step):
        """Let it look again and again from one instant to another."""
        while first < last:
            self.at(first)
            first += timedelta(**step)
        self.at(last)

    def run(self, asker, requests):
        """Do what was asked for, at once; the same run key serves once for the schedule and once for the sensor."""
        for request in requests:
            if (asker.name, request.run_key) in self.asked:
                continue
            self.asked.add((asker.name, request.run_key))
            run = dg.DagsterRun(job_name="__ASSET_JOB", tags=request.tags, status=dg.DagsterRunStatus.SUCCESS)
            self.instance.add_run(run)
            tags = [request.tags.get(tag, request.tags.get("dagster/partition")) for tag in RANGE]
            first, last = (LocalDay.parse(key, self.zone) for key in tags)
            for day in first.until(last):
                self.storage.write("next_day_forecast", day, make_forecast(day.plus(1)))
                self.nights[day.key] += 1


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def started(stores, instance):
    """Start `up` at an instant, with a new chat whose nights are done through a day."""

    def start(done, starts):
        slug = f"chat-{next(NUMBERS)}"
        chat = Chat(slug=slug, source="simulated", timezone=done.timezone, first_day=date(2026, 1, 1))
        stores.storages.of(chat).write("next_day_forecast", done, make_forecast(done.plus(1)))
        return Machine(chat, stores, instance, starts.to_pydatetime().astimezone(UTC))

    return start


CLOCK_CHANGES = [
    ("Europe/Berlin", "2026-03-28"),  # at two o'clock in the night after it an hour is skipped
    ("Europe/Berlin", "2026-10-24"),  # and one comes twice
    ("America/Havana", "2026-03-07"),  # there was no 00:01
    ("America/Havana", "2026-10-31"),  # 00:01 came twice
    ("Africa/Cairo", "2026-04-23"),
    ("Africa/Cairo", "2026-10-29"),
    ("Australia/Lord_Howe", "2026-04-04"),  # half an hour
    ("Asia/Kathmandu", "2026-05-12"),  # no change
]


@pytest.mark.parametrize(("zone", "key"), CLOCK_CHANGES)
def test_whenever_up_starts_each_night_is_done_once(started, zone, key):
    ended = LocalDay.parse(key, zone)  # the day before the clock change
    starts = [(1, -30), (1, 30), (1, 60), (1, 61), (1, 7230), (3, 30), (3, 60)]  # nights missed, seconds after midnight
    for missed, seconds in starts:
        machine = started(ended.plus(-missed), ended.end + timedelta(seconds=seconds))
        machine.through(machine.now, machine.now + timedelta(minutes=14), minutes=2)
        machine.through(machine.now, ended.plus(2).end + timedelta(minutes=20), minutes=173)
        assert machine.nights == dict.fromkeys([day.key for day in ended.plus(1 - missed).until(ended.plus(2))], 1)


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("minutes", [2, 45, 12 * 60])
def test_a_clock_that_is_set_back_does_no_night_again_and_skips_none(started, back, minutes):
    ended = LocalDay.parse("2026-05-12", "Europe/Berlin")
    machine = started(ended.plus(-1), ended.end - timedelta(minutes=10))
    machine.through(machine.now, ended.end + timedelta(minutes=minutes), minutes=11)
    assert machine.nights == {ended.key: 1}
    machine.through(machine.now - back, ended.plus(2).end + timedelta(minutes=20), minutes=53)
    assert machine.nights == {ended.key: 1, ended.plus(1).key: 1, ended.plus(2).key: 1}


@pytest.mark.parametrize("nights", [2, 5, 10])
def test_a_machine_that_was_off_does_each_night_once_when_it_is_back(started, nights):
    ended = LocalDay.parse("2026-05-12", "Europe/Berlin")
    machine = started(ended.plus(-1), ended.end - timedelta(minutes=10))
    machine.at((ended.end + timedelta(minutes=2)).to_pydatetime())
    machine.at((ended.plus(nights).end + timedelta(hours=7)).to_pydatetime())
    machine.through(machine.now, ended.plus(nights + 1).end + timedelta(minutes=2), minutes=173)
    assert machine.nights == {ended.plus(number).key: 1 for number in range(nights + 2)}


def test_a_single_night_left_by_the_schedule_is_caught_up_once_its_time_is_over(started):
    ended = LocalDay.parse("2026-05-12", "Europe/Berlin")
    machine = started(ended.plus(-1), ended.end + timedelta(minutes=2))
    machine.at((ended.end + timedelta(minutes=9)).to_pydatetime())
    assert machine.nights == {}
    machine.at((ended.end + timedelta(minutes=11)).to_pydatetime())
    assert machine.asked == {("catch_up", f"{machine.slug}/2026-05-12..2026-05-12")}


def test_a_night_that_the_schedule_asked_for_and_that_failed_is_not_asked_for_again_at_once(started):
    ended = LocalDay.parse("2026-05-12", "Europe/Berlin")
    machine = started(ended.plus(-1), ended.end + timedelta(hours=3))
    tags = {"chat_forecast/chat": machine.slug, "chat_forecast/kind": "day", "dagster/partition": ended.key}
    machine.instance.add_run(dg.DagsterRun(job_name="__ASSET_JOB", tags=tags, status=dg.DagsterRunStatus.FAILURE))
    machine.at(machine.now)
    assert machine.nights == {}
    machine.at((ended.plus(1).end + timedelta(minutes=1)).to_pydatetime())
    assert machine.nights == {ended.key: 1, ended.plus(1).key: 1}
