"""What the page says about a chat, in numbers.

Belongs here: reading what is stored, and reducing it to what is shown.
Does not belong here: words, charts, the page.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS, pooled_skill, score_day, unusual_hours
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

MONTH_DAYS = 30
HEAT_WEEKS = 12
BUSIEST_DAYS = 10
USUAL_WEEKS = 8
TRAININGS = 12
"""The newest trainings, which are listed; of the others only the number is told."""
COMPARED_DAYS = 7
"""So many days before and after a training show what it brought."""
SCORING_DAYS = 28
"""How much of the series a score looks back at."""

DayRange = tuple[date, date]


@dataclass(frozen=True)
class Tomorrow:
    """The newest forecast there is."""

    day: LocalDay
    hours: pd.DataFrame
    """The forecast's columns, and ``week_before``: the messages 168 hours before (NA where not read)."""
    week_before: int | None
    """The messages of that whole day, if every hour of it was read."""

    @property
    def expected(self) -> float:
        """Messages in all."""
        return float(self.hours["expected"].sum())


@dataclass(frozen=True)
class Yesterday:
    """The newest day that was to be read, beside the forecast made for it."""

    day: LocalDay
    hours: pd.DataFrame
    """``hour``, ``messages`` and, if there was a forecast, its columns."""
    has_forecast: bool
    score: "pd.Series[float]"
    unusual: pd.DataFrame

    @property
    def is_read(self) -> bool:
        """Whether any hour of it was read."""
        return bool(self.hours["messages"].notna().any())


@dataclass(frozen=True)
class TrainingNote:
    """One training of the model: when, why, what changed, what it brought."""

    through: date
    method: str
    method_before: str | None
    hours_known: int
    candidates: tuple[tuple[str, float], ...]
    """The methods compared, with their pinball loss, the chosen one first."""
    is_first: bool
    has_no_forecast: bool
    rmse: float | None
    simple_rmse: float | None
    """Given when the forecasts were worse than the simple mean."""
    age_days: int | None
    """Given when the model was too old."""
    smape: float | None
    """Given when it was above its threshold."""
    skill_before: float | None
    skill_after: float | None
    days_after: int


