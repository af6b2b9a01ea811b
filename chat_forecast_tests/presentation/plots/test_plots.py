"""Every picture can be drawn of every kind of chat, and is small."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chat_forecast.domain.hourly_series import fill_unstored
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation import plots
from chat_forecast.presentation.drawing.style import to_png
from chat_forecast.presentation.plots.series import mean_by_hour_of_week
from chat_forecast_tests.factories import make_forecast, make_series

DAY = LocalDay.parse("2026-05-12", "Europe/Berlin")
AUTUMN = LocalDay.parse("2025-10-26", "Europe/Berlin")
LAST_DAY = {
    "normal": lambda hour: hour.hour,
    "silent": lambda _hour: 0,
    "missing": lambda _hour: None,
    "partly missing": lambda hour: None if 3 <= hour.hour < 9 else 4,
    "exploding": lambda hour: 5000 if hour.hour in (3, 4) else 2,
}
CHATS = [(name, DAY, 30) for name in LAST_DAY] + [("normal", AUTUMN, 30), ("normal", DAY, 1), ("missing", DAY, 1)]


@pytest.mark.parametrize(("kind", "day", "days"), CHATS, ids=lambda value: getattr(value, "key", value))
def test_every_picture_is_drawn_of_every_chat_and_is_small(kind, day, days):
    first = day.plus(1 - days)
    known = make_series(first, days, lambda hour: LAST_DAY[kind](hour) if hour >= day.start else hour.hour % 5)
    today = known[known["hour"] >= day.start].reset_index(drop=True)
    counts = today["messages"].fillna(0).astype(int)
    batch = pd.DataFrame({"hour": today["hour"], "known": counts // 2, "new": counts - counts // 2})
    batch["is_read"] = today["messages"].notna()
    comparison = pd.DataFrame({"forecaster": ["a_method", "b"], "is_chosen": [True, False], "note": ["", ""]})
    week = pd.concat([make_forecast(day.plus(number)) for number in range(1, 8)], ignore_index=True)
    skills = pd.Series([np.nan, -3.0, 0.2], index=[day.plus(number).date for number in (-2, -1, 0)])
    for drawn in (
        plots.draw_reading(batch, "a title", "words"),
        plots.draw_series(known, "a title", "words"),
        plots.draw_model(comparison, known, week, "a title", "words " * 90),
        plots.draw_model(comparison.assign(pinball=[1.5, None]), known, week, "a title", "words"),
        plots.draw_forecast(make_forecast(day), today, "a title", "words"),
        plots.draw_forecast(make_forecast(day), None, "a title"),
        plots.draw_score(make_forecast(day), today, skills, "a title", "words"),
    ):
        picture = Image.open(io.BytesIO(drawn))
        assert picture.size[0] == 760
        assert len(picture.convert("L").getcolors()) > 8
        assert len(drawn) < 30_000


def test_a_long_title_fits():
    series = make_series(DAY, 1)
    drawn = plots.draw_series(series, "w" * 40 + " (simulated): forecast and actual, Wednesday 2026-05-13", "words")
    heading = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"))[:20]
    assert (heading[:, 600:740] < 128).any()
    assert (heading[:, 745:] > 250).all()


def test_the_rhythm_is_the_mean_of_known_hours():
    series = make_series(DAY.plus(-13), 14, lambda hour: None if hour >= DAY.start and hour.hour == 5 else hour.day)
    means = mean_by_hour_of_week(series)
    assert means[1, 5] == 5  # the Tuesday before; the 12th is missing
    assert means[1, 6] == (5 + 12) / 2
    assert np.isnan(mean_by_hour_of_week(make_series(DAY, 1))[0]).all()


def test_unstored_days_are_missing_hours_in_the_series_drawn():
    series = pd.concat([make_series(DAY.plus(-2), 1), make_series(DAY, 1)])
    filled = fill_unstored(series, DAY.plus(-2), DAY)
    assert len(filled) == 72
    assert filled["messages"].isna().sum() == 24


def test_a_png_has_a_palette():
    from matplotlib.figure import Figure

    assert Image.open(io.BytesIO(to_png(Figure(figsize=(1, 1))))).mode == "P"
