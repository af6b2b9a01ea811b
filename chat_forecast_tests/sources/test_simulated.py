import re
import subprocess
import sys
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MESSAGE_DTYPES, order_messages
from chat_forecast.sources.simulated import SimulatedSource

ZONE = "Europe/Moscow"  # no clock changes since 2014
FIRST = date(2020, 1, 1)
SEEDS = (0, 7, 2**32 - 1)


def days_from(first, number, zone=ZONE):
    day = LocalDay(first, zone)
    return list(day.until(day.plus(number - 1)))


def read(day, seed=7):
    (batch,) = SimulatedSource(seed, day.timezone).read_days([day])
    return batch


def hourly_counts(seed, first, number):
    """Messages by day and clock hour."""
    source, days = SimulatedSource(seed, ZONE), days_from(first, number)
    counts = [count_by_hour(batch, day)["messages"] for day, batch in zip(days, source.read_days(days), strict=True)]
    return np.array(counts, dtype=float)


def changes(seed, number):
    """The days, as numbers from FIRST, on which a regime begins."""
    source = SimulatedSource(seed, ZONE)
    regimes = [source.regime(day) for day in days_from(FIRST, number)]
    return [at for at, (before, after) in enumerate(pairwise(regimes), start=1) if before != after]


@pytest.fixture(scope="module")
def two_years():
    return hourly_counts(7, FIRST, 730)


def test_same_seed_and_day_give_the_same_messages():
    day = LocalDay(FIRST, ZONE)
    pd.testing.assert_frame_equal(read(day).messages, read(day).messages)


def test_another_process_makes_the_same_messages():
    code = (
        "from chat_forecast.domain.local_day import LocalDay\n"
        "from chat_forecast.sources.simulated import SimulatedSource\n"
        f"(reading,) = SimulatedSource(7, '{ZONE}').read_days([LocalDay.parse('2020-01-01', '{ZONE}')])\n"
        "print(reading.messages.to_csv(), end='')"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout == read(LocalDay(FIRST, ZONE)).messages.to_csv()


def test_other_seeds_and_other_days_give_other_messages():
    day = LocalDay(FIRST, ZONE)
    sizes = {tuple(count_by_hour(read(each, seed), each)["messages"]) for each in (day, day.plus(1)) for seed in SEEDS}
    assert len(sizes) == 6


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=6, unique=True), st.sampled_from(SEEDS))
@settings(max_examples=15, deadline=None)
def test_a_day_is_the_same_whichever_other_days_are_read(offsets, seed):
    days = [LocalDay(FIRST, ZONE).plus(offset) for offset in sorted(offsets)]
    together = SimulatedSource(seed, ZONE).read_days(days)
    for day, batch in zip(days, together, strict=True):
        alone = read(day, seed)
        pd.testing.assert_frame_equal(batch.messages, alone.messages)
        assert batch.read_intervals == alone.read_intervals


def test_messages_have_the_columns_and_order_of_every_source():
    messages = read(LocalDay(FIRST, ZONE)).messages
    assert {name: str(dtype) for name, dtype in messages.dtypes.items()} == MESSAGE_DTYPES
    pd.testing.assert_frame_equal(messages, order_messages(messages))


def test_ids_are_unique_and_grow_with_time():
    days = days_from(FIRST, 60)
    ids = np.concatenate([batch.messages["message_id"] for batch in SimulatedSource(7, ZONE).read_days(days)])
    assert (np.diff(ids) > 0).all()


def test_senders_are_pseudonyms_of_which_few_say_most():
    for seed in SEEDS:
        source = SimulatedSource(seed, ZONE)
        senders = pd.concat([batch.messages["sender"] for batch in source.read_days(days_from(FIRST, 90))])
        shares = senders.value_counts(normalize=True)
        assert all(re.fullmatch("[0-9a-f]{16}", sender) for sender in shares.index)
        assert 20 <= len(shares) <= 60
        assert shares.iloc[:5].sum() > 0.4


def test_days_are_of_believable_size(two_years):
    low, middle, high = np.quantile(two_years.sum(axis=1), [0.1, 0.5, 0.9])
    assert 30 < low < 60 < middle < 100 < high < 180


def test_weekends_are_quieter_than_working_days(two_years):
    weekday = np.array([day.date.weekday() for day in days_from(FIRST, 730)])
    totals = two_years.sum(axis=1)
    assert totals[weekday >= 5].mean() < 0.85 * totals[weekday < 5].mean()


def test_some_hours_are_quiet_and_some_are_busy(two_years):
    at = changes(7, 120)[0]
    regime = two_years[at : at + 19].sum(axis=0)
    assert np.sort(regime)[:6].sum() < 0.2 * np.sort(regime)[-6:].sum()


def test_counts_have_the_told_mean_and_are_overdispersed_around_it(two_years):
    source = SimulatedSource(7, ZONE)
    mean = np.array([source.expected(day) for day in days_from(FIRST, 730)])
    assert two_years.sum() == pytest.approx(mean.sum(), rel=0.03)
    dispersion = ((two_years - mean) ** 2).sum() / mean.sum()
    assert 2.5 < dispersion < 4.5  # 1 for Poisson