@dataclass(frozen=True)
class Facts:
    """All that the page says about a chat."""

    chat: Chat
    days: pd.DataFrame
    """One row a local day from the first one read to the last one stored: ``day`` (a date), ``messages`` (NA where no hour
    was read), ``hours_missing``."""
    tomorrow: Tomorrow | None = None
    yesterday: Yesterday | None = None
    scores: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SCORE_COLUMNS)))
    """Of the last 30 days, those that could be scored."""
    heat: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``weekday`` (0 is Monday), ``hour``, ``mean`` messages over the last weeks."""
    trainings: tuple[TrainingNote, ...] = ()
    """The newest ones, newest first."""
    earlier_trainings: int = 0
    first_training: date | None = None

    @property
    def last_day(self) -> date | None:
        """The newest day stored."""
        return None if self.days.empty else self.days["day"].iloc[-1]

    @property
    def messages(self) -> int:
        """Messages in all."""
        return int(self.days["messages"].sum())

    @property
    def read(self) -> pd.DataFrame:
        """The days of which at least one hour was read."""
        return self.days[self.days["messages"].notna()]

    @property
    def has_history(self) -> bool:
        """Whether there is enough to draw."""
        return len(self.read) >= 2 and self.messages > 0

    @property
    def has_week(self) -> bool:
        """Whether there are messages, and every weekday has been read."""
        return len(self.heat) > 0 and self.heat["mean"].max() > 0 and self.heat["weekday"].nunique() == 7

    @property
    def missing(self) -> list[DayRange]:
        """Ranges of days of which no hour was read, oldest first."""
        return day_ranges(self.days.loc[self.days["messages"].isna(), "day"].tolist())

    @property
    def busiest(self) -> pd.DataFrame:
        """The days with the most messages: ``day``, ``messages``, ``usual`` (the median of its weekday around it)."""
        return busiest_days(self.days)


def gather(chat: Chat, storage: ChatStorage) -> Facts:
    """Read what the page says; a chat of which nothing is stored gives facts without days."""
    stored = storage.days("hourly_series")
    if not stored:
        return Facts(chat, daily(pd.DataFrame({"hour": pd.DatetimeIndex([], tz=chat.timezone), "messages": []})))
    last = stored[-1]
    series = storage.frames("hourly_series", stored[0], last)
    yesterday = _yesterday(storage, series, last)
    trained = storage.trained_days()
    listed = trained[-TRAININGS:]
    since = min([last.plus(1 - MONTH_DAYS), *(day.plus(-chat.check.window_days - COMPARED_DAYS) for day in listed[:1])])
    scores = _scores(storage, since, yesterday)
    is_of_month = pd.to_datetime(scores["day"]).dt.date >= last.plus(1 - MONTH_DAYS).date
    is_scored = scores["hours_scored"].fillna(0) > 0
    return Facts(
        chat,
        daily(series),
        tomorrow=newest_forecast(storage),
        yesterday=yesterday,
        scores=scores[is_of_month & is_scored].reset_index(drop=True),
        heat=heat_map(series, last),
        trainings=tuple(_trainings(chat, storage, trained, scores)),
        earlier_trainings=len(trained) - len(listed),
        first_training=trained[0].date if trained else None,
    )


def daily(series: pd.DataFrame) -> pd.DataFrame:
    """Sum a series by local day: ``day``, ``messages`` (NA where no hour is known), ``hours_missing``.

    Days that the series leaves out between its first and its last are there too, as missing ones.
    """
    day = pd.DatetimeIndex(series["hour"]).tz_localize(None).normalize()
    grouped = series["messages"].astype("Int64").groupby(day.to_numpy())
    table = pd.DataFrame(
        {"messages": grouped.sum(min_count=1), "hours_missing": grouped.apply(lambda hours: hours.isna().sum())}
    )
    if len(table):
        table = table.reindex(pd.date_range(table.index[0], table.index[-1]))
    table["hours_missing"] = table["hours_missing"].fillna(24).astype(int)
    table.insert(0, "day", pd.DatetimeIndex(table.index).date)
    return table.reset_index(drop=True)


def day_ranges(days: Sequence[date]) -> list[DayRange]:
    """Join ascending days that follow one another.

    >>> day_ranges([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)])
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)), (datetime.date(2026, 1, 5), datetime.date(2026, 1, 5))]
    """
    ranges: list[DayRange] = []
    for day in days:
        if ranges and (day - ranges[-1][1]).days == 1:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def busiest_days(days: pd.DataFrame) -> pd.DataFrame:
    """Find the days with the most messages, the busiest first, each beside what is usual for its weekday.

    Usual is the median of the same weekday up to eight weeks before and after, without the day itself; NaN where none of
    these days was read.
    """
    counts = days.set_index(pd.DatetimeIndex(pd.to_datetime(days["day"])))["messages"].astype("Float64").astype(float)
    top = counts[counts > 0].sort_values(ascending=False, kind="stable").head(BUSIEST_DAYS)
    weeks = [number for number in range(-USUAL_WEEKS, USUAL_WEEKS + 1) if number]
    around = [counts.reindex([day + pd.Timedelta(weeks=number) for number in weeks]).dropna() for day in top.index]
    usual = [float(values.median()) if len(values) else math.nan for values in around]
    return pd.DataFrame({"day": pd.DatetimeIndex(top.index).date, "messages": top.astype(int).to_numpy(), "usual": usual})


def heat_map(series: pd.DataFrame, last: LocalDay) -> pd.DataFrame:
    """Mean messages for each weekday (0 is Monday) and clock hour over the last weeks; hours never read are left out."""
    recent = series[series["hour"] >= last.plus(1 - 7 * HEAT_WEEKS).start].dropna(subset="messages")
    hour = recent["hour"].dt
    grouped = recent["messages"].astype(float).groupby([hour.day_of_week.rename("weekday"), hour.hour.rename("hour")])
    return grouped.mean().rename("mean").reset_index()


def pooled_coverage(scores: pd.DataFrame) -> float | None:
    """The share of the hours of several days inside their 80 % interval; None where no hour was scored."""
    hours = scores["hours_scored"].astype(float)
    return float((scores["coverage_80"].astype(float) * hours).sum() / hours.sum()) if hours.sum() else None


def newest_forecast(storage: ChatStorage) -> Tomorrow | None:
    """The newest forecast, if it is not empty, with what is known of the week before it."""
    made = storage.days("next_day_forecast")
    forecast = storage.frame("next_day_forecast", made[-1]) if made else None
    if forecast is None or forecast.empty:
        return None
    day = made[-1].plus(1)
    # A day to either side: 168 hours before is another clock hour where a clock change lies between.
    series = storage.frames("hourly_series", day.plus(-8), day.plus(-6))
    known = series.set_index("hour")["messages"]
    before = known.reindex(pd.DatetimeIndex(forecast["hour"]) - pd.Timedelta(hours=168))
    week_before = day.plus(-7)
    whole = series.loc[(series["hour"] >= week_before.start) & (series["hour"] < week_before.end), "messages"]
    return Tomorrow(
        day,
        forecast.assign(week_before=before.to_numpy()),
        week_before=int(whole.sum()) if len(whole) and whole.notna().all() else None,
    )


def _yesterday(storage: ChatStorage, series: pd.DataFrame, day: LocalDay) -> Yesterday:
    actuals = series[series["hour"] >= day.start].reset_index(drop=True)
    forecast = storage.frame("next_day_forecast", day.plus(-1))
    has_forecast = forecast is not None and not forecast.empty
    history = series[(series["hour"] < day.start) & (series["hour"] >= day.plus(-SCORING_DAYS - 1).start)]
    return Yesterday(
        day,
        actuals.merge(forecast, on="hour", how="left") if has_forecast and forecast is not None else actuals,
        has_forecast,
        pd.Series(score_day(actuals, forecast, forecast_baselines(history, pd.DatetimeIndex(actuals["hour"])))),
        unusual_hours(actuals, forecast),
    )


def _scores(storage: ChatStorage, since: LocalDay, yesterday: Yesterday) -> pd.DataFrame:
    """The stored scores, and yesterday's own where it is not stored yet."""
    stored = storage.frames("daily_score", since, yesterday.day)
    if len(stored) and stored["day"].iloc[-1] == yesterday.day.key:
        return stored
    newest = pd.DataFrame([yesterday.score])[list(SCORE_COLUMNS)].convert_dtypes()
    return pd.concat([stored, newest], ignore_index=True) if len(stored) else newest


