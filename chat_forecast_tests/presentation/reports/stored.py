"""Chats as the pipeline stores them, made in a moment: for the pages that tell of them."""

import json

import numpy as np
import pandas as pd

from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS, score_day
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.settings.models import Chat, Check
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import TRAINED_MODEL

ZONE = "Europe/Berlin"
FIRST = LocalDay.parse("2026-03-01", ZONE)  # 2026-03-29 has 23 hours
FACTORS = {"median": 1.0, "smape_point": 1.0, "q01": 0.0, "q10": 0.3, "q25": 0.7, "q75": 1.4, "q90": 2.0, "q99": 3.0}


def make_chat(slug: str = "my-chat", **settings) -> Chat:
    return Chat(**{"slug": slug, "source": "export", "timezone": ZONE, "first_day": FIRST.date, **settings})


def usual(_day: int, hour: int) -> int:
    """Busy in the evening."""
    return round(6 + 5 * np.sin((hour - 9) / 24 * 2 * np.pi))


def store_series(storage: ChatStorage, days: int, counts=usual) -> None:
    """So many days from the first one; ``counts`` gives the messages of a day's hour, None where it was not read."""
    for number in range(days):
        day = FIRST.plus(number)
        messages = pd.array([counts(number, hour.hour) for hour in day.hours], dtype="Int64")
        storage.write("hourly_series", day, pd.DataFrame({"hour": day.hours, "messages": messages, "senders": messages}))


def store_forecasts(storage: ChatStorage, first: int, last: int, expected=lambda hour: usual(0, hour)) -> None:
    """The forecasts made at the end of the days with these numbers, each by the newest training before it."""
    trained = storage.days("trained_model")
    for day in FIRST.plus(first).until(FIRST.plus(last)):
        hours = day.plus(1).hours
        means = np.array([expected(hour.hour) for hour in hours], dtype=float)
        table = pd.DataFrame(
            {"hour": hours, "expected": means} | {name: np.floor(means * by) for name, by in FACTORS.items()}
        )
        through = [each for each in trained if each <= day] or [FIRST]
        made_by = {"forecaster": "prophet", "trained_through": through[-1].key}
        storage.write("next_day_forecast", day, table[list(FORECAST_COLUMNS)].assign(**made_by))


def store_scores(storage: ChatStorage, first: int, last: int) -> None:
    """The scores of the days with these numbers."""
    series = storage.frames("hourly_series", FIRST.plus(first - 29), FIRST.plus(last))
    before = []
    for day in FIRST.plus(first).until(FIRST.plus(last)):
        history = series[(series["hour"] < day.start) & (series["hour"] >= day.plus(-29).start)]
        actuals = series[(series["hour"] >= day.start) & (series["hour"] < day.end)].reset_index(drop=True)
        row = score_day(actuals, storage.frame("next_day_forecast", day.plus(-1)), forecast_baselines(history, day.hours))
        rows = pd.DataFrame([*before, row])[list(SCORE_COLUMNS)]
        storage.write("daily_score", day, rows.iloc[[-1]].assign(**evaluate_rule(rows, Check()).to_row()))
        before.append(row)


def store_training(storage: ChatStorage, number: int, forecaster: str = "prophet", reason: str | None = None) -> None:
    """A training through the day with this number, for a reason or by hand."""
    comparison = [
        {"forecaster": forecaster, "is_chosen": True, "days": 28, "pinball": 1.234, "note": "chosen"},
        {"forecaster": "same_hour", "is_chosen": False, "days": 28, "pinball": 1.5, "note": ""},
        {"forecaster": "other", "is_chosen": False, "days": None, "pinball": None, "note": "not tried"},
    ]
    record = {
        "trained_through": FIRST.plus(number).key,
        "forecaster": forecaster,
        "why": "the first choice",
        "comparison": json.dumps(comparison),
        "model": "{}",
        "first_hour": "2026-03-01T00:00:00+01:00",
        "last_hour": "2026-03-31T23:00:00+02:00",
        "hours_known": 24 * number,
        "reason": reason,
    }
    storage.write("trained_model", FIRST.plus(number), pd.DataFrame([record])[TRAINED_MODEL.arrow().names])


def store_whole_chat(storage: ChatStorage, days: int = 80, *, seed: int = 0) -> None:
    """A chat with everything: noise, an unusual hour on its last day, missing days, two trainings, scores."""
    rng = np.random.default_rng(seed)

    def counts(number: int, hour: int) -> int | None:
        if 20 <= number < 30 or number == 33 or (number == days - 1 and hour < 2):
            return None
        return 90 if (number, hour) == (days - 1, 12) else int(rng.poisson(usual(number, hour)))

    store_series(storage, days, counts)
    store_training(storage, days - 40, "same_hour", "2026-04-10 was read, and there was no forecast for it")
    store_training(storage, days - 12, reason="the model is 28 days old (limit: 14)")
    store_forecasts(storage, days - 40, days - 1)
    store_scores(storage, days - 40, days - 1)
