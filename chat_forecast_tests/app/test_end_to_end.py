"""The real daemon, webserver, backfill, schedule and sensor, on an instance on disk: one home, started twice.

Before the first start a day's score has failed, and nights were missed. During it a backfill is launched from the UI, and
the machine dies in the middle of a run. The second time ends with a closed terminal.
"""

import signal

import pandas as pd
import pytest

from chat_forecast.app.runs import opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import (
    ALL_ASSETS,
    CATCH_UP,
    CHAT_TAG,
    DAY_ASSETS,
    KIND_TAG,
    REASON_TAG,
    RETRAINING,
    range_tags,
)
from chat_forecast.pipeline.schedules import schedule_name
from chat_forecast.settings.reading import load_chats
from chat_forecast_tests.at_home import at_home
from chat_forecast_tests.receiver import receiving
from chat_forecast_tests.served import open_to_others, served, wait_for

DAYS = 3
DAYS_OF_OTHER = 8
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


@pytest.fixture(scope="module")
def home(tmp_path_factory, with_all_made, today):
    """A home with three chats; of one a score failed, and one missed some nights, while no daemon was there."""
    root = with_all_made(tmp_path_factory.mktemp("home"))
    days = {"first": -1 - DAYS, "first_of_other": -1 - DAYS_OF_OTHER, "first_of_off": -2 - NIGHTS_OFF}
    firsts = {name: today.plus(number).key for name, number in days.items()}
    (root / "chats.toml").write_text(CHATS.format(zone=today.timezone, **firsts))
    loud, _, off = chats = load_chats(root / "chats.toml", today.date)
    with at_home(root) as home, opened(home, chats) as runner:
        runner.backfill(loud, LocalDay(loud.first_day, loud.timezone), today.plus(-2))
        runner.materialise(loud, DAY_ASSETS, today.plus(-1), today.plus(-1))
        runner.backfill(off, LocalDay(off.first_day, off.timezone), today.plus(-1 - NIGHTS_OFF))
    return root


@pytest.fixture(scope="module")
def first_start(home, today):
    """What becomes of the score and the nights, and of a backfill of the third chat; then a run of that one is killed."""
    last = today.plus(-2)
    with receiving() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAT_FORECAST_NOTIFY_URL", receiver.url)
        with served(home) as system:
            backfill = system.backfill("other", ALL_ASSETS, [day.key for day in last.plus(-2).until(last)])
            of_backfill = [{"key": "dagster/backfill", "value": backfill}]
            wait_for(lambda: system.have_ended(tags=RETRAININGS), 180, "the retraining")
            wait_for(lambda: system.have_ended(tags=CAUGHT_UP), 240, "the missed nights")
            wait_for(lambda: system.have_ended(tags=of_backfill), 240, "the backfill's run to end")
            found = {"backfill": system.runs(tags=of_backfill), "caught up": system.runs(tags=CAUGHT_UP)}
            found["asked"] = system.dry_run(schedule_name(today.timezone), today.end.timestamp() + 60)
            wait_for(lambda: digests(receiver), 200, "the digest")
            found["failures"] = system.failures()
            system.launch("other", ALL_ASSETS, range_tags(today.plus(-1 - DAYS_OF_OTHER), last))
            wait_for(lambda: [run for run in of_other(system) if run["status"] == "STARTED"], 120, "the run to start")
            found["digests"] = digests(receiver)
            system.kill()
    return found


@pytest.fixture(scope="module")
def second_start(home, first_start):
    """The runs of the third chat after a run's process had died, and the retrainings after one more tick of the sensor."""
    with served(home, signal.SIGHUP) as system:  # as a terminal that is closed
        before = len(system.ticks("retraining"))
        wait_for(lambda: [run for run in of_other(system) if run["status"] == "SUCCESS"], 240, "the killed run, tried again")
        wait_for(lambda: len(system.ticks("retraining")) > before, 120, "a tick of the sensor after the restart")
        found = {"of other": of_other(system), "retrainings": system.runs(tags=RETRAININGS)}
        return {**found, "failures": system.failures(), "open": open_to_others(home)}


def digests(receiver):
    """The forecasts that were sent of the chat that missed some nights."""
    return [title for title in receiver.titles if "was-off" in title and "messages expected on" in title]


def of_other(system):
    """The runs of the chat whose run is killed, newest first: the one that was launched, and its successors."""
    runs = system.runs(tags=[{"key": CHAT_TAG, "value": "other"}])
    own = ("dagster/backfill", KIND_TAG)
    return [run for run in runs if not any(tag["key"] in own for tag in run["tags"])]


def test_a_backfill_from_the_ui_is_one_run(first_start):
    runs = first_start["backfill"]
    assert [run["status"] for run in runs] == ["SUCCESS"], first_start["failures"]
    assert {tuple(asset["path"]) for asset in runs[0]["assetSelection"]} == {("other", name) for name in ALL_ASSETS}


def test_just_after_midnight_the_schedule_asks_for_the_day_that_ended(first_start, today):
    asked = [(request["dagster/partition"], request[CHAT_TAG]) for request in first_start["asked"]]
    assert asked == [(today.key, "loud-chat"), (today.key, "was-off")]


def test_a_run_whose_machine_died_is_failed_at_the_next_start_and_tried_again(second_start):
    runs = second_start["of other"]
    assert [run["status"] for run in runs] == ["SUCCESS", "FAILURE"], second_start["failures"]


def test_ten_missed_nights_are_one_run_ten_scores_and_one_digest(first_start, home, today):
    assert [run["status"] for run in first_start["caught up"]] == ["SUCCESS"], first_start["failures"]
    nights = list(today.plus(-NIGHTS_OFF).until(today.plus(-1)))
    scores = [pd.read_parquet(home / "was-off" / "daily_score" / f"{night.key}.parquet") for night in nights]
    assert [int(score["hours_scored"].iloc[0]) for score in scores] == [night.hours.size for night in nights]
    assert len(first_start["digests"]) == 1


def test_a_score_that_failed_while_no_daemon_was_there_leads_to_one_retraining_over_a_restart(second_start, home, today):
    retrainings = second_start["retrainings"]
    partitions = [tag["value"] for run in retrainings for tag in run["tags"] if tag["key"] == "dagster/partition"]
    assert [run["status"] for run in retrainings] == ["SUCCESS"], second_start["failures"]
    assert partitions == [today.plus(-1).key]
    (reason,) = [tag["value"] for tag in retrainings[0]["tags"] if tag["key"] == REASON_TAG]
    assert "is above the threshold 0.0001" in reason
    forecast = pd.read_parquet(home / "loud-chat" / "next_day_forecast" / f"{today.plus(-1).key}.parquet")
    assert len(forecast) == 24
    assert set(forecast["hour"].dt.date) == {today.date}
    assert set(forecast["trained_through"]) == {today.plus(-1).key}


def test_all_that_servers_and_their_runs_made_is_their_owner_s_alone(second_start, home):
    assert second_start["open"] == open_to_others(home) == []
