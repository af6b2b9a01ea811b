"""The nights of the demo, and what it tells of them."""

from datetime import date

import pytest

from chat_forecast.app import demo
from chat_forecast.app.demo import chapters, is_bad, play
from chat_forecast.app.runs import opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.pipeline.runs import CHAT_TAG, KIND_TAG, RETRAINING
from chat_forecast.settings.models import Chat, Check
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast_tests.at_home import NO_MLFLOW

FIRST = date(2026, 3, 1)


@pytest.fixture
def home(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": NO_MLFLOW})
    home.prepare()
    apply_environment(home)
    return home


def test_every_night_is_forecast_and_scored_and_each_that_fails_is_retrained(home, monkeypatch):
    monkeypatch.setattr(demo, "LEARNING_DAYS", 9)
    chat = Chat(
        slug="demo", source="simulated", timezone="Europe/Moscow", first_day=FIRST, check=Check(max_model_age_days=2)
    )
    first, yesterday = LocalDay(FIRST, "Europe/Moscow"), LocalDay(date(2026, 3, 14), "Europe/Moscow")
    with opened(home, [chat]) as runner:
        play(runner, chat, yesterday, lambda _text: None)
        storage = runner.storage(chat)
        runs = runner.instance.get_runs()
    days = list(first.until(yesterday))
    assert storage.days("next_day_forecast") == storage.days("daily_score") == storage.days("hourly_series") == days
    verdicts = [(day, Verdict.from_row(storage.frame("daily_score", day).iloc[0])) for day in days]
    failed = [day for day, verdict in verdicts if not verdict.passed and day > first.plus(8)]
    assert len(failed) >= 2
    assert storage.days("trained_model") == [first.plus(8), *failed]
    for day, forecast in ((day, storage.frame("next_day_forecast", day)) for day in days[8:]):
        newest = max(trained for trained in storage.days("trained_model") if trained <= day)
        assert set(forecast["trained_through"]) == {newest.key}
    assert {run.tags[CHAT_TAG] for run in runs} == {"demo"}
    assert sum(run.tags.get(KIND_TAG) == RETRAINING for run in runs) == len(failed) + 1
    learning, *told = chapters(storage, first, yesterday)
    assert learning.nights == 9
    assert sum(chapter.nights for chapter in told) == len(days) - 9


@pytest.mark.parametrize(("passed", "figures", "bad"), [
    (True, {"rmse": 1.0, "same_hour_rmse": 2.0}, False),
    (False, {"rmse": 2.0, "same_hour_rmse": 1.0}, True),
    (False, {"rmse": 1.0, "same_hour_rmse": 2.0, "model_age_days": 14}, False),
    (False, {}, True),
])  # fmt: skip
def test_a_night_is_bad_for_its_forecast_and_not_for_the_age_of_its_model(passed, figures, bad):
    assert is_bad(Verdict(passed, "relative", "", figures)) is bad
