"""The real daemon, webserver, backfill, schedule and sensor, on an instance on disk: one home, started three times.

The first time a backfill is launched from the UI, and the machine dies in the middle of another one. Then a day's score
fails while no daemon is there. The second time ends with a closed terminal.
"""

import contextlib
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from chat_forecast.pipeline.runs import ALL_ASSETS, CATCH_UP, CHAT_TAG, KIND_TAG, REASON_TAG, RETRAINING, range_tags
from chat_forecast.pipeline.schedules import schedule_name
from chat_forecast_tests.receiver import receiving
from chat_forecast_tests.served import open_to_others, served, wait_for

DAYS = 6
DAYS_OF_OTHER = 15
"""A run over them takes some seconds, so that it can be killed on the way."""
NIGHTS_OFF = 10
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
first_day = {first_of_other}

[chats.was-off]
source = "simulated"
timezone = "{zone}"
first_day = {first_of_off}
"""
RETRAININGS = [{"key": CHAT_TAG, "value": "loud-chat"}, {"key": KIND_TAG, "value": RETRAINING}]
CAUGHT_UP = [{"key": CHAT_TAG, "value": "was-off"}, {"key": KIND_TAG, "value": CATCH_UP}]
WHILE_NO_DAEMON_WAS_THERE = """
import dagster as dg
from chat_forecast.cli.base import Workplace
from chat_forecast.pipeline.compat import NOT_FINISHED_STATUSES
from chat_forecast.pipeline.runs import CHAT_TAG, DAY_ASSETS
from chat_forecast.app.runs import opened
from chat_forecast.domain.local_day import LocalDay
place = Workplace()
loud, off = place.chat("loud-chat"), place.chat("was-off")
day = place.yesterday(loud)
with opened(place.home, place.chats) as runner:
    # Whether the sensor came to the chat's last night before the machine died is chance.
    for run in runner.instance.get_runs(dg.RunsFilter(tags={{CHAT_TAG: loud.slug}}, statuses=NOT_FINISHED_STATUSES)):
        runner.instance.report_run_canceled(run)
    runner.materialise(loud, DAY_ASSETS, day, day)
    runner.backfill(off, LocalDay(off.first_day, off.timezone), day.plus(-{nights}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, today):
    """A home with three chats that begin some days ago."""
    home = tmp_path_factory.mktemp("home")
    days = {"first": -1 - DAYS, "first_of_other": -1 - DAYS_OF_OTHER, "first_of_off": -2 - NIGHTS_OFF}
    firsts = {name: today.plus(number).key for name, number in days.items()}
    (home / "chats.toml").write_text(CHATS.format(zone=today.timezone, **firsts))
    return home


@pytest.fixture(scope="module")
def first_start(home, today):
    """The runs of a backfill of one chat, and what the schedule asks for; then a run of the other chat is killed."""
    first, last = today.plus(-1 - DAYS), today.plus(-2)
    with served(home) as system:
        backfill = system.backfill("loud-chat", ALL_ASSETS, [day.key for day in first.until(last)])
        of_backfill = [{"key": "dagster/backfill", "value": backfill}]
        wait_for(lambda: system.have_ended(tags=of_backfill), 240, "the backfill's run to end")
        runs, failures = system.runs(tags=of_backfill), system.failures()
        requests = system.dry_run(schedule_name(today.timezone), today.start.timestamp() + 60)
        system.launch("other", ALL_ASSETS, range_tags(today.plus(-1 - DAYS_OF_OTHER), last))
        wait_for(lambda: [run for run in of_other(system) if run["status"] == "STARTED"], 120, "the run to start")
        system.kill()
    return runs, failures, requests


@pytest.fixture(scope="module")
def second_start(home, first_start):
    """The runs after a score had failed while no daemon was there, nights were missed, and a run's process had died."""
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(home)}
    code = WHILE_NO_DAEMON_WAS_THERE.format(nights=NIGHTS_OFF)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=180)
    with receiving() as receiver, pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("CHAT_FORECAST_NOTIFY_URL", receiver.url)
        system = stack.enter_context(served(home, signal.SIGHUP))  # as a terminal that is closed
        wait_for(lambda: system.have_ended(tags=RETRAININGS), 180, "the retraining")
        wait_for(lambda: [run for run in of_other(system) if run["status"] == "SUCCESS"], 240, "the killed run, tried again")
        wait_for(lambda: system.have_ended(tags=CAUGHT_UP), 240, "the missed nights")
        notices = wait_for(lambda: [title for title in receiver.titles if "was-off" in title], 200, "the notice")
        return of_other(system), system.failures(), system.runs(tags=CAUGHT_UP), notices


