"""Every step of the fallback chain: what a day is forecast from when less and less is known."""

import json
from pathlib import Path

import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS, load, make_forecast, train
from chat_forecast.forecasting.fallback_chain import MADE_COLUMNS
from chat_forecast_tests.forecasting.test_training import FIRST, after, make_chat

OLD_CHAT = Path(__file__).parents[1] / "samples" / "v0_1_0" / "old-chat"


def make_record(series):
    """What is stored of a training."""
    fitted = train(series).fitted
    through = series["hour"].iloc[-1].date().isoformat()
    return {"trained_through": through, "forecaster": fitted.name, "model": json.dumps(fitted.to_dict())}


@pytest.fixture(scope="module")
def chat():
    return make_chat(days=100, missing=0)


@pytest.fixture(scope="module")
def record(chat):
    return make_record(chat)


def hide(series, days, until=None):
    """Take away the last days of a series, as if they had never been read."""
    begin = after(series).plus(-days).start
    return series.assign(messages=series["messages"].mask(series["hour"] >= begin))


def test_with_everything_known_the_model_forecasts_and_nothing_needs_saying(chat, record):
    made = make_forecast(record, chat, after(chat).hours)
    assert (made.source, made.reason, made.missing_days, made.withheld) == ("model", "", 0, "")
    assert tuple(made.table.columns) == MADE_COLUMNS
    assert set(made.table["trained_through"]) == {record["trained_through"]}
    fitted = load(json.loads(record["model"]))
    pd.testing.assert_frame_equal(made.table[list(MADE_COLUMNS[:-2])], fitted.forecast(chat, after(chat).hours))


def test_a_stored_row_serves_as_the_record(chat, record):
    row = pd.DataFrame([record]).iloc[0]
    pd.testing.assert_frame_equal(
        make_forecast(row, chat, after(chat).hours).table, make_forecast(record, chat, after(chat).hours).table
    )


def test_missing_hours_of_yesterday_leave_the_model_in_charge(chat, record):
    partly = chat.assign(messages=chat["messages"].mask(chat.index >= len(chat) - 9))
    made = make_forecast(record, partly, after(chat).hours)
    assert (made.source, made.missing_days, made.withheld) == ("model", 0, "")


@pytest.mark.parametrize("days", [1, 3, 7, 14, 28])
def test_up_to_28_days_without_data_are_forecast_within_what_the_chat_does(chat, record, days):
    seen = hide(chat, days)
    made = make_forecast(record, seen, after(chat).hours)
    assert (made.source, made.missing_days, made.withheld) == ("model", days, "")
    totals = seen.groupby(seen["hour"].dt.date)["messages"].sum(min_count=24).dropna().tail(56)
    total = made.table["expected"].sum()
    assert totals.min() <= total <= totals.max()
    if days >= 7:
        assert totals.mean() / 1.5 <= total <= totals.mean() * 1.5


def test_after_28_days_without_data_there_is_no_forecast_and_the_reason_is_said(chat, record):
    made = make_forecast(record, hide(chat, 29), after(chat).hours)
    assert (made.source, made.reason, made.missing_days) == ("none", "the last known hour is 29 days old", 29)
    assert made.table.empty
    full = make_forecast(record, chat, after(chat).hours).table
    assert made.table.dtypes.to_dict() == full.dtypes.to_dict()
    longer_gone = chat[chat["hour"] < after(chat).plus(-HISTORY_DAYS).start]
    assert make_forecast(record, longer_gone, after(chat).hours).reason == "no hour of the series is known"


def test_data_that_come_back_are_forecast_from_the_same_night(chat, record):
    gone = hide(chat, 40)
    back = gone.assign(messages=gone["messages"].where(gone.index < len(gone) - 24, chat["messages"]))
    made = make_forecast(record, back, after(chat).hours)
    assert (made.source, made.missing_days) == ("model", 0)


def test_without_a_model_the_same_hour_of_28_days_serves_and_says_so(chat):
    made = make_forecast(None, chat, after(chat).hours)
    assert (made.source, made.reason) == ("same_hour", "there is no trained model yet")
    assert set(made.table["forecaster"]) == {"same_hour_28d"}
    assert made.table["trained_through"].isna().all()
    damaged = make_forecast(None, chat, after(chat).hours, no_model_because="trained_model/2026-02-08.parquet is damaged")
    assert damaged.reason == "trained_model/2026-02-08.parquet is damaged"


@pytest.mark.parametrize(
    "model",
    [
        "not JSON",
        "[]",
        "null",
        '{"name": "oracle"}',
        '{"name": "average", "curves": [], "layer": {}, "least": 0.1, "effect": {}}',
        '{"name": "level_profile", "curves": {"level_profile": {"table": [1, 2]}}, "layer": {}, "least": 0.1, "effect": {}}',
        '{"name": "level_profile", "curves": {"level_profile": {"table": null}}, "layer": {}, "least": 0.1, "effect": {}}',
        '{"name": "average", "curves": {}, "layer": {}, "least": "much", "effect": {}}',
        None,
    ],
)
def test_a_model_that_cannot_be_used_is_named_and_replaced(chat, model):
    record = {"trained_through": "2026-02-08", "forecaster": "average", "model": model}
    made = make_forecast(record, chat, after(chat).hours)
    assert made.source == "same_hour"
    assert made.reason.startswith("the model trained through 2026-02-08 cannot be used (")
    assert made.withheld == ""


def test_an_insane_model_is_kept_for_diagnosis_and_withheld(chat, record):
    stored = json.loads(record["model"])
    stored["layer"]["a"] = 6.0
    made = make_forecast(record | {"model": json.dumps(stored)}, chat, after(chat).hours)
    assert (made.source, len(made.table)) == ("model", 24)
    assert made.withheld.startswith("withheld: ")
    assert "are expected, the busiest of the last 56 known days had" in made.withheld


@pytest.mark.parametrize("key", ["a", "c"])
def test_a_model_of_numbers_that_are_not_finite_is_replaced_or_withheld(chat, record, key):
    stored = json.loads(record["model"])
    stored["layer"][key] = float("nan")
    made = make_forecast(record | {"model": json.dumps(stored)}, chat, after(chat).hours)
    assert made.withheld or made.source == "same_hour"


def test_with_nothing_ever_known_there_is_no_forecast():
    unread = make_chat(days=3, missing=1.1)
    made = make_forecast(None, unread, after(unread).hours)
    assert (made.source, made.reason, made.missing_days) == ("none", "no hour of the series is known", None)


def test_one_known_day_is_forecast_without_a_model():
    made = make_forecast(None, make_chat(days=1, missing=0), FIRST.plus(1).hours)
    assert (made.source, len(made.table), made.withheld) == ("same_hour", 24, "")


def test_a_model_stored_by_version_0_1_0_forecasts_what_its_chat_does():
    file = next(iter(sorted((OLD_CHAT / "trained_model").glob("*.parquet"))[-1:]))
    record = pd.read_parquet(file).iloc[0]
    series = pd.concat([pd.read_parquet(path) for path in sorted((OLD_CHAT / "hourly_series").glob("*.parquet"))])
    day = LocalDay.containing(series["hour"].iloc[-1].to_pydatetime(), str(series["hour"].dt.tz)).plus(1)
    made = make_forecast(record, series.reset_index(drop=True), day.hours)
    assert (made.source, made.withheld) == ("model", "")
    assert made.table["expected"].sum() <= 2 * series.groupby(series["hour"].dt.date)["messages"].sum().max()
