"""That a long backfill, which has processes beside it and is killed among their work, is finished by doing it again."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from chat_forecast.pipeline.assets.asset_run import DAYS_PER_COPY
from chat_forecast.pipeline.runs import ALL_ASSETS
from chat_forecast.pipeline.worker_processes import LEAST_DAYS
from chat_forecast_tests.served import wait_for

pytestmark = pytest.mark.sweep

DAYS = LEAST_DAYS
CHAT = """
[chats.club]
source = "simulated"
timezone = "{last.timezone}"
first_day = {first}
training.days = 14
"""
QUESTIONS = {
    "versions": "SELECT count(*) FROM model_versions",
    "runs": "SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'",
    "names of runs": "SELECT count(DISTINCT name) FROM runs",
}


def stored(home):
    return {path: path.read_bytes() for path in (home / "club").glob("*/*.parquet")}


def logged(home):
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection:
        return {name: connection.execute(question).fetchone()[0] for name, question in QUESTIONS.items()}


def processes_of(home):
    found = psutil.process_iter(["environ"])
    return [each.pid for each in found if (each.info["environ"] or {}).get("CHAT_FORECAST_HOME") == str(home)]


def test_a_killed_backfill_leaves_no_process_and_its_repetition_doubles_nothing(tmp_path, with_mlflow, today):
    home, last = with_mlflow(tmp_path), today.plus(-1)
    (home / "chats.toml").write_text(CHAT.format(last=last, first=last.plus(1 - DAYS).key))
    command = [sys.executable, "-m", "chat_forecast.cli", "backfill", "club", "--to", last.key]
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(home)}
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    backfill = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # So many are stored when the copy of the first days has begun, in a process beside.
    wait_for(lambda: len(list((home / "club" / "trained_model").glob("*.parquet"))) > DAYS_PER_COPY, 600, "trainings", 0.05)
    backfill.send_signal(signal.SIGKILL)
    backfill.wait()
    before = stored(home)
    wait_for(lambda: not processes_of(home), 30, "the processes beside it to end")
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = stored(home)
    assert len(before) < len(after) == len(ALL_ASSETS) * DAYS
    assert before.items() <= after.items()
    # The chat's own run, and for each day that of its training and, but for the first, that of its score.
    assert logged(home) == {"versions": DAYS, "runs": 2 * DAYS, "names of runs": 2 * DAYS}
