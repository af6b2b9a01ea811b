"""That what a long run stores is copied to MLflow on the way, and that one which MLflow does not serve waits for it once."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.assets.asset_run import DAYS_PER_COPY
from chat_forecast.pipeline.assets.tracking import MlflowCopy
from chat_forecast.pipeline.runs import LATER_TAG
from chat_forecast.pipeline.worker_processes import NO_WORKERS, workers_for
from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.tracking.stored import VERDICT, make_chat, make_storage, store_scored_day

PASSED = VERDICT | {"verdict_passed": True}
LAST = LocalDay.parse("2026-05-31", "Europe/Moscow")


class Run:
    """As much of an asset's run as is copied: its days, and what it says and links."""

    asset = "daily_score"

    def __init__(self, folder, tracking, days, **tags):
        self.chat = make_chat("book-club")
        self.storage = make_storage(folder, self.chat)
        self.stores = SimpleNamespace(tracking=tracking)
        self.days = list(LAST.plus(1 - days).until(LAST))
        self.context = SimpleNamespace(log=logging.getLogger("run"), run=SimpleNamespace(tags=tags))
        self.linked = []

    def describe(self, metadata):
        self.linked += metadata


@pytest.fixture
def said(caplog):
    caplog.set_level("INFO", logger="run")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "run"]


@pytest.fixture
def tracking(tmp_path, with_mlflow):
    """A store that is there, with its artifacts beside it."""
    folder = with_mlflow(tmp_path) / "mlflow"
    return Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))


@pytest.fixture
def away(tmp_path):
    """A store that cannot be there: its folder is a file."""
    (tmp_path / "file").write_text("")
    return Tracking(f"sqlite:///{tmp_path}/file/mlflow.db")


def test_a_long_run_is_copied_on_the_way_by_another_process_and_the_rest_at_its_end(tmp_path, said, tracking):
    run = Run(tmp_path, tracking, 2 * DAYS_PER_COPY)
    with workers_for(len(run.days)) as workers:
        copy = MlflowCopy(run, workers)
        store_scored_day(run.storage, run.days[0])
        copy.meanwhile()
        store_scored_day(run.storage, run.days[-1])
        copy.finish()
    scores = [int(words.split(" scores")[0].rpartition(" ")[2]) for _, words in said()]
    assert len(scores) == 2
    assert sum(scores) == 2
    assert run.linked == [run.days[0], run.days[-1]]


def test_a_long_run_waits_once_where_mlflow_is_away(tmp_path, said, away):
    run = Run(tmp_path, away, 2 * DAYS_PER_COPY)
    store_scored_day(run.storage, run.days[0])
    with workers_for(len(run.days)) as workers:
        copy = MlflowCopy(run, workers)
        copy.meanwhile()
        copy.finish()
    assert [level for level, _ in said()] == ["WARNING"]
    assert "What is owed to MLflow is logged by the chat's next run." in said()[0][1]
    assert run.linked == []


def test_a_damaged_day_keeps_no_other_one_out_of_mlflow(tmp_path, said, tracking):
    run = Run(tmp_path, tracking, 2 * DAYS_PER_COPY)
    store_scored_day(run.storage, run.days[0])
    store_scored_day(run.storage, run.days[1])
    Path(run.storage.url("daily_score", run.days[1])).write_bytes(b"damage")
    with workers_for(len(run.days)) as workers:
        copy = MlflowCopy(run, workers)
        copy.meanwhile()
        store_scored_day(run.storage, run.days[-1])
        copy.finish()
    assert [level for level, _ in said()] == ["WARNING", "WARNING"]
    assert run.linked == [run.days[0], run.days[-1]]


def test_a_short_run_copies_at_its_end_alone(tmp_path, said, away):
    copy = MlflowCopy(Run(tmp_path, away, 2 * DAYS_PER_COPY - 1), NO_WORKERS)
    copy.meanwhile()
    assert said() == []
    copy.finish()
    assert [level for level, _ in said()] == ["WARNING"]


def test_a_run_that_is_to_be_copied_later_copies_nothing(tmp_path, said, away):
    copy = MlflowCopy(Run(tmp_path, away, 2 * DAYS_PER_COPY, **{LATER_TAG: "later"}), NO_WORKERS)
    copy.meanwhile()
    copy.finish()
    assert said() == []


@pytest.mark.parametrize(
    ("scored", "verdict", "beside"), [(1, PASSED, [True]), (1, VERDICT, [False]), (3, PASSED, [True, False, False])]
)
def test_a_night_that_draws_one_plot_has_another_process_draw_it(tmp_path, tracking, monkeypatch, scored, verdict, beside):
    drawn = []
    monkeypatch.setattr(
        "chat_forecast.pipeline.assets.tracking.draw_stored_day", lambda *_args, beside: drawn.append(beside)
    )
    run = Run(tmp_path, tracking, scored)
    for day in run.days:
        store_scored_day(run.storage, day, verdict=verdict)
    MlflowCopy(run, NO_WORKERS).finish()
    assert drawn == beside
