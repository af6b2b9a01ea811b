"""The real daemon, webserver, backfill and sensor, on an instance on disk."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from chat_forecast.jobs import ALL_ASSETS
from chat_forecast_tests.served import served, wait_for

pytestmark = pytest.mark.xdist_group("end-to-end")
ZONE = ZoneInfo("Europe/Moscow")
YESTERDAY = datetime.now(ZONE).date() - timedelta(days=1)
FIRST = YESTERDAY - timedelta(days=30)
CHATS = f"""
[chats.loud-chat]
source = "simulated"
timezone = "Europe/Moscow"
first_day = {FIRST}
[chats.loud-chat.check]
rule = "smape"
smape_threshold = 0.0001  # no forecast meets it: every score fails

[chats.other]
source = "simulated"
timezone = "America/New_York"
first_day = {FIRST}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two chats in different time zones."""
    home = tmp_path_factory.mktemp("home")
    (home / "chats.toml").write_text(CHATS)
    return home


@pytest.fixture(scope="module")
def backfill_runs(home):
    """The runs of a backfill of 30 days, launched as the UI does."""
    days = [(FIRST + timedelta(days=number)).isoformat() for number in range(30)]
    with served(home) as system:
        backfill = system.backfill("loud-chat", ALL_ASSETS, days)
        wait_for(lambda: system.backfill_status(backfill).startswith("COMPLETED"), 240, "the backfill to end")
        assert system.backfill_status(backfill) == "COMPLETED_SUCCESS"
        return system.runs(tags=[{"key": "dagster/backfill", "value": backfill}])


@pytest.fixture(scope="module")
def retrainings(home, backfill_runs):
    """The retraining runs after a day whose score failed while no daemon was there, over two starts of the daemon."""
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(home)}
    day_without_decision = (
        "import os; from chat_forecast.cli import Workplace; from chat_forecast.runs import opened\n"
        "from chat_forecast.jobs import DAY_ASSETS\n"
        "place = Workplace(); chat = place.chat('loud-chat'); day = place.yesterday(chat)\n"
        "with opened(place.home, place.chats) as runner: runner.materialise(chat, DAY_ASSETS, day, day)"
    )
    subprocess.run([sys.executable, "-c", day_without_decision], env=environment, check=True, timeout=120)
    with served(home) as system:
        wait_for(lambda: system.runs(pipelineName="loud_chat_retraining"), 120, "the sensor's request")
    with served(home) as system:
        wait_for(
            lambda: all(run["status"] in ("SUCCESS", "FAILURE") for run in system.runs(pipelineName="loud_chat_retraining")),
            180,
            "the retraining to end",
        )
        ticks = """{ sensorOrError(sensorSelector: {repositoryName: "__repository__",
            repositoryLocationName: "chat_forecast.definitions", sensorName: "retraining"})
            { ... on Sensor { sensorState { ticks { timestamp } } } } }"""

        def count() -> int:
            return len(system.ask(ticks)["sensorOrError"]["sensorState"]["ticks"])

        before = count()
        wait_for(lambda: count() >= before + 2, 150, "two more ticks of the sensor")
        return system.runs(pipelineName="loud_chat_retraining")


def test_a_backfill_of_a_month_from_the_ui_is_one_run(backfill_runs):
    assert [run["status"] for run in backfill_runs] == ["SUCCESS"]
    assert {tuple(asset["path"]) for asset in backfill_runs[0]["assetSelection"]} == {
        ("loud-chat", asset) for asset in ALL_ASSETS
    }


def test_one_failed_score_leads_to_one_retraining_although_the_daemon_was_restarted(retrainings):
    partitions = [tag["value"] for run in retrainings for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert partitions == [YESTERDAY.isoformat()]


def test_the_retraining_leaves_a_forecast_for_the_coming_day_by_the_new_model(home, retrainings):
    forecast = pd.read_parquet(home / "loud-chat" / "next_day_forecast" / f"{YESTERDAY}.parquet")
    assert len(forecast) == 24
    assert set(forecast["hour"].dt.date) == {YESTERDAY + timedelta(days=1)}
    assert set(forecast["trained_through"]) == {YESTERDAY.isoformat()}
