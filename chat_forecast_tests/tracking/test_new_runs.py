"""That runs which are written at once are, row for row, those that MLflow's client would have made."""

import re
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS
from chat_forecast.tracking import known_tables
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger
from chat_forecast_tests.tracking.stored import FIRST, make_chat, make_storage, store_scored_day, store_training

DAYS = [FIRST.plus(number) for number in range(1, 6)]
TABLES = (
    "runs",
    "tags",
    "metrics",
    "latest_metrics",
    "datasets",
    "inputs",
    "input_tags",
    "logged_model_metrics",
    "logged_model_tags",
    "params",
)
TIMES = {"start_time", "end_time"}


@pytest.fixture
def make_home(tmp_path, with_mlflow):
    """Make a home with some scored days, of which two have a model, and an MLflow of its own."""

    def make(name):
        chat = make_chat("book-club")
        storage = make_storage(tmp_path / name, chat)
        model = store_training(storage, FIRST)
        assert model
        for number, day in enumerate(DAYS):
            through = FIRST.key if number < 2 else "2026-01-01"
            store_scored_day(storage, day, messages=number, trained_through=through)
        folder = with_mlflow(tmp_path / name) / "mlflow"
        return chat, storage, Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))

    return make


def rows_of(tracking, home):
    """The rows of MLflow's tables, with names in the place of ids."""
    with closing(sqlite3.connect(tracking.file)) as connection:
        connection.row_factory = sqlite3.Row
        named = [
            *connection.execute("SELECT run_uuid, 'run ' || name FROM runs"),
            *connection.execute("SELECT dataset_uuid, 'dataset ' || name FROM datasets"),
            *connection.execute("SELECT model_id, 'model ' || name FROM logged_models"),
        ]
        names = dict(named)
        for identity, source, used in connection.execute("SELECT input_uuid, source_id, destination_id FROM inputs"):
            names[identity] = f"input {names.get(source, source)} of {names.get(used, used)}"
        ids = re.compile("|".join(names))

        def plain(row, name):
            if name in TIMES and row["name"] in ("all days", f"training {FIRST.key}"):
                return "a time"
            value = row[name]
            return (
                ids.sub(lambda found: names[found.group()], value.replace(str(home), "home"))
                if isinstance(value, str)
                else value
            )

        return {
            table: Counter(
                tuple((name, plain(row, name)) for name in row.keys())  # noqa: SIM118 - a row of SQLite is no mapping
                for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of this module
            )
            for table in TABLES
        }


def files_of(storage, tracking):
    """The files of each day's run."""
    runs = {day: logged.run for day, logged in Ledger.load(storage).scores.items()}
    folders = {day: tracking.file.parent / "artifacts" / "book-club" / run / "artifacts" for day, run in runs.items()}
    return {day: {file.name: file.read_bytes() for file in folder.iterdir()} for day, folder in folders.items()}


def plot(day):
    return f"a plot of {day.key}".encode() if day == DAYS[-1] else None


def test_runs_written_at_once_are_those_that_the_client_makes(tmp_path, make_home, monkeypatch):
    found = []
    for name, revision in (("at-once", known_tables.TABLES), ("by-client", "another")):
        chat, storage, tracking = make_home(name)
        monkeypatch.setattr(known_tables, "revision_of_tables", lambda revision=revision: revision)
        assert catch_up(tracking, chat, storage, draw_score=plot) == CaughtUp(len(DAYS), 1)
        changed = {
            DAYS[0]: 30,
            DAYS[-1]: 0,
        }  # an older one, and the newest, of which less is known now
        for day, messages in changed.items():
            store_scored_day(storage, day, messages=messages, verdict=dict.fromkeys(VERDICT_COLUMNS))
        assert catch_up(tracking, chat, storage, draw_score=plot) == CaughtUp(len(changed), 0)
        found.append((rows_of(tracking, tmp_path / name), files_of(storage, tracking)))
    (rows, files), (by_client, files_by_client) = found
    for table in TABLES:
        assert rows[table] == by_client[table], table
    assert sum(rows["logged_model_metrics"].values()) > 0
    assert {row for row in rows["latest_metrics"] if dict(row)["is_nan"] and "all days" in dict(row)["run_uuid"]}
    assert files == files_by_client
    assert sorted(files[DAYS[-1].key]) == ["forecast.png", "hours.json"]


def test_these_are_the_tables_of_this_mlflow():
    assert known_tables.revision_of_tables() == known_tables.TABLES


def test_a_run_that_was_deleted_is_written_again_beside_the_datasets_that_are_there(make_home):
    chat, storage, tracking = make_home("home")
    catch_up(tracking, chat, storage)
    before = Ledger.load(storage).scores
    with tracking.open("delete a run") as client:
        client.delete_run(before[DAYS[0].key].run)
        client.delete_run(Ledger.load(storage).run)
    assert catch_up(tracking, chat, storage).scores == len(DAYS)
    assert Ledger.load(storage).scores[DAYS[0].key].run != before[DAYS[0].key].run
    with closing(sqlite3.connect(tracking.file)) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT name || digest) FROM datasets").fetchone() == (6, 6)
