"""The plot of any stored day of any asset, drawn from what is stored when somebody looks.

Belongs here: reading what a plot shows, and its title.
Does not belong here: how it is drawn (the other modules of this package), or serving it
(:mod:`chat_forecast.app.report_server`).
"""

import json

import pandas as pd

from chat_forecast.domain.hourly_series import count_by_hour, fill_unstored
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.forecasting import HISTORY_DAYS, load
from chat_forecast.plain_text import counted
from chat_forecast.presentation import phrases, plots
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

COMING_DAYS = 7
"""What a model holds of week and day shows in its forecast of a week."""


def draw_stored_day(chat: Chat, storage: ChatStorage, asset: str, day: LocalDay, *, beside: bool = False) -> bytes | None:
    """Draw a stored day of an asset as a PNG; None where it is not stored, or there is nothing to draw of it.

    A score can be drawn by a process ``beside`` this one, which saves it the libraries for that.

    Raises:
        StoredFileError: something that the plot shows is damaged.
    """
    if not storage.has(asset, day):
        return None
    if asset in ("raw_messages", "merged_history"):
        return _draw_messages(chat, storage, asset, day)
    if asset == "daily_score":
        return _draw_score(chat, storage, day, beside=beside)
    draw = {
        "hourly_series": _draw_series,
        "trained_model": _draw_model,
        "next_day_forecast": _draw_forecast,
    }[asset]
    return draw(chat, storage, day)


def _draw_messages(chat: Chat, storage: ChatStorage, asset: str, day: LocalDay) -> bytes:
    counts = count_by_hour(storage.messages(asset, day), day)
    hours = pd.DataFrame(
        {
            "hour": counts["hour"],
            "known": counts["messages"].fillna(0),
            "new": 0,
            "is_read": counts["messages"].notna(),
        }
    )
    what = "messages read" if asset == "raw_messages" else "messages stored"
    phrase = f"{phrases.count_messages(int(counts['messages'].sum()))} in the hours that were read from end to end."
    return plots.draw_reading(hours, _title(chat, day, what), phrase)


def _draw_series(chat: Chat, storage: ChatStorage, day: LocalDay) -> bytes:
    known = storage.frames("hourly_series", day.plus(1 - plots.RHYTHM_DAYS), day)
    first = LocalDay(known["hour"].iloc[0].date(), chat.timezone)
    counts = known[known["hour"] >= day.start]
    missing = int(counts["messages"].isna().sum())
    phrase = phrases.count_messages(int(counts["messages"].sum())) + (
        f"; {counted(missing, 'hours')} not read." if missing else "."
    )
    return plots.draw_series(fill_unstored(known, first, day), _title(chat, day, "hourly series"), phrase)


def _draw_model(chat: Chat, storage: ChatStorage, day: LocalDay) -> bytes | None:
    records = storage.frames("trained_model", day, day)
    if records.empty:
        return None
    record = records.iloc[0]
    (series,) = storage.series_before([day], days=max(HISTORY_DAYS, chat.training.days))
    hours = [hour for number in range(1, COMING_DAYS + 1) for hour in day.plus(number).hours]
    coming = pd.DatetimeIndex(hours, name="hour").as_unit("us")
    week = load(json.loads(record["model"])).forecast(series, coming)
    comparison = pd.DataFrame(json.loads(record["comparison"]))
    return plots.draw_model(comparison, series, week, _title(chat, day, "trained model"), str(record["why"]))


def _draw_forecast(chat: Chat, storage: ChatStorage, made: LocalDay) -> bytes | None:
    table, day = storage.frames("next_day_forecast", made, made), made.plus(1)
    if table.empty:
        return None
    last_week = storage.frames("hourly_series", day.plus(-7), day.plus(-7))
    return plots.draw_forecast(table, last_week, _title(chat, day, "forecast"), phrases.forecast_in_words(table, last_week))


def _draw_score(chat: Chat, storage: ChatStorage, day: LocalDay, *, beside: bool) -> bytes | None:
    score = storage.frames("daily_score", day, day).iloc[0]
    forecast, actuals = storage.frame("next_day_forecast", day.plus(-1)), storage.frame("hourly_series", day)
    if forecast is None or actuals is None or not score["hours_scored"]:
        return None
    unusual = phrases.unusual_hours(unusual_hours(actuals, forecast))
    recent = storage.frames("daily_score", day.plus(1 - plots.SKILL_DAYS), day)
    known = {str(name): None if pd.isna(value) else value for name, value in score.items()}
    title, caption = _title(chat, day, "forecast and actual"), phrases.score_in_words(known, unusual)
    return plots.draw_score(forecast, actuals, _skills(recent), title, caption, beside=beside)


def _skills(scores: pd.DataFrame) -> "pd.Series[float]":
    """The skill of each day from the first one scored to the last, by date; NaN where there is none."""
    known = pd.Series(scores["skill"].to_numpy(), index=pd.to_datetime(scores["day"]), dtype=float)
    days = pd.date_range(known.index[0], known.index[-1])
    return known.reindex(days).set_axis(days.date)


def _title(chat: Chat, day: LocalDay, what: str) -> str:
    return phrases.title(chat.slug, day, what, is_simulated=chat.source == "simulated")
