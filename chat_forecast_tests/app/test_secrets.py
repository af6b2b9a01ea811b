"""Marked secrets, and every command, a night, and a failure of each service: no byte of them is written, listed or answered.

The files that are secrets themselves, and the configuration, are left out.
"""

import json
import os
import subprocess
from urllib.parse import quote

import psutil
import pytest

from chat_forecast.app.serving.commands import MLFLOW, commands
from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.settings.paths import Home
from chat_forecast_tests.commands import all_commands, run_commands
from chat_forecast_tests.hostile import ask
from chat_forecast_tests.loopback import LoopbackTelegram, error
from chat_forecast_tests.receiver import receiving
from chat_forecast_tests.served import served, wait_for

pytestmark = pytest.mark.sweep

API_HASH = "deadbeefdeadbeef0badc0de0badc0de"
DATABASE, TOKEN, PASSWORD, HEARTBEAT = "dB-pa55w0rd-1", "t0k3n-0f-a-h00k", "pa55w0rd-0f-a-h00k", "b3a7-0f-a-h3art"
KEY = "5ec7e7" * 10 + "cafe"
OWN_FILES = {"chats.toml", "pseudonym.key"}


@pytest.fixture(scope="module")
def session():
    """A login, which Telegram says has ended when it is first used."""
    with LoopbackTelegram() as telegram:
        telegram.plan("GetDialogsRequest", error(401, "SESSION_REVOKED"))
        yield telegram.session()


@pytest.fixture(scope="module")
def receiver():
    """A service that refuses what it is sent; its address is all secret."""
    with receiving() as receiver:
        receiver.status = 500
        yield receiver