def _trainings(chat: Chat, storage: ChatStorage, trained: Sequence[LocalDay], scores: pd.DataFrame) -> list[TrainingNote]:
    """The newest trainings, newest first."""
    listed = trained[-TRAININGS:]
    if not listed:
        return []
    first = trained[-TRAININGS - 1] if len(trained) > TRAININGS else listed[0]
    records = storage.frames("trained_model", first, listed[-1]).to_dict("records")
    befores = [None, *records][: len(records)] if first == listed[0] else [None, *records[:-1]]
    notes = [
        _training(chat, {str(name): value for name, value in record.items()}, before, scores, is_first=before is None)
        for record, before in zip(records, befores, strict=True)
    ]
    return notes[::-1][: len(listed)]


def _training(
    chat: Chat,
    record: dict[str, object],
    before: "dict[object, object] | None",
    scores: pd.DataFrame,
    *,
    is_first: bool,
) -> TrainingNote:
    through = date.fromisoformat(str(record["trained_through"]))
    days = pd.to_datetime(scores["day"])
    at = pd.Timestamp(through)
    span = pd.Timedelta(days=COMPARED_DAYS)
    earlier, later = scores[(days > at - span) & (days <= at)], scores[(days > at) & (days <= at + span)]
    judged = scores[(days > at - pd.Timedelta(days=chat.check.window_days)) & (days <= at)]
    has_score = len(judged) > 0 and judged["day"].iloc[-1] == through.isoformat()
    verdict = evaluate_rule(judged, chat.check) if has_score else None
    figures = verdict.figures if verdict else {}
    is_failed = verdict is not None and not verdict.passed
    rmse, simple, age = figures.get("rmse"), figures.get("same_hour_rmse"), figures.get("model_age_days")
    is_worse = is_failed and rmse is not None and simple is not None and rmse > simple
    is_old = is_failed and age is not None and age >= chat.check.max_model_age_days
    return TrainingNote(
        through=through,
        method=str(record["forecaster"]),
        method_before=None if before is None else str(before["forecaster"]),
        hours_known=int(str(record["hours_known"])),
        candidates=_candidates(str(record["comparison"])),
        is_first=is_first,
        has_no_forecast=is_failed and not judged["hours_scored"].iloc[-1],
        rmse=float(rmse) if is_worse and rmse is not None else None,
        simple_rmse=float(simple) if is_worse and simple is not None else None,
        age_days=int(age) if is_old and age is not None else None,
        smape=float(figures["smape"]) if is_failed and "smape" in figures else None,
        skill_before=pooled_skill(earlier),
        skill_after=pooled_skill(later),
        days_after=int((later["hours_scored"].fillna(0) > 0).sum()),
    )


def _candidates(comparison: str) -> tuple[tuple[str, float], ...]:
    """The compared methods whose pinball loss is known, the chosen one first."""
    rows = [row for row in json.loads(comparison) if row.get("pinball") is not None]
    rows.sort(key=lambda row: (not row.get("is_chosen"), row["pinball"]))
    return tuple((str(row["forecaster"]), float(row["pinball"])) for row in rows)


def quietest_hours(expected: Sequence[float], width: int = 4) -> int:
    """Where the ``width`` consecutive hours begin that have the least expected of all.

    >>> quietest_hours([5, 1, 0, 0, 1, 7])
    1
    """
    sums = np.convolve(np.asarray(expected, dtype=float), np.ones(width), mode="valid")
    return int(np.round(sums, 9).argmin())
