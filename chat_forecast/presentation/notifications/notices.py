"""Which states of a chat's newest day are worth a notice, and the phrases of it.

Belongs here: what is worth a notice, its cause, and all texts of notices.
Does not belong here: reading the state (:mod:`.day_state`), what was sent already (:mod:`.ledger`), or sending.

No notice names a sender or quotes a message; neither is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import pooled_skill
from chat_forecast.presentation.notifications.day_state import LOOKBACK_DAYS, DayState
from chat_forecast.presentation.phrases import (
    change_in_words,
    count_messages,
    forecast_in_words,
    join,
    score_in_words,
    signed_percent,
    unusual_hours,
    unusual_in_words,
)

UNUSUAL_HOURS = 3
"""This many hours outside the 98% interval are a pattern: by chance, three come in one day of 75."""
FAR_ABOVE = 3.0
FAR_MESSAGES = 20
"""A single hour is worth a notice at three times the interval's upper end and this many messages above that."""
WEEK_DAYS = 7
SCORED_DAYS = 5
"""Scored days of a week from which its skill means something."""


@dataclass(frozen=True)
class Notice:
    """One thing that people are sent."""

    cause: str
    """The same for the same thing, whenever it is found: each is sent once."""
    title: str
    body: str
    plot: bytes | None = None
    """A PNG."""


def digest(state: DayState, plot: bytes | None, week: str = "") -> Notice | None:
    """Tomorrow in words and as a plot, how today went, and the coming week; None while there is no forecast to be shown."""
    if state.forecast.empty or "withheld" in state.notes:
        return None
    coming = state.day.plus(1)
    lines = [forecast_in_words(state.forecast, state.last_week)]
    if state.score.get("hours_scored"):
        lines.append(f"{state.day.date:%A} had {score_in_words(state.score, unusual_hours(state.unusual))}")
    if week:
        lines.append(week)
    method, through = (state.forecast[name].iloc[0] for name in ("forecaster", "trained_through"))
    trained = "without a trained model" if pd.isna(through) else f"trained through {through}"
    lines.append(f"Made by {method}, {trained}.")
    total = state.forecast["expected"].sum()
    title = f"{count_messages(round(total))} expected on {coming.date:%A} {coming.key}"
    return _notice(state, "digest", state.day.key, title, "\n".join(lines), plot)


def no_forecast(state: DayState) -> Notice | None:
    """In the digest's place: the forecast is withheld, or there is none because too little is known.

    A gap in what is known is one cause, sent on the first day without a forecast.
    """
    coming = state.day.plus(1)
    if "withheld" in state.notes:
        body = f"This chat's history makes its numbers impossible, so the model is retrained ({state.notes['withheld']})."
        title = f"the forecast for {coming.date:%A} {coming.key} is withheld"
        return _notice(state, "withheld", state.day.key, title, body)
    if not state.forecast.empty or "reason" not in state.notes:
        return None
    known = state.series.loc[state.series["messages"].notna(), "hour"]
    cause = f"after-{known.iloc[-1].date()}" if len(known) else "for-long"
    title = f"no forecast for {coming.date:%A} {coming.key}"
    return _notice(state, "no-forecast", cause, title, f"Too little is known: {state.notes['reason']}.")


def unread(state: DayState) -> Notice | None:
    """The day was not read, or not wholly. Days in a row that are not read are one cause, sent on the first."""
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
        f"The last day that was read completely is {whole[-1]}."
        if len(whole)
        else f"None of the last {len(by_day)} days was read completely."
    )
    body = f"Hours that were not read are missing, not quiet: they are neither trained on nor scored. {last}"
    return _notice(state, "unread", f"after-{whole[-1]}" if len(whole) else "for-long", title, body)


def retrained(state: DayState) -> Notice | None:
    """The model was retrained: for which stored reason, and which method was chosen."""
    record = state.training
    if record is None:
        return None
    title = f"the model was retrained through {state.day.key}"
    reason = record.get("reason")
    because = [] if reason is None or pd.isna(reason) else [f"Reason: {reason}."]
    return _notice(state, "retrained", state.day.key, title, "\n".join([*because, f"Method: {record['why']}."]))


def unusual(state: DayState) -> Notice | None:
    """The day's hours were other than the forecast allows for."""
    hours = state.unusual
    excess = hours["messages"].astype(float) - FAR_ABOVE * hours["q99"]
    if len(hours) < UNUSUAL_HOURS and not (excess >= FAR_MESSAGES).any():
        return None
    title = f"unusual hours on {state.day.date:%A} {state.day.key}"
    return _notice(state, "unusual", state.day.key, title, unusual_in_words(unusual_hours(hours)))


def skill_gone(state: DayState) -> Notice | None:
    """Over the last week the forecasts were no better than the same hours a week before.

    Weeks in a row are one cause, sent on the first.
    """
    days = state.day.plus(-LOOKBACK_DAYS + 1).until(state.day)
    skills = [(day, _skill_of_week(state.scores, day)) for day in days]
    if skills[-1][1] is None or skills[-1][1] > 0:
        return None
    good = [each.key for each, skill in skills if skill is not None and skill > 0]
    title = "no skill over the last week"
    skill = signed_percent(skills[-1][1])
    body = f"Over the 7 days to {state.day.key} the skill was {skill}: no better than repeating the week before."
    return _notice(state, "skill", f"after-{good[-1]}" if good else "from-the-start", title, body)


def changed(state: DayState) -> Notice | None:
    """The chat itself changed: its hours, its weekdays, or how busy it is.

    What was found on one day is one cause, sent on that day, or on one of the week after it if nobody looked before.
    """
    newest = max((change.found for change in state.changes), default=None)
    if newest is None or (state.day.date - newest).days >= WEEK_DAYS:
        return None
    words = [change_in_words(change) for change in state.changes if change.found == newest]
    return _notice(state, "changed", str(newest), "the chat changed", "\n".join(words))


def failed(chats: Sequence[str], page: str, root_run_id: str) -> Notice:
    """A run failed and is not tried again. ``chats`` are their names as people know them.

    What went wrong is left out: an error of another program may quote anything.
    """
    body = f"It will not be tried again. What was stored before is unchanged; the run's page says why it failed.\n{page}"
    return Notice(f"failed/{root_run_id}", f"{join(chats)}: a run failed", body)


def test_message() -> Notice:
    """What ``chat-forecast notify --test`` sends."""
    return Notice("test", "chat_forecast: a test", "Notifications of chat_forecast arrive here.")


def _notice(state: DayState, kind: str, cause: str, title: str, body: str, plot: bytes | None = None) -> Notice:
    """A notice about the chat that leads to the day's page."""
    return Notice(f"{kind}/{state.chat}/{cause}", f"{state.name}: {title}", f"{body}\n{state.page}", plot)


def _skill_of_week(scores: pd.DataFrame, day: LocalDay) -> float | None:
    """The skill over the 7 days that end with a day; None where too few of them were scored."""
    first = day.plus(1 - WEEK_DAYS).key
    return pooled_skill(scores[(scores["day"] >= first) & (scores["day"] <= day.key)], least_days=SCORED_DAYS)
