"""What is worth telling people about a chat's newest day, and the words of it.

Belongs here: which state of a chat is news, its cause, and all texts of messages.
Does not belong here: finding the state, what was told already, or sending (:mod:`chat_forecast.presentation.notifications`).

No message names a sender or quotes a text; none is kept.
"""

from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import pooled_skill
from chat_forecast.presentation.phrases import (
    forecast_in_words,
    join,
    name_chat,
    score_in_words,
    unusual_in_words,
)

UNUSUAL_HOURS = 3
"""So many hours outside the 98 % band are a pattern: by chance, three come in one day of 75."""
FAR_ABOVE = 3.0
FAR_MESSAGES = 20
"""A single hour is told when it has three times the band's upper end and so many messages more."""
WEEK_DAYS = 7
SCORED_DAYS = 5
"""Of a week, which say something about its skill."""
LOOKBACK_DAYS = 60
"""How far back the beginning of something that lasts is looked for."""


@dataclass(frozen=True)
class Notice:
    """One thing to tell."""

    cause: str
    """The same for the same thing, whenever it is looked at: each is told once."""
    title: str
    body: str
    picture: bytes | None = None


@dataclass(frozen=True)
class DayState:
    """What is known of a chat after its newest day: the last days of its stored tables."""

    chat: str
    is_simulated: bool
    day: LocalDay
    series: pd.DataFrame
    """The last 60 days, or as many as are stored."""
    scores: pd.DataFrame
    """The same days."""
    forecast: pd.DataFrame
    """Made at the end of the day; no rows while there is none."""
    unusual: pd.DataFrame
    """What :func:`~chat_forecast.domain.scoring.unusual_hours` found on the day, with ``q99``."""
    training: "pd.Series[str] | None"
    """The record of the model trained through the day, if one was."""
    page: str
    """The address of the day's page."""

    @property
    def name(self) -> str:
        """The chat's name, with "(simulated)" where it is."""
        return name_chat(self.chat, is_simulated=self.is_simulated)

    @property
    def score(self) -> dict[str, object]:
        """The day's score, with None for what is not known; empty where there is none."""
        row = self.scores[self.scores["day"] == self.day.key]
        known = row.iloc[-1].to_dict() if len(row) else {}
        return {str(name): None if pd.isna(value) else value for name, value in known.items()}

    def notice(self, kind: str, cause: str, title: str, body: str, picture: bytes | None = None) -> Notice:
        """A notice about the chat that leads to the day's page."""
        return Notice(f"{kind}/{self.chat}/{cause}", f"{self.name}: {title}", f"{body}\n{self.page}", picture)


def digest(state: DayState, picture: bytes | None) -> Notice | None:
    """Tomorrow in words and as a picture, and how today went; None while there is no forecast."""
    if state.forecast.empty:
        return None
    coming = state.day.plus(1)
    before = coming.plus(-7)
    hours = state.series["hour"]
    last_week = state.series[(hours >= before.start) & (hours < before.end)]
    total = state.forecast["expected"].sum()
    lines = [forecast_in_words(state.forecast, last_week)]
    if state.score.get("hours_scored"):
        lines.append(f"{state.day.date:%A} had {score_in_words(state.score, list(state.unusual['words']))}")
    model = state.forecast.iloc[0]
    lines.append(f"Made by {model['forecaster']}, trained through {model['trained_through']}.")
    title = f"{total:.0f} messages expected on {coming.date:%A} {coming.key}"
    return state.notice("digest", state.day.key, title, "\n".join(lines), picture)


def unread(state: DayState) -> Notice | None:
    """The day was not read, or not wholly. Days in a row that are not read are one cause, told on the first."""
    is_missing = state.series["messages"].isna()
    today = is_missing[state.series["hour"].dt.date == state.day.date]
    if not today.any():
        return None
    by_day = is_missing.groupby(state.series["hour"].dt.date).any()
    whole = by_day.index[~by_day]
    if today.all():
        title = f"{state.day.key} could not be read"
    else:
        title = f"{today.sum()} of {len(today)} hours of {state.day.key} were not read"
    last = (
        f"The last day that was wholly read is {whole[-1]}."
        if len(whole)
        else f"So were all of the last {len(by_day)} days."
    )
    body = f"What was not read is missing, not quiet: it is neither trained on nor scored. {last}"
    return state.notice("unread", f"after-{whole[-1]}" if len(whole) else "for-long", title, body)


def retrained(state: DayState) -> Notice | None:
    """The model was trained anew."""
    if state.training is None:
        return None
    record = state.training
    title = f"the model was trained anew, through {state.day.key}"
    return state.notice("retrained", state.day.key, title, f"{record['why']}.")


def unusual(state: DayState) -> Notice | None:
    """The day's hours went another way than the forecast allows for."""
    hours = state.unusual
    excess = hours["messages"].astype(float) - FAR_ABOVE * hours["q99"]
    if len(hours) < UNUSUAL_HOURS and not (excess >= FAR_MESSAGES).any():
        return None
    title = f"unusual hours on {state.day.date:%A} {state.day.key}"
    return state.notice("unusual", state.day.key, title, unusual_in_words(list(hours["words"])))


def skill_gone(state: DayState) -> Notice | None:
    """Over the last week the forecasts were no better than the same hour a week before.

    Weeks in a row are one cause, told on the first.
    """
    days = state.day.plus(-LOOKBACK_DAYS + 1).until(state.day)
    skills = [(day, _skill_of_week(state.scores, day)) for day in days]
    if skills[-1][1] is None or skills[-1][1] > 0:
        return None
    good = [each.key for each, skill in skills if skill is not None and skill > 0]
    title = "the forecasts' skill has been gone for a week"
    skill = f"{skills[-1][1]:+.2f}".replace("-", "−")
    body = f"Over the 7 days to {state.day.key} it was {skill}: no better than the same hour a week before."
    return state.notice("skill", f"after-{good[-1]}" if good else "from-the-start", title, body)


def failed(chats: list[str], page: str, root_run: str) -> Notice:
    """A run failed and is not tried again. ``root_run`` is the first try, ``chats`` are named as people know them.

    What went wrong is not told: an error of another program may quote anything.
    """
    body = f"It is not tried again. What was stored is as it was; the run's page tells why it failed.\n{page}"
    return Notice(f"failed/{root_run}", f"{join(chats)}: a run failed", body)


def test_message() -> Notice:
    """What ``chat-forecast notify --test`` sends."""
    return Notice("test", "chat_forecast: a test", "Messages of chat_forecast arrive here.")


def _skill_of_week(scores: pd.DataFrame, day: LocalDay) -> float | None:
    """The skill over the 7 days that end with a day; None where too few of them were scored."""
    first = day.plus(1 - WEEK_DAYS).key
    return pooled_skill(scores[(scores["day"] >= first) & (scores["day"] <= day.key)], least_days=SCORED_DAYS)
