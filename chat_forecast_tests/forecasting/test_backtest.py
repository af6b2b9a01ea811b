import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain import metrics
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import backtest
from chat_forecast.forecasting.backtest import PRODUCT, Settings, differences, forecast_origin, shared_hours, summarise
from chat_forecast.forecasting.benchmark_models import COMPETITORS, LAGS, predict_nearest_neighbour, predict_prophet_default
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import FIRST, make_chat

LAST = FIRST.plus(59)


@pytest.fixture(scope="module")
def chat():
    return make_chat(days=64)


@pytest.fixture(scope="module")
def rows(chat):
    tables = [forecast_origin(chat, LAST.plus(number), Settings()) for number in range(3)]
    return pd.concat(tables, ignore_index=True)


def test_every_forecaster_has_a_row_for_every_hour_of_every_origin(rows):
    assert tuple(rows.columns) == backtest.BACKTEST_COLUMNS
    assert rows.groupby(["origin", "forecaster"])["hour"].nunique().tolist() == [24] * 3 * 5
    assert set(rows["forecaster"]) == {PRODUCT, *COMPETITORS}
    assert (rows["origin"] <= rows["hour"].dt.tz_convert("UTC")).all()


def test_nothing_at_or_after_the_origin_is_used(chat, rows):
    later = chat["hour"] >= LAST.end
    blinded = chat.assign(messages=chat["messages"].mask(later, 999))
    again = forecast_origin(blinded, LAST, Settings())
    columns = ["origin", "hour", "forecaster", "expected", "median", "q01", "q99"]
    pd.testing.assert_frame_equal(again[columns], rows.iloc[: len(again)][columns])


def test_hours_never_read_are_not_counted(rows):
    shared = shared_hours(rows)
    unread = rows[rows["messages"].isna()]
    assert len(unread)
    assert not set(unread["hour"]) & set(shared["hour"])
    assert shared.groupby("forecaster").size().nunique() == 1


def test_a_summary_holds_what_the_metrics_say_of_the_shared_hours(chat, rows):
    summary = summarise(rows, chat[chat["hour"] < LAST.end]).set_index("forecaster")
    mine = shared_hours(rows)
    mine = mine[mine["forecaster"] == PRODUCT]
    assert summary.loc[PRODUCT, "rmse"] == metrics.rmse(mine["messages"], mine["expected"])
    assert summary.loc[PRODUCT, "smape"] == metrics.smape(mine["messages"], mine["smape_point"])
    assert summary.loc["seasonal_naive", "skill"] == 0
    assert summary.loc[PRODUCT, "skill"] > 0
    assert summary["hours"].nunique() == 1


def test_differences_come_with_an_interval_around_them(rows):
    table = differences(rows).set_index("forecaster")
    assert set(table.index) == set(COMPETITORS)
    for metric in ("rmse", "pinball"):
        assert (table[f"{metric}_low"] <= table[metric]).all()
        assert (table[metric] <= table[f"{metric}_high"]).all()
    assert table.loc["seasonal_naive", "rmse"] > 0


def slow_nearest_neighbour(counts, hours):
    """Look at every stretch of 168 hours, one after the other."""
    forecast = []
    for _ in range(hours):
        context = [*counts, *forecast][-LAGS:]
        distances = [
            sum((a - b) ** 2 for a, b in zip(counts[start : start + LAGS], context, strict=True))
            for start in range(len(counts) - LAGS)
        ]
        forecast.append(counts[int(np.argmin(distances)) + LAGS])
    return forecast


def test_the_nearest_neighbour_is_that_of_a_slow_search():
    chat = make_chat(days=16, missing=0)
    hours = LocalDay.parse("2025-11-17", "Europe/Moscow").hours
    table = predict_nearest_neighbour(chat, hours).table
    assert table["expected"].tolist() == slow_nearest_neighbour(chat["messages"].astype(float).tolist(), 24)


def test_prophet_with_its_defaults_is_repeatable_and_leaves_the_random_numbers_alone(chat):
    before = np.random.get_state()[1].tolist()
    first, second = (predict_prophet_default(chat, LAST.plus(5).hours) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, second.table)
    assert np.random.get_state()[1].tolist() == before
    assert first.at_most(np.full(24, 1e6)).tolist() == [1.0] * 24


def test_a_chat_too_young_for_a_competitor_has_no_forecast_of_it():
    rows = forecast_origin(make_chat(days=4), FIRST.plus(2), Settings())
    known = rows.groupby("forecaster")["expected"].apply(lambda column: column.notna().all())
    assert known[PRODUCT]
    assert not known["seasonal_naive"]
    assert not known["nearest_neighbour"]


def test_where_nothing_is_known_nothing_is_forecast():
    assert forecast_origin(make_series(FIRST, 5, lambda _: None), FIRST.plus(3), Settings()).empty
