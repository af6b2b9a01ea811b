"""That a removed chat is named by no byte of the home, killed in the middle or not, and that other chats go on."""

import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing

import dagster as dg
import pytest
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast.pipeline.forgotten_chat import runs_of
from chat_forecast.pipeline.named_chats import tick_without, without
from chat_forecast.settings.paths import Home
from chat_forecast.storage.locks import Locks
from chat_forecast_tests import forked
from chat_forecast_tests.pipeline.shared_runs import run_of

pytestmark = pytest.mark.sweep

LEAVING, STAYING = "leaving-chat", "staying-chat"
CHAT = '[chats.{}]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-05-01\n'
KILLED = """
import os, signal, sys
from chat_forecast.app import forgetting_chat
from chat_forecast.cli import main
def killed(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(forgetting_chat, sys.argv[1], killed)
main(["forget", "leaving-chat", "--yes"])
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A home in which a day of both chats was run, with pages, notices, ticks and a log."""
    root = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CHAT_FORECAST_HOME", str(root))
        patched.delenv("DAGSTER_HOME", raising=False)
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        (root / "chats.toml").write_text(CHAT.format(LEAVING) + "# between\n" + CHAT.format(STAYING))
        for chat in (LEAVING, STAYING):
            for command in (
                ["backfill", chat, "--from", "2026-05-20", "--to", "2026-05-20"],
                ["report", chat],
                ["watch", chat],
            ):
                done = CliRunner().invoke(main, command)
                assert done.exit_code == 0, done.output
    notices = {f"digest/{chat}/2026-05-20": {"service": {"state": "sent"}} for chat in (LEAVING, STAYING)}
    (root / "notified.json").write_text(json.dumps({"notices": notices, "examined": {LEAVING: "a", STAYING: "b"}}))
    for chat in (LEAVING, STAYING):
        (root / f"{chat}-forecast.png").touch()  # as the demo draws it
        assert list((root / ".today" / chat).rglob("*.parquet"))
    (root / "telegram-peers.json").write_text("{}")
    (root / "logs").mkdir(exist_ok=True)
    (root / "logs" / "daemon.log").write_text(f"launched {LEAVING}/2026-05-20\nlaunched {STAYING}/2026-05-20\n")
    with closing(sqlite3.connect(root / "dagster/schedules/schedules.db")) as database:
        for chat in (LEAVING, STAYING):
            body = json.dumps({"tick": {"run_keys": [f"{chat}/2026-05-20"]}})
            row = ("selector", "SUCCESS", "SENSOR", "2026-05-21 00:00:00", body)
            query = "INSERT INTO job_ticks (selector_id, status, type, timestamp, tick_body) VALUES (?, ?, ?, ?, ?)"
            database.execute(query, row)
        database.commit()
    return root


@pytest.fixture
def home(ran, tmp_path, monkeypatch):
    root = tmp_path / "home"
    shutil.copytree(ran, root)
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(root))
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI"):  # as a command in this process left them
        monkeypatch.delenv(name, raising=False)
    return Home.from_environment({"CHAT_FORECAST_HOME": str(root)})


def places_of(home, chat):
    """The files and folders of a home that name a chat: in their paths, or in any of their bytes."""
    files = [path for path in home.root.rglob("*") if not path.name.endswith(".lock")]
    named = [
        path
        for path in files
        if chat in path.relative_to(home.root).as_posix() or (path.is_file() and chat.encode() in path.read_bytes())
    ]
    return sorted({path.relative_to(home.root).as_posix().removesuffix("-wal") for path in named})


def rows(home):
    """How many rows of Dagster's and MLflow's files are about the chat that stays."""
    found = {}
    for path in (*home.dagster_home.rglob("*.db"), home.mlflow_file):
        with closing(sqlite3.connect(path)) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                lines = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name that SQLite gave
                found[path.name, table] = sum(STAYING in str(line) for line in lines)
    return {place: count for place, count in found.items() if count}


def test_no_byte_of_a_removed_chat_is_left_and_the_other_one_is_whole(home):
    assert len(places_of(home, LEAVING)) >= 8
    before, staying = rows(home), places_of(home, STAYING)
    done = CliRunner().invoke(main, ["forget", LEAVING], input="y\n")
    assert done.exit_code == 0, done.output
    for shown in ("1 of raw_messages", "runs in Dagster: 1", "report pages: 1"):
        assert shown in " ".join(done.output.split())
    assert places_of(home, LEAVING) == []
    assert rows(home) == before
    assert places_of(home, STAYING) == staying
    assert CHAT.format(STAYING) in (home.root / "chats.toml").read_text()
    assert CliRunner().invoke(main, ["show", STAYING]).exit_code == 0
    assert "has no chat" in CliRunner().invoke(main, ["forget", LEAVING, "--yes"]).output


