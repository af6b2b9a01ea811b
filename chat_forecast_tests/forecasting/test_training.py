"""What holds for every method, and for choosing one."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.forecast_limits import forecast_faults
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import METHODS, FittedForecaster, NotEnoughHistory, load, train
from chat_forecast.forecasting.curve_forecaster import make_forecaster
from chat_forecast.forecasting.curves import prophet_optimum
from chat_forecast.forecasting.methods import fit_curves, methods_of
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast_tests.factories import make_series

FIRST = LocalDay.parse("2025-11-01", "Europe/Moscow")


def make_chat(days, first=FIRST, level=8.0, seed=11, missing=0.02):
    """A chat with evenings, weekends and missing hours, overdispersed."""
    rng = np.random.default_rng(seed)

    def count(hour):
        mean = level * (0.2 + np.exp(-(((hour.hour - 20) / 4) ** 2))) * (1.5 if hour.day_of_week >= 5 else 1)
        return None if rng.random() < missing else int(rng.negative_binomial(2, 2 / (2 + mean)))

    return make_series(first, days, count)


def after(series):
    """The day that follows a series."""
    last = series["hour"].iloc[-1]
    return LocalDay.containing(last.to_pydatetime(), str(last.tz)).plus(1)


@pytest.fixture(scope="module")
def chat():
    return make_chat(days=70)


@pytest.fixture(scope="module")
def fitted(chat):
    return fit_all(chat)


def fit_all(series) -> dict[str, FittedForecaster]:
    """Every method, fitted."""
    curves, refusals = fit_curves(series)
    assert not refusals
    of_curves = {name: make_forecaster(name, parts, series) for name, parts in methods_of(curves).items()}
    return of_curves | {"same_hour_28d": fit_same_hour(series)}


@pytest.mark.parametrize("name", METHODS)
def test_a_stored_model_makes_the_same_forecast_in_a_new_process(name, chat, fitted, tmp_path):
    day = after(chat)
    here = fitted[name].forecast(chat, day.hours)
    stored = json.dumps(fitted[name].to_dict())
    assert len(stored) < 200_000
    chat.to_parquet(tmp_path / "chat.parquet")
    (tmp_path / "model.json").write_text(stored)
    code = (
        "import json, sys, pathlib, pandas as pd\n"
        "from chat_forecast.domain.local_day import LocalDay\n"
        "from chat_forecast.forecasting import load\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "model = load(json.loads((folder / 'model.json').read_text()))\n"
        "series = pd.read_parquet(folder / 'chat.parquet')\n"
        "model.forecast(series, LocalDay.parse(sys.argv[2], 'Europe/Moscow').hours).to_parquet(folder / 'there.parquet')\n"
        "assert not {'prophet', 'sklearn'} & set(sys.modules), 'a forecast should need no library of fitting'\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), day.key], check=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "there.parquet"), here, check_exact=True)


def test_training_again_gives_the_same_models(chat, fitted):
    assert {name: model.to_dict() for name, model in fit_all(chat).items()} == {
        name: model.to_dict() for name, model in fitted.items()
    }
    assert set(fitted) == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_forecast_is_sane_on_days_of_clock_changes(name, chat, fitted):
    for key, zone in (
        ("2026-03-29", "Europe/Berlin"),
        ("2026-10-25", "Europe/Berlin"),
        ("2026-04-05", "Australia/Lord_Howe"),
    ):
        day = LocalDay.parse(key, zone)
        series = chat.assign(hour=chat["hour"] + (day.start - chat["hour"].iloc[-1] - pd.Timedelta("1h")))
        series["hour"] = series["hour"].dt.tz_convert(zone)
        assert forecast_faults(fitted[name].forecast(series, day.hours), day, series) == []


@pytest.mark.parametrize("name", METHODS)
def test_the_series_a_model_is_given_matters_only_before_its_hours_and_within_200_days(name, chat, fitted):
    day = after(chat)
    within = pd.concat([make_chat(days=130, first=FIRST.plus(-130)), chat], ignore_index=True)
    longer = pd.concat([make_chat(days=150, first=FIRST.plus(-280), level=99), within], ignore_index=True)
    pd.testing.assert_frame_equal(fitted[name].forecast(longer, day.hours), fitted[name].forecast(within, day.hours))


def test_every_method_beats_the_week_before_on_a_steady_chat(chat, fitted):
    day = after(chat)
    coming = make_chat(days=71, missing=0).tail(24)
    actual = coming["messages"].to_numpy(dtype=float)
    for model in fitted.values():
        expected = model.forecast(chat, day.hours)["expected"]
        assert np.corrcoef(expected, actual)[0, 1] > 0.4


def test_the_level_of_the_last_days_reaches_the_forecast_without_fitting_again(chat, fitted):
    coming = after(chat).plus(7)
    steady = pd.concat([chat, make_chat(days=7, first=after(chat))], ignore_index=True)
    busier = pd.concat([chat, make_chat(days=7, first=after(chat), level=24)], ignore_index=True)
    before, now = (fitted["average"].forecast(each, coming.hours)["expected"].sum() for each in (steady, busier))
    assert now / before == pytest.approx(2.2, abs=0.5)


@pytest.mark.parametrize("days", [1, 2, 8, 27, 40])
def test_a_young_chat_gets_a_sane_forecast(days):
    chat = make_chat(days=days)
    training = train(chat)
    assert forecast_faults(training.fitted.forecast(chat, after(chat).hours), after(chat), chat) == []
    assert training.comparison["is_chosen"].sum() == 1
    assert training.fitted.name in training.why


def test_one_message_ever_gets_a_sane_forecast():
    for days in (1, 30, 60):
        chat = make_series(FIRST, days, lambda hour: int(hour == FIRST.hours[9]))
        table = train(chat).fitted.forecast(chat, after(chat).hours)
        assert forecast_faults(table, after(chat), chat) == []
        assert table["expected"].sum() < 4


def test_weeks_of_silence_lead_to_a_forecast_near_zero():
    chat = pd.concat([make_chat(60), make_series(FIRST.plus(60), 40, lambda _: 0)], ignore_index=True)
    table = train(chat).fitted.forecast(chat, after(chat).hours)
    assert forecast_faults(table, after(chat), chat) == []
    assert 0 < table["expected"].sum() < 5


def test_a_chat_that_explodes_gets_a_high_and_finite_forecast_once_a_second_day_shows_it():
    calm = make_chat(60)
    usual = calm["messages"].tail(7 * 24).sum() / 7
    totals = []
    for days in (1, 2):
        chat = pd.concat([calm, make_chat(days, first=FIRST.plus(60), level=160)], ignore_index=True)
        table = train(chat).fitted.forecast(chat, after(chat).hours)
        assert forecast_faults(table, after(chat), chat) == []
        totals.append(table["expected"].sum())
    assert totals[0] < 1.3 * usual
    assert 2 * usual < totals[1] < 40 * usual


def test_prophet_failing_falls_to_the_next_method_and_says_so(chat, monkeypatch):
    monkeypatch.setattr(prophet_optimum, "MOST_ROUNDS", 1)
    training = train(chat)
    assert set(training.fitted.to_dict()["curves"]) == {"poisson_glm", "level_profile"}
    assert "prophet was not possible: Prophet's optimum" in training.why
    notes = training.comparison.set_index("forecaster")["note"]
    assert notes["prophet"].startswith("Prophet's optimum")


def test_a_series_of_which_nothing_is_known_cannot_be_trained_on():
    with pytest.raises(NotEnoughHistory, match="none of the 48 hours"):
        train(make_series(FIRST, 2, lambda _: None))


def test_a_model_of_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="found 'oracle'"):
        load({"name": "oracle"})


def test_a_model_of_another_version_is_refused_with_advice(fitted):
    stored = fitted["average"].to_dict()
    with pytest.raises(ValueError, match=r"stored by another version .*: retrain it"):
        load({name: value for name, value in stored.items() if name != "curves"})
