import json

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.forecasting.day_plan import DayPlan, make_plan
from chat_forecast.forecasting.known_events import KnownEvent, events_of, remember
from chat_forecast.forecasting.model_record import train_record
from chat_forecast.forecasting.today import examine
from chat_forecast_tests.factories import make_messages, make_series

DAY = LocalDay.parse("2026-03-27", "Europe/Berlin")  # two days before a clock change
KNOWN_DAYS = 80


def usual(hour):
    return 12 + round(8 * np.sin((hour.hour - 9) / 24 * 2 * np.pi))


def series_before(day=DAY, days=KNOWN_DAYS, counts=usual):
    return make_series(day.plus(-days), days, counts)


def spread(series):
    """The instants of the messages of a series, evenly over each hour."""
    known = series.dropna(subset=["messages"])
    offsets = np.concatenate([np.arange(n) * 60 / max(n, 1) for n in known["messages"].astype(int)])
    starts = np.repeat(pd.DatetimeIndex(known["hour"]).tz_convert("UTC"), known["messages"].astype(int))
    return pd.Series(starts + pd.to_timedelta(offsets, unit="min"))


@pytest.fixture(scope="module")
def plan():
    """Of an even chat without a model."""
    series = series_before()
    return make_plan(None, series, spread(series), DAY)


def minutes(*at):
    return make_messages([DAY.start + pd.Timedelta(minutes=float(minute)) for minute in at])["sent_at"]


def read_to(minute):
    return ReadIntervals.of((DAY.start, DAY.start + pd.Timedelta(minutes=minute)))


def as_usual(until_hour):
    """The messages of an ordinary day until an hour."""
    return spread(make_series(DAY, 1, usual).iloc[:until_hour])


def test_the_day_so_far_stands_beside_what_was_expected(plan):
    today = examine(plan, as_usual(10), read_to(600))
    assert today.so_far == sum(usual(hour) for hour in DAY.hours[:10])
    assert today.table["is_over"].sum() == 10
    assert today.table["messages"].isna().sum() == 14
    assert today.rest.expected == pytest.approx(today.table["midnight"].sum(), rel=0.05)
    assert today.events == ()


def test_checks_end_at_the_time_that_was_read(plan):
    today = examine(plan, minutes(), read_to(0))
    assert today.read_until is None
    assert today.table["messages"].isna().all()
    later = examine(plan, as_usual(10), read_to(600))
    assert later.table["unusual"].tolist() == [""] * 24


def test_a_silence_and_a_burst_are_events_with_a_beginning_and_a_size(plan):
    silent = examine(plan, as_usual(8), read_to(15 * 60))
    (event,) = events_of(silent)
    assert (event.kind, event.begin.hour, event.messages, event.is_over) == ("silent", 8, 0, False)
    burst = sorted([*as_usual(10), *minutes(*np.linspace(600, 610, 200))])
    (event,) = events_of(examine(plan, pd.Series(burst), read_to(615)))
    assert (event.kind, event.begin.hour, event.messages) == ("busy", 10, 200)


def test_an_unread_stretch_is_no_silence(plan):
    gap = ReadIntervals.of(
        *((DAY.start + pd.Timedelta(hours=a), DAY.start + pd.Timedelta(hours=b)) for a, b in [(0, 8), (15, 16)])
    )
    sent_at = pd.concat([as_usual(8), spread(make_series(DAY, 1, usual).iloc[15:16])])
    today = examine(plan, sent_at, gap)
    assert today.events == ()
    assert today.table["messages"].isna().tolist() == [False] * 8 + [True] * 7 + [False] + [True] * 8


def test_the_hour_under_way_counts_with_what_is_left_of_it(plan):
    today = examine(plan, as_usual(10), read_to(10 * 60 + 45))
    assert (today.under_way["messages"], today.under_way["is_over"], today.under_way["hour"].hour) == (0, False, 10)
    rest = today.table["expected"]
    assert today.rest.expected == pytest.approx(today.so_far + rest[10] / 4 + rest[11:].sum())


