"""The coming week, the year's calendar, and the day that is not over, on a chat's page."""

import re
from datetime import date, timedelta

import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.forecasting.day_plan import make_plan
from chat_forecast.forecasting.known_events import events_of
from chat_forecast.forecasting.today import examine
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.drawings import calendar, today_bars
from chat_forecast.presentation.reports.facts import gather
from chat_forecast.presentation.reports.html import TEMPLATES
from chat_forecast.presentation.reports.live import PLACE, PLACE_IN_CONTENTS, with_live_section
from chat_forecast.presentation.reports.sections.ahead import ahead_section, year_section
from chat_forecast.presentation.today import Look
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.factories import make_messages, make_series
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_forecasts, store_series, usual

CHAT = make_chat(training={"holidays": "DE"})
DAY = LocalDay.parse("2026-05-12", CHAT.timezone)


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """A chat read until the end of April, so that the first of May is ahead; five days of it were not read."""
    root = tmp_path_factory.mktemp("home")
    storage = Storages(str(root), Locks(root / "locks")).of(CHAT)
    store_series(storage, 61, lambda day, hour: None if 20 <= day < 25 else usual(day, hour))
    store_forecasts(storage, 59, 60)
    return gather(CHAT, storage)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_week_has_a_row_a_day_and_says_when_to_post(facts, language):
    section = ahead_section(facts, Phrases(language))
    assert len(section["rows"]) == 7
    assert len(section["sentences"]) == 4
    assert not re.search(r"\{\w+\}", " ".join(section["sentences"]))


def test_a_holiday_is_named(facts):
    rows = [row[0] for row in ahead_section(facts, Phrases("en"))["rows"]]
    assert rows[0] == "Fri, May 1 (Labor Day)"
    assert rows[1] == "Sat, May 2"


def test_without_a_forecast_there_is_no_week(facts, tmp_path):
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)
    store_series(storage, 3)
    assert ahead_section(gather(CHAT, storage), Phrases("en")) is None
    assert year_section(gather(CHAT, storage), Phrases("en")) is None


def test_the_year_has_a_cell_a_day_and_unread_ones_are_hollow(facts):
    drawing = str(year_section(facts, Phrases("en"))["drawing"])
    assert drawing.count("<rect") == 61
    assert drawing.count('class="unread"') == 5
    assert f"{FIRST.date:%A}, March 1, 2026: 144" in drawing or "<title>Sunday, March 1, 2026: " in drawing


def test_the_more_messages_the_stronger_the_colour():
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(6)]
    counts = dict(zip(days, [0, 1, 5, 9, 400, None], strict=True))
    drawing = str(calendar(counts, {1: "<Jan>"}, "<label>", dict.fromkeys(days, "<said>")))
    assert re.findall(r'class="(level-\d|unread)"', drawing) == [
        "level-0", "level-1", "level-2", "level-3", "level-4", "unread",
    ]  # fmt: skip
    assert "<said>" not in drawing
    assert "<label>" not in drawing


@pytest.fixture(scope="module")
def seen():
    """A look at 15 hours of a day of six messages an hour, with 400 at 14 o'clock."""
    series = make_series(DAY.plus(-30), 30, lambda _hour: 6)
    plan = make_plan(None, series, pd.Series(pd.DatetimeIndex([], tz="UTC")), DAY)
    minutes = [60 * hour + 9 * n for hour in range(14) for n in range(6)] + [840 + n / 10 for n in range(400)]
    messages = make_messages([DAY.start + pd.Timedelta(minutes=float(minute)) for minute in minutes])
    until = DAY.start + pd.Timedelta(hours=15)
    batch = MessageBatch(messages, ReadIntervals.of((DAY.start, until)))
    today = examine(plan, messages["sent_at"], batch.read_intervals)
    return Look(CHAT, today, tuple(events_of(today)), batch, until.tz_convert(CHAT.timezone))


@pytest.mark.parametrize(
    ("language", "title", "event"),
    [
        ("en", "Today so far: Tuesday, May 12, 2026", "Unusually busy since 14:00 on May 12: 400 messages, 6.0 expected."),
        (
            "ru",
            "Сегодня: вторник, 12 мая 2026",
            "12 мая с 14:00 необычно оживлённо: 400 сообщений, ожидалось 6,0. Это продолжается.",
        ),
    ],
)
def test_a_served_page_has_the_day_so_far_and_is_asked_for_again(seen, language, title, event):
    page = b"<title>x</title><ul>" + PLACE_IN_CONTENTS + b"</ul><main>" + PLACE + b"</main>"
    served = with_live_section(page, seen, Phrases(language)).decode()
    assert '<meta http-equiv="refresh" content="60">' in served
    assert title in served
    assert f'<p class="notice">{event}</p>' in served
    assert "<svg" in served
    assert PLACE.decode() not in served
    assert f'<ul><li><a href="#today">{title.partition(":")[0]}</a></li></ul>' in served


def test_every_page_has_a_place_for_the_day_and_for_its_line_in_the_contents():
    template = (TEMPLATES / "report.html.jinja").read_bytes()
    assert template.count(PLACE) == template.count(PLACE_IN_CONTENTS) == 1


def test_a_page_without_a_place_for_the_day_is_given_out_as_it_is(seen):
    assert with_live_section(b"<title>index</title>", seen, Phrases("en")) == b"<title>index</title>"


def test_bars_of_unread_hours_are_left_out(seen):
    drawing = str(today_bars(seen.today.table, "label"))
    assert drawing.count('class="count"') == 14
    assert drawing.count('class="unusual"') == 1
    assert drawing.count('class="expected"') == 9