@pytest.fixture(scope="module")
def third_start(home, second_start):
    """The retrainings after one more tick of the sensor."""
    with served(home) as system:
        before = system.ticks("retraining")
        wait_for(lambda: system.ticks("retraining") > before, 120, "a tick of the sensor after the restart")
        return system.runs(tags=RETRAININGS), system.failures(), open_to_others(home)


def of_other(system):
    """The runs of the chat whose run is killed, newest first, without a retraining and the night that it had missed."""
    runs = system.runs(tags=[{"key": CHAT_TAG, "value": "other"}])
    return [run for run in runs if not {CATCH_UP, RETRAINING}.intersection(tag["value"] for tag in run["tags"])]


def test_a_backfill_from_the_ui_is_one_run(first_start):
    runs, failures, _ = first_start
    assert [run["status"] for run in runs] == ["SUCCESS"], failures
    assert {tuple(asset["path"]) for asset in runs[0]["assetSelection"]} == {("loud-chat", name) for name in ALL_ASSETS}


def test_just_after_midnight_the_schedule_asks_for_the_day_that_ended(first_start, today):
    _, _, requests = first_start
    asked = [(request["dagster/partition"], request[CHAT_TAG]) for request in requests]
    assert asked == [(today.plus(-1).key, "loud-chat"), (today.plus(-1).key, "was-off")]


def test_a_run_whose_machine_died_is_failed_at_the_next_start_and_tried_again(second_start):
    runs, failures, *_ = second_start
    assert [run["status"] for run in runs] == ["SUCCESS", "FAILURE"], failures


def test_ten_missed_nights_are_one_run_ten_scores_and_one_digest(second_start, home, today):
    *_, runs, notices = second_start
    assert [run["status"] for run in runs] == ["SUCCESS"]
    nights = list(today.plus(-NIGHTS_OFF).until(today.plus(-1)))
    scores = [pd.read_parquet(home / "was-off" / "daily_score" / f"{night.key}.parquet") for night in nights]
    assert [int(score["hours_scored"].iloc[0]) for score in scores] == [night.hours.size for night in nights]
    assert sum("messages expected on" in title for title in notices) == 1


def test_a_score_that_failed_while_no_daemon_was_there_leads_to_one_retraining_over_a_restart(third_start, home, today):
    retrainings, failures, _ = third_start
    partitions = [tag["value"] for run in retrainings for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert [run["status"] for run in retrainings] == ["SUCCESS"], failures
    assert partitions == [today.plus(-1).key]
    (reason,) = [tag["value"] for tag in retrainings[0]["tags"] if tag["key"] == REASON_TAG]
    assert "is above the threshold 0.0001" in reason
    forecast = pd.read_parquet(home / "loud-chat" / "next_day_forecast" / f"{today.plus(-1).key}.parquet")
    assert len(forecast) == 24
    assert set(forecast["hour"].dt.date) == {today.date}
    assert set(forecast["trained_through"]) == {today.plus(-1).key}


def test_all_that_servers_and_their_runs_made_is_their_owner_s_alone(third_start, home):
    *_, readable = third_start
    assert readable == open_to_others(home) == []