def test_a_plan_survives_being_written_down(plan):
    stored = DayPlan.from_dict(json.loads(json.dumps(plan.to_dict(), allow_nan=False)))
    for each in (plan, stored):
        today = examine(each, as_usual(8), read_to(15 * 60))
        assert events_of(today)[0].begin.hour == 8
    assert stored.thresholds == plan.thresholds
    assert stored.midnight.mean.tolist() == plan.midnight.mean.tolist()


def test_a_model_plans_the_day_as_the_night_forecast_it():
    series = series_before()
    record = train_record(series, DAY.plus(-1).key, None, None).iloc[0]
    plan = make_plan(record, series, spread(series), DAY)
    assert plan.reason == ""
    assert len(plan.counts) == 24
    assert plan.midnight.mean[24:] == pytest.approx([usual(hour) for hour in DAY.hours], abs=3)


def test_a_day_that_is_not_stored_yet_leaves_the_plan_without_it():
    series = series_before(DAY.plus(-1))
    plan = make_plan(None, series, spread(series), DAY)
    assert len(plan.counts) == 0
    assert len(plan.midnight.mean) == 24
    assert plan.thresholds is not None


@pytest.mark.parametrize(("days", "has_forecast"), [(0, False), (5, True), (20, True)])
def test_a_young_chat_is_forecast_before_anything_of_it_is_unusual(days, has_forecast):
    series = series_before(days=days) if days else series_before(days=1, counts=lambda _hour: None)
    plan = make_plan(None, series, spread(series) if days else minutes(), DAY)
    assert (plan.midnight is not None) == has_forecast
    assert (plan.thresholds is not None) == (days == 20)
    assert plan.reason
    today = examine(plan, minutes(1, 2), read_to(120))
    assert today.so_far == 2


@pytest.mark.parametrize("key", ["2026-03-29", "2026-10-25"])
def test_days_of_clock_changes_have_their_own_hours(key):
    day = LocalDay.parse(key, "Europe/Berlin")
    series = series_before(day)
    plan = make_plan(None, series, spread(series), day)
    whole = ReadIntervals.of((day.start, day.end))
    today = examine(plan, spread(make_series(day, 1, usual)), whole)
    assert len(today.table) == len(day.hours)
    assert today.table["is_over"].all()
    assert today.rest.expected == today.so_far
    assert today.events == ()


BEGIN = pd.Timestamp("2026-03-27T10:00+01:00")


def event(begin, end, *, kind="busy", is_over=False, key="new"):
    at = [BEGIN + pd.Timedelta(hours=hours) for hours in (begin, end)]
    return KnownEvent(kind, *at, is_over, 100, 10.0, key)


def keys(known, found, read=None):
    at = BEGIN + pd.Timedelta(hours=50) if read is None else BEGIN + pd.Timedelta(hours=read)
    return [(each.key, each.is_over) for each in remember(known, found, at)]


def test_an_event_that_goes_on_keeps_its_key():
    assert keys([event(0, 1, key="old")], [event(0, 3)], 3) == [("old", False)]
    assert keys([event(0, 1, key="old")], [event(3, 4)], 4) == [("old", False)]


def test_an_event_apart_or_of_another_kind_is_another_one():
    assert keys([event(0, 1, key="old", is_over=True)], [event(4, 5)], 5) == [("old", True), ("new", False)]
    assert keys([event(0, 1, key="old", is_over=True)], [event(0, 1, kind="silent")], 5) == [("old", True), ("new", False)]


def test_an_event_that_is_not_found_again_is_over_once_hours_after_it_were_read():
    assert keys([event(0, 1, key="old")], [], 2) == [("old", False)]
    assert keys([event(0, 1, key="old")], [], 3) == [("old", True)]


def test_events_are_forgotten_after_two_days():
    assert keys([event(0, 1, key="old")], [], 60) == []


def test_an_event_survives_being_written_down():
    one = event(0, 1)
    assert KnownEvent.from_dict(json.loads(json.dumps(one.to_dict()))) == one
