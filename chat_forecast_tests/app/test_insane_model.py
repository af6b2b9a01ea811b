"""An insane model, planted in a chat: what people, the machine and the retraining rule see of it, until it is replaced."""

import json
import math

import pytest
from click.testing import CliRunner

from chat_forecast.app.runs import opened
from chat_forecast.cli import main
from chat_forecast.pipeline.retraining import wanted_retraining
from chat_forecast.pipeline.runs import DAY_ASSETS, HISTORY_ASSETS, RETRAINING_ASSETS
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.settings.reading import load_chats
from chat_forecast_tests.receiver import receiving

DAYS = 12
TIMES = 100
NO_MLFLOW = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path, today, monkeypatch):
    """A home with a chat that began some days ago; no MLflow is there."""
    for name in ("DAGSTER_HOME", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NO_MLFLOW)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    first = today.plus(-DAYS)
    (tmp_path / "chats.toml").write_text(
        f'[chats.calm]\nsource = "simulated"\ntimezone = "{first.timezone}"\nfirst_day = {first.key}\n'
    )
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": NO_MLFLOW})
    home.prepare()
    apply_environment(home)
    return home


def make_insane(storage, day) -> None:
    """Have the model that is stored of a day expect a hundred times as many messages."""
    row = storage.frame("trained_model", day)
    model = json.loads(row["model"].iloc[0])
    model["layer"]["a"] += math.log(TIMES)
    storage.write("trained_model", day, row.assign(model=json.dumps(model)))


def say(*words: str) -> tuple[int, str]:
    """Run a command; its exit code, and what it said in one line."""
    ended = CliRunner().invoke(main, words)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended.exit_code, " ".join(ended.output.split())


def test_an_insane_model_is_withheld_named_and_replaced(home, today, monkeypatch):
    (chat,) = load_chats(home.chats_file, today.date)
    before, yesterday = today.plus(-2), today.plus(-1)
    page = home.root / "reports" / "calm.en.html"
    with opened(home, [chat]) as runner, receiving() as receiver:
        monkeypatch.setenv("CHAT_FORECAST_NOTIFY_URL", receiver.url)
        storage = runner.storage(chat)
        runner.materialise(chat, HISTORY_ASSETS, today.plus(-DAYS), before)
        runner.materialise(chat, RETRAINING_ASSETS, before, before)
        usual = storage.frame("next_day_forecast", before)["expected"].sum()
        make_insane(storage, before)
        runner.materialise(chat, DAY_ASSETS, yesterday, yesterday)

        kept = storage.frame("next_day_forecast", yesterday)
        assert kept["expected"].sum() > TIMES / 4 * usual
        why = storage.notes("next_day_forecast", yesterday)["withheld"]
        assert "messages are expected, the busiest of the last" in why
        code, shown = say("show", "calm")
        assert why in shown
        assert f"{kept['expected'].sum():,.0f} messages expected" not in shown
        code, said = say("status")
        assert code == 1
        assert f"the forecast for {today.key} is {why}" in said
        say("report", "calm", "--language", "en")
        assert "There is a forecast, but it is withheld" in page.read_text()
        say("notify")
        assert any("is withheld" in title for title in receiver.titles)
        assert not any("messages expected on" in title for title in receiver.titles)

        wanted = wanted_retraining(storage)
        assert (wanted.day, wanted.reason) == (yesterday, f"the forecast for {today.key} is {why}")
        assert runner.retrain_if_wanted(chat) == yesterday
        assert wanted_retraining(storage) is None
        assert "withheld" not in storage.notes("next_day_forecast", yesterday)
        assert storage.frame("next_day_forecast", yesterday)["expected"].sum() < 4 * usual
        code, said = say("status")
        assert "withheld" not in said
        code, shown = say("show", "calm")
        assert code == 0
        assert "withheld" not in shown
        say("report", "calm", "--language", "en")
        assert "it is withheld" not in page.read_text()
        receiver.messages.clear()
        say("notify")
        assert any("messages expected on" in title for title in receiver.titles)
