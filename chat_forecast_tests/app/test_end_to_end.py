"""The real daemon, webserver, backfill, schedule and sensor, on an instance on disk."""

import os
import signal
import subprocess
import sys
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from chat_forecast.pipeline.runs import ALL_ASSETS, CHAT_TAG, KIND_TAG, REASON_TAG, RETRAINING
from chat_forecast_tests.served import served, wait_for

ZONE = ZoneInfo("Europe/Moscow")
TODAY = datetime.now(ZONE).date()
YESTERDAY = TODAY - timedelta(days=1)
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
RETRAININGS = [{"key": CHAT_TAG, "value": "loud-chat"}, {"key": KIND_TAG, "value": RETRAINING}]
DAY_WITHOUT_DECISION = """
from chat_forecast.cli.base import Workplace
from chat_forecast.pipeline.runs import DAY_ASSETS
from chat_forecast.app.runs import opened
place = Workplace()
chat = place.chat("loud-chat")
day = place.yesterday(chat)
with opened(place.home, place.chats) as runner:
    runner.materialise(chat, DAY_ASSETS, day, day)
"""


def test_a_backfill_from_the_ui_is_one_run_and_a_failed_score_one_retraining_over_a_restart(tmp_path):
    (tmp_path / "chats.toml").write_text(CHATS)
    days = [(FIRST + timedelta(days=number)).isoformat() for number in range(30)]
    with served(tmp_path) as system:
        backfill = system.backfill("loud-chat", ALL_ASSETS, days)
        of_backfill = [{"key": "dagster/backfill", "value": backfill}]
        wait_for(lambda: system.have_ended(tags=of_backfill), 240, "the backfill's run to end")
        runs = system.runs(tags=of_backfill)
        assert [run["status"] for run in runs] == ["SUCCESS"], system.failures()
        assert {tuple(asset["path"]) for asset in runs[0]["assetSelection"]} == {("loud-chat", name) for name in ALL_ASSETS}

        just_after_midnight = datetime.combine(TODAY, time(0, 1), ZONE).timestamp()
        requests = system.dry_run("nightly_europe_moscow", just_after_midnight)
        assert [(request["dagster/partition"], request["chat_forecast/chat"]) for request in requests] == [
            (YESTERDAY.isoformat(), "loud-chat")
        ]

    # The day's score fails while no daemon is there.
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", DAY_WITHOUT_DECISION], env=environment, check=True, timeout=120)
    with served(tmp_path, signal.SIGHUP) as system:  # as a terminal that is closed
        wait_for(lambda: system.have_ended(tags=RETRAININGS), 180, "the retraining")
    with served(tmp_path) as system:
        before = system.ticks("retraining")
        wait_for(lambda: system.ticks("retraining") > before, 120, "a tick of the sensor after the restart")
        retrainings = system.runs(tags=RETRAININGS)
        partitions = [tag["value"] for run in retrainings for tag in run["tags"] if tag["key"] == "dagster/partition"]
        assert [run["status"] for run in retrainings] == ["SUCCESS"], system.failures()
        assert partitions == [YESTERDAY.isoformat()]
        (reason,) = [tag["value"] for tag in retrainings[0]["tags"] if tag["key"] == REASON_TAG]
        assert "is above the threshold 0.0001" in reason

    forecast = pd.read_parquet(tmp_path / "loud-chat" / "next_day_forecast" / f"{YESTERDAY}.parquet")
    assert len(forecast) == 24
    assert set(forecast["hour"].dt.date) == {TODAY}
    assert set(forecast["trained_through"]) == {YESTERDAY.isoformat()}


def test_a_run_whose_machine_died_is_failed_at_the_next_start_and_tried_again(tmp_path):
    (tmp_path / "chats.toml").write_text(CHATS)
    with served(tmp_path) as system:
        system.backfill("other", ALL_ASSETS, [(FIRST + timedelta(days=number)).isoformat() for number in range(30)])
        wait_for(lambda: [run for run in system.runs() if run["status"] == "STARTED"], 120, "the run to start")
        system.kill()
    with served(tmp_path) as system:
        wait_for(lambda: [run for run in system.runs() if run["status"] == "SUCCESS"], 240, "the run to be tried again")
        assert sorted(run["status"] for run in system.runs()) == ["FAILURE", "SUCCESS"], system.failures()
