"""Two commands at once, as real processes: one waits, or is refused in a sentence, and nothing is doubled."""

import os
import subprocess
import sys

import dagster as dg
import pytest

from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.settings.paths import Home
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage

CHATS = '[chats.{slug}]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-03-01\n'
CLI = (sys.executable, "-m", "chat_forecast.cli")
BUSY = "runs of a chat never overlap"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (tmp_path / "chats.toml").write_text("".join(CHATS.format(slug=slug) for slug in ("one", "two")))
    return Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})


def at_once(*commands):
    """Run commands at the same moment; gives the exit code and the words of each."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "chat_forecast.cli", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in commands
    ]
    words = [process.communicate(timeout=120)[0] for process in processes]
    return [(process.returncode, said) for process, said in zip(processes, words, strict=True)]


def test_commands_in_a_fresh_home_make_it_once(home):
    backfill = ("backfill", "--from", "2026-03-01", "--to", "2026-03-01")
    ended = at_once((backfill[0], "one", *backfill[1:]), (backfill[0], "two", *backfill[1:]), ("status",))
    assert [code for code, _ in ended[:2]] == [0, 0], ended
    assert "Traceback" not in "".join(said for _, said in ended)
    for slug in ("one", "two"):
        assert len(ChatStorage(home.storage_url, slug, "UTC", Locks(home.locks)).days("hourly_series")) == 1


def test_of_two_backfills_of_the_same_days_one_is_refused_and_nothing_is_doubled(home):
    backfill = ("backfill", "one", "--from", "2026-03-01", "--to", "2026-03-03")
    ended = at_once(backfill, backfill)
    codes = sorted(code for code, _ in ended)
    assert codes in ([0, 0], [0, 1]), ended  # the second one may come when the first has ended
    refused = [said for code, said in ended if code == 1]
    assert all(BUSY in " ".join(said.split()) and "Traceback" not in said for said in refused)
    os.environ["DAGSTER_HOME"] = str(home.dagster_home)
    try:
        with dg.DagsterInstance.get() as instance:
            runs = instance.get_runs(dg.RunsFilter(tags={CHAT_TAG: "one"}))
    finally:
        del os.environ["DAGSTER_HOME"]
    assert len(runs) == codes.count(0)
    assert all(run.is_success for run in runs)