def test_what_a_run_of_both_chats_made_of_the_other_one_stays(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster_home))
    with dg.DagsterInstance.get() as instance:
        run = run_of(instance, [LEAVING, STAYING]).run_id
    monkeypatch.delenv("DAGSTER_HOME")
    done = CliRunner().invoke(main, ["forget", LEAVING, "--yes"])
    assert done.exit_code == 0, done.output
    assert "runs in Dagster: 2" in done.output
    assert places_of(home, LEAVING) == []
    with closing(sqlite3.connect(home.dagster_home / "history/runs/index.db")) as database:
        query = "SELECT asset_key FROM event_logs WHERE run_id = ? AND dagster_event_type = 'ASSET_MATERIALIZATION'"
        assert database.execute(query, (run,)).fetchall() == [(json.dumps([STAYING, "hourly_series"]),)]


def test_a_run_of_chats_whose_names_differ_where_an_underscore_stands_is_told_apart(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        mine, other = (run_of(instance, [chat]).run_id for chat in ("a_chat", "abchat"))
    assert runs_of(tmp_path, "a_chat") == [mine] != [other]


@pytest.mark.parametrize("step", ["remove_folder", "forget_in_dagster", "_forget_in_logs"])
def test_killed_in_the_middle_the_same_command_finishes(home, step):
    ended = forked.run(KILLED, step)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert places_of(home, LEAVING)
    done = CliRunner().invoke(main, ["forget", LEAVING, "--yes"])
    assert done.exit_code == 0, done.output
    assert places_of(home, LEAVING) == []


def test_nothing_is_removed_unless_it_is_confirmed_or_while_up_runs(home):
    before = places_of(home, LEAVING)
    done = CliRunner().invoke(main, ["forget", LEAVING], input="n\n")
    assert done.exit_code == 1
    home.locks.mkdir(exist_ok=True)
    import psutil

    (home.locks / "up.json").write_text(json.dumps([[os.getpid(), psutil.Process().create_time()]]))
    refused = CliRunner().invoke(main, ["forget", LEAVING, "--yes"])
    assert refused.exit_code == 1
    assert "up` is running" in refused.output
    assert places_of(home, LEAVING) == before


def test_the_last_chat_leaves_no_file_of_settings(home):
    for chat in (LEAVING, STAYING):
        assert CliRunner().invoke(main, ["forget", chat, "--yes"]).exit_code == 0
    assert not (home.root / "chats.toml").exists() or STAYING not in (home.root / "chats.toml").read_text()


def test_a_cursor_loses_the_chat_alone():
    cursor = json.dumps({LEAVING: 1, STAYING: [LEAVING, STAYING]})
    assert without({"cursor": cursor}, LEAVING) == {"cursor": json.dumps({STAYING: [STAYING]})}


def test_a_tick_about_two_chats_tells_of_the_other_one_alone():
    keys = [f"{LEAVING}/2026-05-20", f"{STAYING}/2026-05-20"]
    tick = {"run_keys": keys, "cursor": json.dumps({LEAVING: 1, STAYING: 2}), "skip_reason": None}
    kept = {"run_keys": keys[1:], "cursor": json.dumps({STAYING: 2}), "skip_reason": None}
    assert tick_without(json.dumps(tick), LEAVING) == json.dumps(kept)
    for gone in ({**tick, "run_keys": keys[:1]}, {**tick, "skip_reason": f"{LEAVING}: it cannot be read"}):
        assert tick_without(json.dumps(gone), LEAVING) is None
    assert tick_without(json.dumps(kept), LEAVING) == json.dumps(kept)


@pytest.mark.parametrize("chat", ["cursor", "last_run_key", "timestamp"])
def test_a_chat_with_the_name_of_a_field_of_dagsters_leaves_that_field(chat):
    state = {"last_run_key": f"{chat}/2026-05-20", "timestamp": 1.0, "cursor": json.dumps({chat: 1, STAYING: 2})}
    assert without(state, chat) == {"last_run_key": None, "timestamp": 1.0, "cursor": json.dumps({STAYING: 2})}


def test_a_chat_that_a_command_is_running_is_left_alone(home):
    before = places_of(home, LEAVING)
    with Locks(home.locks).hold(f"{LEAVING}.command"):
        done = CliRunner().invoke(main, ["forget", LEAVING, "--yes"])
    assert done.exit_code == 1
    assert f"{LEAVING}: another command is running it" in done.output
    assert places_of(home, LEAVING) == before