@pytest.fixture(scope="module")
def environment(tmp_path_factory, receiver, session, today):
    """A home with three chats, and every secret that the program knows."""
    home = tmp_path_factory.mktemp("home")
    chats = {"loud": ("simulated", -2), "far": ("telegram", -1)}
    (home / "chats.toml").write_text(
        "".join(
            f'[chats.{slug}]\nsource = "{source}"\ntimezone = "{today.timezone}"\nfirst_day = {today.plus(begin).key}\n'
            for slug, (source, begin) in chats.items()
        )
    )
    (home / "pseudonym.key").write_text(f"{KEY}\n")
    (home / "table.csv").write_text("date,from\n2026-01-01 10:00,ann\n2026-01-02 11:00,bob\n")
    notify = f"json://user:{PASSWORD}@127.0.0.1:{receiver.port}/{TOKEN}"
    return {
        **{name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")},
        "CHAT_FORECAST_HOME": str(home),
        "TELEGRAM_API_ID": "12345",
        "TELEGRAM_API_HASH": API_HASH,
        "TELEGRAM_SESSION": session,
        "CHAT_FORECAST_NOTIFY_URL": notify,
        "CHAT_FORECAST_HEARTBEAT_URL": f"http://127.0.0.1:{receiver.port}/ping/{HEARTBEAT}",
        "CHAT_FORECAST_HEARTBEAT_URL_LOUD": f"http://127.0.0.1:9/ping/{HEARTBEAT}-loud",
    }


@pytest.fixture(scope="module")
def expect_no_secret(session):
    """See that a text or some bytes hold none of the secrets."""
    secrets = [API_HASH, session, KEY, DATABASE, TOKEN, PASSWORD, HEARTBEAT]

    def expect(said, where):
        said = said if isinstance(said, bytes) else said.encode()
        for secret in secrets:
            for spelled in (secret, quote(secret, safe="")):
                at = said.find(spelled.encode())
                assert at < 0, f"{where}: {said[max(0, at - 200) : at]!r} and then a secret"

    return expect


@pytest.fixture(scope="module")
def said(environment, today):
    """What every command says where no service can be used: one process after the other would take a minute."""
    day = today.plus(-1).key
    home = environment["CHAT_FORECAST_HOME"]
    asked = [
        ["run", "loud"], ["run", "far"], ["status"], ["status", "--json"], ["show", "loud"], ["backfill", "loud"],
        ["report", "loud"], ["rescore", "loud"], ["notify"], ["notify", "--json"], ["notify", "--test"], ["demo"],
        ["import", "old", f"{home}/table.csv", "--timezone", today.timezone], ["imports", "old"], ["gaps", "old"],
        ["forget", "old", "--sender", "ann"], ["now", "loud"], ["watch", "far"],
        ["backtest", "loud", "--days", "1"], ["timezone", "old", "UTC"], ["prune"], ["completion", "bash"], ["chats"],
        ["instance", "distributed", "--write", f"{home}/deployment"],
        ["add", "new", "@somebody", "--timezone", "UTC", "--first-day", day], ["logout"], ["login"], ["up", "--host", "x"],
    ]  # fmt: skip
    assert {arguments[0] for arguments in asked} == set(all_commands()), "a command is left out"
    uri = f"postgresql+psycopg2://ann:{DATABASE}@127.0.0.1:9/mlflow"
    away = {**environment, "MLFLOW_TRACKING_URI": uri, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    return "\n".join(run_commands(asked, away))


def test_no_command_says_a_secret(said, expect_no_secret):
    expect_no_secret(said, "a command")
    assert "Refused by json://***." in said
    assert "SESSION_REVOKED" in said or "chat-forecast login" in said


def test_a_store_that_cannot_be_used_is_named_without_its_password(environment, expect_no_secret):
    home = Home.from_environment(environment)
    uri = f"postgresql+psycopg2://ann:{DATABASE}@127.0.0.1:9/mlflow"
    command = commands(home, Endpoint(1), Endpoint(2), Endpoint(3))[MLFLOW]
    expect_no_secret(" ".join(command), "the arguments of MLflow")
    ended = subprocess.run(
        command, env={**environment, "MLFLOW_TRACKING_URI": uri}, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 1
    assert "psycopg2" in ended.stderr
    expect_no_secret(ended.stdout + ended.stderr, "MLflow's log")


def test_no_file_process_or_answer_holds_a_secret_while_everything_runs(said, environment, expect_no_secret):
    home = Home.from_environment(environment)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        (home.root / "notified.json").unlink()  # instead of waiting until it is tried again
        with served(home.root) as system:
            wait_for(
                lambda: "Refused, and tried again" in (home.root / "logs" / "dagster-daemon.log").read_text(), 60, "a tick"
            )
            processes = [
                system.process.pid,
                *(each.pid for each in psutil.Process(system.process.pid).children(recursive=True)),
            ]
            assert len(processes) > 5
            for pid in processes:
                expect_no_secret(" ".join(psutil.Process(pid).cmdline()), f"process {pid}")
            for answer in answers(system):
                expect_no_secret(answer, "an answer")
    files = [path for path in home.root.rglob("*") if path.is_file() and path.name not in OWN_FILES]
    assert {"schedules.db", "notified.json", "dagster-daemon.log"} <= {path.name for path in files}
    for path in files:
        expect_no_secret(path.read_bytes(), path)


def answers(system):
    """What the three servers give away: pages, and all that Dagster and MLflow tell of runs, events and ticks."""
    yield from (ask(f"{url}/")[1] for url in (system.dagster, system.mlflow, system.reports))
    yield ask(f"{system.reports}/loud.en.html")[1]
    yield from system.failures()
    ticks = "{ sensorsOrError(repositorySelector: {repositoryName: \"__repository__\", repositoryLocationName: " \
        "\"chat_forecast\"}) { ... on Sensors { results { name sensorState { ticks { status skipReason error { message " \
        "stack } } } } } } }"  # fmt: skip
    told = json.dumps(system.ask(ticks))
    assert "json://***" in told
    yield told
    yield json.dumps(system.ask("{ instance { info } }"))
    events = "{ runsOrError { ... on Runs { results { runConfigYaml tags { key value } eventConnection { events { " \
        "... on MessageEvent { message } } } } } } }"  # fmt: skip
    yield json.dumps(system.ask(events))
    kind = {"Content-Type": "application/json"}
    for what in ("experiments", "registered-models"):
        yield ask(f"{system.mlflow}/api/2.0/mlflow/{what}/search", "POST", '{"max_results": 9}', **kind)[1]
    yield ask(f"{system.mlflow}/api/3.0/mlflow/server-info")[1]
