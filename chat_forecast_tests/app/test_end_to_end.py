"""The real daemon, webserver, backfill, schedule and sensor, on an instance on disk: one home, started three times.

The first time a backfill is launched from the UI, and the machine dies in the middle of another one. Then a day's score
fails while no daemon is there. The second time ends with a closed terminal.
"""

import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from chat_forecast.pipeline.runs import ALL_ASSETS, CHAT_TAG, KIND_TAG, REASON_TAG, RETRAINING
from chat_forecast.pipeline.schedules import schedule_name
from chat_forecast_tests.served import served, wait_for

DAYS = 20
CHATS = """
[chats.loud-chat]
source = "simulated"
timezone = "{zone}"
first_day = {first}
[chats.loud-chat.check]
rule = "smape"
smape_threshold = 0.0001  # no forecast meets it: every score fails

[chats.other]
source = "simulated"
timezone = "America/New_York"
first_day = {first}
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


@pytest.fixture(scope="module")
def home(tmp_path_factory, today):
    """A home with two chats that begin some weeks ago."""
    home = tmp_path_factory.mktemp("home")
    (home / "chats.toml").write_text(CHATS.format(zone=today.timezone, first=today.plus(-1 - DAYS).key))
    return home


@pytest.fixture(scope="module")
def first_start(home, today):
    """The runs of a backfill of one chat, and what the schedule asks for; then a run of the other chat is killed."""
    days = [day.key for day in today.plus(-1 - DAYS).until(today.plus(-2))]
    with served(home) as system:
        backfill = system.backfill("loud-chat", ALL_ASSETS, days)
        of_backfill = [{"key": "dagster/backfill", "value": backfill}]
        wait_for(lambda: system.have_ended(tags=of_backfill), 240, "the backfill's run to end")
        runs, failures = system.runs(tags=of_backfill), system.failures()
        requests = system.dry_run(schedule_name(today.timezone), today.start.timestamp() + 60)
        system.backfill("other", ALL_ASSETS, days)
        wait_for(lambda: system.runs(statuses=["STARTED"]), 120, "the run to start")
        system.kill()
    return runs, failures, requests


@pytest.fixture(scope="module")
def second_start(home, first_start):
    """The runs after a score had failed while no daemon was there, and a run's process had died."""
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(home)}
    subprocess.run([sys.executable, "-c", DAY_WITHOUT_DECISION], env=environment, check=True, timeout=120)
    with served(home, signal.SIGHUP) as system:  # as a terminal that is closed
        wait_for(lambda: system.have_ended(tags=RETRAININGS), 180, "the retraining")
        wait_for(lambda: [run for run in of_other(system) if run["status"] == "SUCCESS"], 240, "the killed run, tried again")
        return of_other(system), system.failures()


@pytest.fixture(scope="module")
def third_start(home, second_start):
    """The retrainings after one more tick of the sensor."""
    with served(home) as system:
        before = system.ticks("retraining")
        wait_for(lambda: system.ticks("retraining") > before, 120, "a tick of the sensor after the restart")
        return system.runs(tags=RETRAININGS), system.failures()


def of_other(system):
    """The runs of the chat whose run is killed, newest first."""
    return [
        run for run in system.runs() if ["other", "raw_messages"] in [asset["path"] for asset in run["assetSelection"] or ()]
    ]


def test_a_backfill_from_the_ui_is_one_run(first_start):
    runs, failures, _ = first_start
    assert [run["status"] for run in runs] == ["SUCCESS"], failures
    assert {tuple(asset["path"]) for asset in runs[0]["assetSelection"]} == {("loud-chat", name) for name in ALL_ASSETS}


def test_just_after_midnight_the_schedule_asks_for_the_day_that_ended(first_start, today):
    _, _, requests = first_start
    asked = [(request["dagster/partition"], request[CHAT_TAG]) for request in requests]
    assert asked == [(today.plus(-1).key, "loud-chat")]


def test_a_run_whose_machine_died_is_failed_at_the_next_start_and_tried_again(second_start):
    runs, failures = second_start
    assert [run["status"] for run in runs] == ["SUCCESS", "FAILURE"], failures


def test_a_score_that_failed_while_no_daemon_was_there_leads_to_one_retraining_over_a_restart(third_start, home, today):
    retrainings, failures = third_start
    partitions = [tag["value"] for run in retrainings for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert [run["status"] for run in retrainings] == ["SUCCESS"], failures
    assert partitions == [today.plus(-1).key]
    (reason,) = [tag["value"] for tag in retrainings[0]["tags"] if tag["key"] == REASON_TAG]
    assert "is above the threshold 0.0001" in reason
    forecast = pd.read_parquet(home / "loud-chat" / "next_day_forecast" / f"{today.plus(-1).key}.parquet")
    assert len(forecast) == 24
    assert set(forecast["hour"].dt.date) == {today.date}
    assert set(forecast["trained_through"]) == {today.plus(-1).key}
