"""What the page says about a chat, in numbers.

Belongs here: reading what is stored, and reducing it to what is shown: the newest days (:mod:`.newest_days`), the history
(:mod:`.history`), the trainings (:mod:`.trainings`).
Does not belong here: phrases, charts, the page.
"""

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from chat_forecast.domain.changes import Change, changes_to_report
from chat_forecast.domain.forecast_limits import missing_days_before
from chat_forecast.domain.scoring import SCORE_COLUMNS
from chat_forecast.presentation.reports.facts.history import DayRange, busiest_days, daily, day_ranges, heat_map
from chat_forecast.presentation.reports.facts.newest_days import Tomorrow, Yesterday, newest_forecast, read_yesterday
from chat_forecast.presentation.reports.facts.trainings import COMPARED_DAYS, TrainingNote, read_trainings
from chat_forecast.presentation.week import Week, gather_week
from chat_forecast.settings.models import Chat
from chat_forecast.storage.day_cache import cached_frames
from chat_forecast.storage.partitions import ChatStorage

MONTH_DAYS = 30
TRAININGS = 12
"""The newest trainings are listed; of the others only their number is given."""


@dataclass(frozen=True)
class Facts:
    """All that the page says about a chat."""

    chat: Chat
    days: pd.DataFrame
    """One row a local day from the first one read to the last one stored: ``day`` (a date), ``messages`` (NA where no hour
    was read), ``hours_missing``."""
    tomorrow: Tomorrow | None = None
    week: Week | None = None
    """The seven days from the day forecast on; None where there is no forecast."""
    days_unknown: int | None = None
    """Whole days without a known hour at the end of what is stored; None where nothing is known."""
    yesterday: Yesterday | None = None
    scores: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SCORE_COLUMNS)))
    """Of the last 30 days, those that could be scored."""
    heat: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``weekday`` (0 is Monday), ``hour``, ``mean`` messages over the last weeks."""
    trainings: tuple[TrainingNote, ...] = ()
    """The newest ones, newest first."""
    earlier_trainings: int = 0
    first_training: date | None = None
    changes: tuple[Change, ...] = ()
    """Of the chat itself, over the last 200 days, in the order in which they were found."""

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
    """Read what the page says; a chat of which nothing is stored gives facts without days.

    Raises:
        StoredFileError: a stored file is damaged.
    """
    stored = storage.days("hourly_series")
    if not stored:
        return Facts(chat, daily(pd.DataFrame({"hour": pd.DatetimeIndex([], tz=chat.timezone), "messages": []})))
    last = stored[-1]
    month = last.plus(1 - MONTH_DAYS)
    series = cached_frames(storage, "hourly_series", stored[0], last)
    yesterday = read_yesterday(storage, series, last)
    trained = storage.trained_days()
    listed = trained[-TRAININGS:]
    scores = cached_frames(storage, "daily_score", min([month, *(day.plus(-COMPARED_DAYS) for day in listed[:1])]), last)
    if yesterday.is_score_computed:
        newest = pd.DataFrame([yesterday.score]).reindex(columns=scores.columns).astype(scores.dtypes)
        scores = pd.concat([scores, newest], ignore_index=True) if len(scores) else newest
    tomorrow = newest_forecast(storage)
    is_scored = scores["hours_scored"].fillna(0) > 0
    return Facts(
        chat,
        daily(series),
        tomorrow=tomorrow,
        week=None if tomorrow is None or tomorrow.withheld else gather_week(chat, storage, tomorrow.day.plus(-1), series),
        days_unknown=missing_days_before(series, last.plus(1)),
        yesterday=yesterday,
        scores=scores[is_scored & (scores["day"] >= month.key)].reset_index(drop=True),
        heat=heat_map(series, last),
        trainings=tuple(read_trainings(storage, trained, TRAININGS, scores)),
        earlier_trainings=len(trained) - len(listed),
        first_training=trained[0].date if trained else None,
        changes=tuple(changes_to_report(series, last.date)),
    )
