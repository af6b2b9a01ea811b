"""A chat as the pipeline stores it, a day or a training at a time, in a moment."""

import json

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS
from chat_forecast.domain.scoring import SCORE_COLUMNS, score_day
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast.settings.models import Chat
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast_tests.factories import make_forecast, make_series

ZONE = "Europe/Berlin"
FIRST = LocalDay.parse("2026-03-20", ZONE)  # 2026-03-29 has 23 hours
VERDICT = {
    "verdict_passed": False,
    "verdict_rule": "relative",
    "verdict_reason": "RMSE 4.1 over 7 days is above 3.8",
    "verdict_figures": "{}",
}


def make_chat(slug: str, source: str = "export") -> Chat:
    return Chat(slug=slug, source=source, timezone=ZONE, first_day=FIRST.date)


def make_storage(folder, chat: Chat) -> ChatStorage:
    return ChatStorage(str(folder / "home"), chat.slug, chat.timezone, Locks(folder / "locks"))


def make_store(tracking) -> None:
    """Make MLflow's SQLite store, which takes seconds."""
    with tracking.open("make its store"):
        pass


def store_scored_day(storage, day, *, messages=3, expected=4.0, trained_through="2026-03-20", verdict=VERDICT) -> dict:
    """Store a day's series, the forecast that was made for it, and its score, which is returned."""
    counts = messages if callable(messages) else lambda _hour: messages
    series = make_series(day, 1, counts)
    forecast = make_forecast(day, expected).assign(trained_through=trained_through)
    history = make_series(day.plus(-29), 29, lambda hour: hour.hour)
    score = score_day(series, forecast, forecast_baselines(history, day.hours))
    storage.write("hourly_series", day, series)
    storage.write("next_day_forecast", day.plus(-1), forecast)
    store_score(storage, day, {**score, **verdict})
    return score


def store_score(storage, day, row) -> None:
    storage.write("daily_score", day, pd.DataFrame([row])[[*SCORE_COLUMNS, *VERDICT_COLUMNS]])


def store_unscored_day(storage, day) -> None:
    """Store a day for which no forecast was made."""
    row = score_day(make_series(day, 1), None, forecast_baselines(make_series(day.plus(-1), 1), day.hours))
    store_score(storage, day, row | dict.fromkeys(VERDICT_COLUMNS))


def store_training(storage, day, *, counts=lambda hour: hour.hour + hour.day, reason="RMSE 4.1 is above 3.8") -> dict:
    """Store the model trained through a day on the 28 days before, and these days; returns the model's JSON values."""
    series = make_series(day.plus(-27), 28, counts)
    model = fit_same_hour(series).to_dict()
    comparison = [
        {"forecaster": "same_hour", "is_chosen": True, "days": 28, "pinball": 1.25, "rmse": None, "note": "chosen"},
        {"forecaster": "prophet", "is_chosen": False, "days": 28, "pinball": 1.5, "rmse": None, "note": ""},
    ]
    record = {
        "trained_through": day.key,
        "forecaster": "same_hour",
        "why": "its error was the least",
        "comparison": json.dumps(comparison),
        "model": json.dumps(model),
        "first_hour": series["hour"].iloc[0].isoformat(),
        "last_hour": series["hour"].iloc[-1].isoformat(),
        "hours_known": int(series["messages"].notna().sum()),
        "reason": reason,
    }
    for each in day.plus(-27).until(day):
        is_day = (series["hour"] >= each.start) & (series["hour"] < each.end)
        if not storage.has("hourly_series", each):
            storage.write("hourly_series", each, series[is_day].reset_index(drop=True))
    storage.write("trained_model", day, pd.DataFrame([record]))
    return model


def store_no_training(storage, day) -> None:
    """Store that nothing was known to train on."""
    store_training(storage, day)
    storage.write("trained_model", day, storage.frame("trained_model", day).iloc[:0])
