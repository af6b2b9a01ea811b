"""Two commands at once, as processes of their own: one waits, or is refused in a sentence, and nothing is doubled."""

import os
from datetime import UTC, date, datetime
from itertools import pairwise

import dagster as dg
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import ALL_ASSETS, CHAT_TAG, DAY_ASSETS, range_tags
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast_tests import forked
from chat_forecast_tests.kills.stored import found_in
from chat_forecast_tests.served import free_ports, served, wait_for

CHATS = '[chats.{slug}]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-03-01\n'
BUSY = "runs of a chat never overlap"

pytestmark = pytest.mark.sweep


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (tmp_path / "chats.toml").write_text("".join(CHATS.format(slug=slug) for slug in ("one", "two")))
    return Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})


def at_once(*commands):
    """Run commands at the same moment; gives the exit code and the words of each."""
    processes = [forked.Forked(forked.COMMAND, *command) for command in commands]
    ended = [process.ended(600) for process in processes]
    return [(each.returncode, each.stdout + each.stderr) for each in ended]


def test_commands_in_a_fresh_home_make_it_once(home):
    backfill = ("backfill", "--from", "2026-03-01", "--to", "2026-03-01")
    ended = at_once((backfill[0], "one", *backfill[1:]), (backfill[0], "two", *backfill[1:]), ("status",))
    assert [code for code, _ in ended[:2]] == [0, 0], ended
    assert "Traceback" not in "".join(said for _, said in ended)
    for slug in ("one", "two"):
        assert len(ChatStorage(home.storage_url, slug, "UTC", Locks(home.locks)).days("hourly_series")) == 1


def test_of_two_backfills_of_the_same_days_one_is_refused_and_nothing_is_doubled(home, with_mlflow):
    with_mlflow(home.root)
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


def test_two_first_imports_at_once_make_one_archive_with_both(home, tmp_path):
    for number, name in enumerate(("first", "second")):
        rows = [f"2026-03-0{1 + number}T10:{minute:02d}:00Z,{100 * number + minute}" for minute in range(30)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sent_at,message_id", *rows]) + "\n")
    (home.root / "chats.toml").unlink()
    ended = at_once(
        *(("import", "club", str(tmp_path / f"{name}.csv"), "--timezone", "UTC") for name in ("first", "second"))
    )
    assert "Traceback" not in "".join(said for _, said in ended)
    assert [code for code, _ in ended] == [0, 0], ended
    archive = Archive(home.storage_url, "club")
    assert len(archive.read().messages) == 60
    assert len(archive.ledger.imports) == 2
    (chat,) = load_chats(home.chats_file, date(2026, 11, 1))
    assert chat.first_day == date(2026, 3, 1)


def test_a_backfill_over_a_run_of_the_same_chat_is_refused_or_waits_and_nothing_is_doubled(home, with_mlflow):
    with_mlflow(home.root)
    ended = at_once(("run", "one", "--day", "2026-03-02"), ("backfill", "one", "--from", "2026-03-01", "--to", "2026-03-02"))
    assert "Traceback" not in "".join(said for _, said in ended)
    assert all(code == 0 or BUSY in " ".join(said.split()) for code, said in ended), ended
    storage = ChatStorage(home.storage_url, "one", "UTC", Locks(home.locks))
    for day in storage.days("merged_history"):
        counted = storage.frame("hourly_series", day)["messages"].sum()
        messages = storage.messages("merged_history", day).messages
        assert messages["message_id"].is_unique
        assert counted == len(messages)


def test_a_night_two_backfills_and_a_second_up_at_once_wait_or_are_refused_and_double_nothing(home, with_all_made):
    """A run as the schedule's, a backfill of the UI and one of a command, of the same days, while the daemon is at work."""
    yesterday = LocalDay.containing(datetime.now(UTC), "UTC").plus(-1)
    days = list(yesterday.plus(-2).until(yesterday))
    with_all_made(home.root)
    (home.root / "chats.toml").write_text(CHATS.format(slug="one").replace("2026-03-01", days[0].key))
    keys = [day.key for day in days]
    with served(home.root) as up:
        up.launch("one", DAY_ASSETS, range_tags(days[0], days[-1]))
        up.backfill("one", ALL_ASSETS, keys)
        (code, said), (second, refused) = at_once(
            ("backfill", "one", "--from", keys[0], "--to", keys[-1]), ("up", "--port", str(free_ports(1)[0]))
        )
        assert code == 0 or BUSY in " ".join(said.split()), said
        assert (second, "is running already on" in " ".join(refused.split())) == (1, True), refused
        wait_for(lambda: len(up.runs()) >= 2 and up.have_ended(), 240, "both runs end")
        query = "{ runsOrError { ... on Runs { results { status startTime endTime } } } }"
        runs = sorted(up.ask(query)["runsOrError"]["results"], key=lambda run: run["startTime"])
    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert all(one["endTime"] <= other["startTime"] for one, other in pairwise(runs))
    found = found_in(home.root, "one")
    models = found["versions of the model"]
    assert len(models) == len(set(models)) == len({through for _, _, through, _ in models})
    logged = [run for run in found["MLflow's runs"] if run[0] in ("score", "training")]
    assert len(logged) == len({run[:3] for run in logged})
    storage = ChatStorage(home.storage_url, "one", "UTC", Locks(home.locks))
    for day in days:
        messages = storage.messages("merged_history", day).messages
        assert messages["message_id"].is_unique
        assert storage.frame("hourly_series", day)["messages"].sum() == len(messages)
