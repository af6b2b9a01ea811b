"""What is worth a notice about a chat's newest day, and what is not."""

import pandas as pd

from chat_forecast.domain.changes import Change
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.presentation.notifications import notices
from chat_forecast.presentation.notifications.day_state import DayState
from chat_forecast_tests.factories import make_forecast, make_scores, make_series

DAY = LocalDay.parse("2026-05-12", "Europe/Moscow")


def state(
    day=DAY,
    *,
    notes=None,
    days=20,
    counts=lambda _hour: 4,
    skills=None,
    forecast=True,
    training=None,
    is_simulated=False,
    changes=(),
):
    """A chat after a day: its last days, and the forecast for the day and for the next."""
    first = day.plus(1 - days)
    series = make_series(first, days, counts)
    today = series[series["hour"] >= day.start]
    return DayState(
        chat="my-chat",
        is_simulated=is_simulated,
        day=day,
        series=series,
        scores=make_scores(first, skills if skills is not None else [0.2] * days),
        forecast=make_forecast(day.plus(1)) if forecast else make_forecast(day.plus(1)).iloc[:0],
        unusual=unusual_hours(today, make_forecast(day)),
        notes=notes or {},
        training=training,
        page="http://127.0.0.1:3000/somewhere",
        changes=changes,
    )


def on(day: LocalDay, counts, otherwise=4):
    """Counts of one day by its clock hour; the others have one count."""
    return lambda hour: counts(hour.hour) if day.start <= hour < day.end else otherwise


def test_the_digest_tells_the_coming_day_and_how_the_last_one_went():
    notice = notices.digest(state(is_simulated=True), b"a plot")
    assert notice.title == "my-chat (simulated): 96 messages expected on Wednesday 2026-05-13"
    assert notice.body.splitlines() == [
        "96 messages expected; 96 on the same day last week. Busiest hours: 00:00 (4.0), 01:00 (4.0) and 02:00 (4.0).",
        "Tuesday had 96 messages, 96 expected; skill +20%. No hour outside the 98% interval.",
        "Made by flat, trained through 2026-05-01.",
        "http://127.0.0.1:3000/somewhere",
    ]
    assert notice.plot == b"a plot"
    assert notices.digest(state(forecast=False), None) is None


def test_a_day_that_was_not_read_is_notice_once_for_days_in_a_row():
    assert notices.unread(state()) is None
    nothing = notices.unread(state(counts=on(DAY, lambda _clock: None)))
    assert nothing.title == "my-chat: 2026-05-12 could not be read"
    some = notices.unread(state(counts=on(DAY, lambda clock: None if clock in (3, 4) else 4)))
    assert some.title == "my-chat: 2 of 24 hours of 2026-05-12 were not read"
    last_whole = DAY.plus(-3)
    in_a_row = [
        notices.unread(state(day, counts=lambda hour: None if hour >= last_whole.end else 4)) for day in (DAY.plus(-1), DAY)
    ]
    assert in_a_row[0].cause == in_a_row[1].cause == "unread/my-chat/after-2026-05-09"
    assert notices.unread(state(counts=lambda _hour: None)).cause == "unread/my-chat/for-long"


def test_unusual_hours_are_notice_when_they_are_several_or_one_is_far_above():
    assert notices.unusual(state(counts=on(DAY, lambda clock: 20 if clock < 2 else 4))) is None
    several = notices.unusual(state(counts=on(DAY, lambda clock: 20 if clock < 3 else 4)))
    assert several.body.startswith("Outside the 98% interval: 20 messages at 00:00, 4 expected; 20 messages at 01:00")
    assert notices.unusual(state(counts=on(DAY, lambda clock: 200 if clock == 3 else 4))) is not None


def test_a_week_without_skill_is_notice_once_while_it_lasts():
    assert notices.skill_gone(state()) is None
    gone = [0.3] * 10 + [-0.4] * 10
    notice = notices.skill_gone(state(skills=gone))
    assert "−" in notice.body
    later = state(DAY.plus(1), days=21, skills=[*gone, -0.4])
    assert notices.skill_gone(later).cause == notice.cause
    assert notices.skill_gone(state(skills=[None] * 16 + [-0.4] * 4)) is None


def test_a_retraining_is_sent_with_its_stored_reason_and_without_one_where_none_is_stored():
    assert notices.retrained(state()) is None
    record = pd.Series({"why": "prophet: the least pinball loss", "reason": "the model is 14 days old (limit: 14)"})
    notice = notices.retrained(state(training=record))
    assert notice.title == "my-chat: the model was retrained through 2026-05-12"
    assert notice.body.splitlines()[:2] == [
        "Reason: the model is 14 days old (limit: 14).",
        "Method: prophet: the least pinball loss.",
    ]
    by_hand = notices.retrained(state(training=record.replace({"the model is 14 days old (limit: 14)": None})))
    assert by_hand.body.startswith("Method: prophet")


def test_a_withheld_forecast_is_named_without_being_shown():
    withheld = state(notes={"withheld": "withheld: 9,000 messages are expected, the busiest of 20 days had 96"})
    notice = notices.no_forecast(withheld)
    assert notice.title == "my-chat: the forecast for Wednesday 2026-05-13 is withheld"
    assert "makes its numbers impossible, so the model is retrained (withheld: 9,000 messages" in notice.body
    assert notices.digest(withheld, b"a plot") is None
    assert withheld.awaits_retraining
    assert notices.no_forecast(state(notes={"reason": "there is no trained model yet"})) is None  # made by the simple method


def test_that_nothing_can_be_forecast_is_sent_once_while_it_lasts():
    last = DAY.plus(-29)
    gap = [
        notices.no_forecast(
            state(
                day,
                days=40,
                counts=lambda hour: None if hour >= last.end else 4,
                forecast=False,
                notes={"reason": f"the last known hour is {29 + later} days old"},
            )
        )
        for later, day in enumerate((DAY, DAY.plus(1)))
    ]
    assert gap[0].title == "my-chat: no forecast for Wednesday 2026-05-13"
    assert gap[0].body.startswith("Too little is known: the last known hour is 29 days old.")
    assert gap[0].cause == gap[1].cause == "no-forecast/my-chat/after-2026-04-13"
    assert notices.no_forecast(state(forecast=False)) is None  # version 0.1.0 noted no reason


def test_that_a_chat_changed_is_sent_once_within_a_week():
    found = DAY.plus(-2).date
    hours = Change("hours", DAY.plus(-5).date, found, 20, 23)
    weekdays = Change("weekdays", DAY.plus(-16).date, found, 0.13, 0.25, 5)
    level = Change("level", DAY.plus(-40).date, DAY.plus(-30).date, 97.0, 47.0)
    notice = notices.changed(state(changes=(level, hours, weekdays)))
    assert notice.title == "my-chat: the chat changed"
    assert notice.body.splitlines()[:2] == [
        "Since 2026-05-07 most is written around 23:00 instead of 20:00.",
        "Since 2026-04-26 Saturday has 25% of the week's messages instead of 13%.",
    ]
    assert notices.changed(state(DAY.plus(1), changes=(level, hours))).cause == notice.cause
    assert notices.changed(state(changes=(level,))) is None
    assert notices.changed(state()) is None