def test_messages_come_in_conversations():
    sent_at = read(LocalDay(FIRST, ZONE)).messages["sent_at"]
    pauses = sent_at.diff().dt.total_seconds().dropna()
    assert pauses.median() < 0.4 * pauses.mean()  # evenly random: ln 2 = 0.69


def test_level_moves_slowly_over_the_years():
    source = SimulatedSource(7, ZONE)
    days = days_from(FIRST, 6 * 365)
    level = [source.expected(day).sum() / source.regime(day).level for day in days]
    years = pd.Series(level).rolling(28).mean().dropna()
    assert years.max() > 1.35 * years.min()
    assert years.pct_change(28).abs().max() < 0.06


@pytest.mark.parametrize("seed", SEEDS)
def test_every_120_days_of_a_decade_hold_a_change_of_level_and_one_of_hours(seed):
    source = SimulatedSource(seed, ZONE)
    regimes = [source.regime(day) for day in days_from(FIRST, 3653)]
    level = np.array([regime.level for regime in regimes])
    shift = np.array([regime.shift for regime in regimes])
    factor = np.maximum(level[1:] / level[:-1], level[:-1] / level[1:])
    is_level, is_shift = factor != 1, np.diff(shift) != 0
    assert factor[is_level] == pytest.approx(2.2)
    assert (np.abs(np.diff(shift)[is_shift]) >= 4.5).all()
    for changed in (is_level, is_shift):
        assert all(changed[begin : begin + 119].any() for begin in range(len(changed) - 118))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regime_lasts_for_weeks(seed):
    lengths = np.diff(changes(seed, 3653))
    assert lengths.min() >= 19
    assert lengths.max() <= 37


def test_a_model_from_before_a_change_is_worse_than_the_simple_mean_after_it(two_years):
    """The score check's own comparison: RMSE over 7 days against the mean of the same hour over 28 days."""
    for change in (at for at in changes(7, 700) if at >= 28):
        after = range(change + 7, change + 14)
        old = two_years[change - 28 : change].mean(axis=0)
        simple = np.array([two_years[day - 28 : day].mean(axis=0) for day in after])
        actuals = two_years[after.start : after.stop]
        assert ((actuals - old) ** 2).mean() > 1.05 * ((actuals - simple) ** 2).mean(), change


def test_a_model_that_follows_the_level_is_still_worse_after_the_hours_changed(two_years):
    source, first = SimulatedSource(7, ZONE), LocalDay(FIRST, ZONE)
    moved = [at for at in changes(7, 700) if source.regime(first.plus(at)).shift != source.regime(first.plus(at - 1)).shift]
    for change in (at for at in moved if at >= 28):
        after = range(change + 7, change + 14)
        actuals = two_years[after.start : after.stop]
        old = two_years[change - 28 : change].mean(axis=0)
        old *= actuals.sum(axis=1).mean() / old.sum()
        simple = np.array([two_years[day - 28 : day].mean(axis=0) for day in after])
        assert ((actuals - old) ** 2).mean() > 1.05 * ((actuals - simple) ** 2).mean(), change


@pytest.mark.parametrize(
    ("key", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-10-04", "Australia/Lord_Howe", 23.5),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2026-07-01", "Asia/Kolkata", 24),
        ("2018-11-04", "America/Sao_Paulo", 23),  # midnight itself is skipped
    ],
)
def test_days_of_clock_changes_are_whole(key, zone, hours):
    day = LocalDay.parse(key, zone)
    batch = read(day)
    assert batch.read_intervals.covers(day.start, day.end)
    assert batch.read_intervals.clip(day.start, day.end) == batch.read_intervals
    counts = count_by_hour(batch, day)  # refuses messages of other days
    assert counts["messages"].notna().all()
    assert counts["messages"].sum() == len(batch.messages) > 0
    usual = SimulatedSource(7, "UTC").expected(LocalDay.parse(key, "UTC"))
    expected = SimulatedSource(7, zone).expected(day)
    assert expected.sum() == pytest.approx(usual.sum() * hours / 24, rel=0.06)


def test_both_passages_of_the_repeated_hour_are_alike():
    day = LocalDay.parse("2026-10-25", "Europe/Berlin")
    expected = SimulatedSource(7, day.timezone).expected(day)
    assert expected[2] == expected[3]
    assert expected[3] != expected[4]


def test_hours_are_counted_in_local_time():
    day, source = LocalDay.parse("2026-07-01", "Asia/Tokyo"), SimulatedSource(7, "Asia/Tokyo")
    in_utc = SimulatedSource(7, "UTC").expected(LocalDay.parse("2026-07-01", "UTC"))
    assert source.expected(day) == pytest.approx(in_utc)


def test_no_days_give_no_readings():
    assert list(SimulatedSource(7, ZONE).read_days([])) == []
