"""What was lost: MLflow's experiment, runs or models deleted, the store replaced, the ledger gone, a run killed half-way."""

import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from chat_forecast.errors import ChatForecastError
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking import known_tables, new_runs, score_runs
from chat_forecast.tracking.backlog import Backlog, count_backlog
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast.tracking.chat_run import Place
from chat_forecast.tracking.client import Tracking, TrackingUnavailable
from chat_forecast_tests import forked
from chat_forecast_tests.tracking.found import (
    artifact_of,
    champion_of,
    chat_run_of,
    experiment_of,
    line_of,
    runs_of,
    versions_of,
)
from chat_forecast_tests.tracking.stored import FIRST, make_chat, store_scored_day, store_training

DAYS = [FIRST.plus(number) for number in range(1, 4)]
NOTHING = CaughtUp(0, 0)


def store_some(storage, days=DAYS) -> dict[str, float]:
    """Store a training and the scores of some days; returns each day's sMAPE."""
    store_training(storage, FIRST)
    return {day.key: store_scored_day(storage, day, messages=number)["smape"] for number, day in enumerate(days, 1)}


def ledger_of(storage) -> Path:
    return Path(storage.root, storage.chat, "mlflow_ledger.json")


def expect_all_once(client, chat, smapes):
    """MLflow holds each day and each training once, with its figures."""
    assert line_of(client, chat, "smape") == smapes
    points = client.get_metric_history(chat_run_of(client, chat).info.run_id, "smape")
    assert len(points) == len(smapes)
    scores = runs_of(client, chat, "score")
    assert {day: run.data.metrics["smape"] for day, run in scores.items()} == smapes
    parent = chat_run_of(client, chat).info.run_id
    trainings = runs_of(client, chat, "training")
    for run in [*scores.values(), *trainings.values()]:
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parent
    [version] = versions_of(client, chat)
    assert version.run_id == trainings[FIRST.key].info.run_id
    assert champion_of(client, chat).version == version.version
    models = client.search_logged_models([experiment_of(client, chat).experiment_id])
    assert [str(model.status) for model in models] == ["READY"]
    [output] = trainings[FIRST.key].outputs.model_outputs
    assert output.model_id == models[0].model_id


def test_a_deleted_experiment_comes_back_with_what_it_held(tracking, chat, storage, client):
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    client.delete_experiment(experiment_of(client, chat).experiment_id)
    assert catch_up(tracking, chat, storage) == NOTHING
    expect_all_once(client, chat, smapes)


def test_a_deleted_run_of_the_chat_is_made_again_above_the_days_that_are_still_there(tracking, chat, storage, client):
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    before = {day: run.info.run_id for day, run in runs_of(client, chat, "score").items()}
    client.delete_run(chat_run_of(client, chat).info.run_id)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=3, trainings=0)
    assert {day: run.info.run_id for day, run in runs_of(client, chat, "score").items()} == before
    expect_all_once(client, chat, smapes)


def test_a_deleted_registered_model_is_made_again_from_the_models_that_are_still_there(tracking, chat, storage, client):
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    client.delete_registered_model(f"chat_forecast-{chat.slug}")
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=0, trainings=1)
    expect_all_once(client, chat, smapes)


def test_a_version_that_somebody_deleted_stays_deleted(tracking, chat, storage, client):
    store_some(storage)
    catch_up(tracking, chat, storage)
    client.delete_model_version(f"chat_forecast-{chat.slug}", "1")
    assert catch_up(tracking, chat, storage) == NOTHING
    assert versions_of(client, chat) == []


def test_a_deleted_run_of_a_day_is_made_again_when_the_day_is_scored_again(tracking, chat, storage, client):
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    client.delete_run(runs_of(client, chat, "score")[DAYS[0].key].info.run_id)
    assert catch_up(tracking, chat, storage) == NOTHING
    score = store_scored_day(storage, DAYS[0], messages=20)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=1, trainings=0)
    assert line_of(client, chat, "smape") == {**smapes, DAYS[0].key: score["smape"]}
    assert runs_of(client, chat, "score")[DAYS[0].key].data.metrics["smape"] == score["smape"]


def test_a_store_that_was_replaced_gets_everything(tmp_path, chat, storage, tracking, client):
    from mlflow import MlflowClient

    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    with closing(sqlite3.connect(tracking.tracking_uri.removeprefix("sqlite:///"))) as store:
        store.execute("VACUUM INTO ?", [str(tmp_path / "other.db")])
    other = Tracking(f"sqlite:///{tmp_path}/other.db", str(tmp_path / "artifacts"))
    empty = MlflowClient(other.tracking_uri)
    for experiment in empty.search_experiments():
        if experiment.name == f"chat_forecast/{chat.slug}":
            empty.rename_experiment(experiment.experiment_id, "moved away")
    empty.delete_registered_model(f"chat_forecast-{chat.slug}")
    assert catch_up(other, chat, storage) == CaughtUp(scores=3, trainings=1)
    expect_all_once(empty, chat, smapes)
    assert catch_up(tracking, chat, storage) == NOTHING  # and back again
    expect_all_once(client, chat, smapes)


def test_another_server_is_owed_everything_before_it_was_asked_anything(tracking, chat, storage):
    store_some(storage)
    catch_up(tracking, chat, storage)
    assert count_backlog(Tracking("http://127.0.0.1:9"), storage) == Backlog(scores=3, trainings=1)
    moved = Tracking("sqlite:////elsewhere/mlflow.db")  # with the whole home
    assert count_backlog(moved, storage) == Backlog(0, 0)


def test_a_ledger_that_is_lost_or_cannot_be_read_is_made_again_and_nothing_is_logged_twice(tracking, chat, storage, client):
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    before = ledger_of(storage).read_bytes()
    for content in (None, "", "{", '{"version": 99}', '{"version": 1, "scores": 3}', "[]"):
        ledger_of(storage).unlink()
        if content is not None:
            ledger_of(storage).write_text(content)
        assert count_backlog(tracking, storage) == Backlog(scores=3, trainings=1)
        assert catch_up(tracking, chat, storage) == NOTHING
        assert ledger_of(storage).read_bytes() == before
    expect_all_once(client, chat, smapes)


def test_a_copy_that_goes_on_searches_nothing_and_logs_nothing_twice(tracking, chat, storage, client, monkeypatch):
    """The one before it told the ledger of all that MLflow holds, also of a day that is stored again only now."""
    smapes = store_some(storage)
    catch_up(tracking, chat, storage)
    ledger_of(storage).unlink()
    last = Path(storage.url("daily_score", DAYS[-1]))
    content = last.read_bytes()
    last.unlink()
    assert catch_up(tracking, chat, storage) == NOTHING
    last.write_bytes(content)
    new = store_scored_day(storage, DAYS[-1].plus(1))
    asked, whole = [], Place.runs
    monkeypatch.setattr(Place, "runs", lambda place, kind, **tags: asked.append(kind) or whole(place, kind, **tags))
    assert catch_up(tracking, chat, storage, is_continued=True) == CaughtUp(1, 0)
    assert "score" not in asked
    expect_all_once(client, chat, smapes | {DAYS[-1].plus(1).key: new["smape"]})


class Killed(BaseException):
    """What a process that is killed does: nothing more."""


@pytest.mark.sweep
@pytest.mark.parametrize(("revision", "least"), [(known_tables.TABLES, 17), ("another", 20)])
def test_a_process_killed_at_any_call_of_mlflow_leaves_nothing_twice(
    tracking, tmp_path, client, monkeypatch, revision, least
):
    from mlflow import MlflowClient

    from chat_forecast_tests.tracking.stored import make_storage

    monkeypatch.setattr(known_tables, "revision_of_tables", lambda: revision)
    calls, last = [], [10**6]
    prefixes = ("create_", "log_", "set_", "finalize_")
    counted_calls = [(MlflowClient, name) for name in vars(MlflowClient) if name.startswith(prefixes)]
    of_rows = [(score_runs, "add_points"), (new_runs.RunWriter, "put_files"), (new_runs.RunWriter, "write")]
    for kind, name in [*counted_calls, *of_rows]:
        call = getattr(kind, name)

        def counted(*args, call=call, name=name, **kwargs):
            if threading.current_thread().name != "mlflow":
                return call(*args, **kwargs)
            calls.append(name)
            if len(calls) > last[0]:
                raise Killed
            return call(*args, **kwargs)

        monkeypatch.setattr(kind, name, counted)
    like = make_storage(tmp_path, make_chat("like"))
    smapes = store_some(like, DAYS[:1])
    number = 0
    while True:
        number += 1
        chat = make_chat(f"killed-{least}-{number}")
        storage = make_storage(tmp_path, chat)
        shutil.copytree(Path(like.root, like.chat), Path(storage.root, storage.chat))
        calls.clear()
        last[0] = number
        try:
            catch_up(tracking, chat, storage, seconds=120)
        except Killed:
            ledger_of(storage).unlink(missing_ok=True)  # whoever is killed writes nothing
        else:
            break
        last[0] = 10**6
        catch_up(tracking, chat, storage, seconds=120)
        expect_all_once(client, chat, smapes)
    assert number > least  # each of its calls was the last one of a process


def test_a_killed_process_frees_the_chat_and_its_partitions_are_logged_later(tracking, chat, storage, client):
    smapes = store_some(storage)
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from chat_forecast.tracking.catch_up import catch_up; from chat_forecast.tracking.client import Tracking;"
        "from chat_forecast.storage.locks import Locks; from chat_forecast.storage.partitions import ChatStorage;"
        "from chat_forecast_tests.tracking.stored import make_chat;"
        f"chat = make_chat({chat.slug!r});"
        f"storage = ChatStorage({storage.root!r}, chat.slug, chat.timezone, Locks(Path({str(storage.locks.folder)!r})));"
        f"tracking = Tracking({tracking.tracking_uri!r}, {tracking.artifact_root!r});"
        "draw = lambda day: os.kill(os.getpid(), signal.SIGKILL);"
        "catch_up(tracking, chat, storage, draw_score=draw, seconds=120)"
    )
    ended = forked.run(code)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert count_backlog(tracking, storage).scores == 3
    catch_up(tracking, chat, storage)
    expect_all_once(client, chat, smapes)


def test_several_at_once_log_each_day_once(tracking, chat, storage, client):
    smapes = store_some(storage)
    others = [Tracking(tracking.tracking_uri, tracking.artifact_root) for _ in range(3)]
    threads = [threading.Thread(target=catch_up, args=(each, chat, storage), kwargs={"seconds": 120}) for each in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect_all_once(client, chat, smapes)


def test_a_damaged_partition_holds_up_no_other_day(tracking, chat, storage, client):
    smapes = store_some(storage)
    damaged = Path(storage.url("hourly_series", DAYS[1]))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-20])
    with pytest.raises(StoredFileError, match=r"hourly_series/2026-03-22\.parquet is damaged"):
        catch_up(tracking, chat, storage)
    assert set(runs_of(client, chat, "score")) == {DAYS[0].key, DAYS[2].key}
    assert count_backlog(tracking, storage) == Backlog(scores=1, trainings=0)
    damaged.write_bytes(whole)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=1, trainings=0)
    expect_all_once(client, chat, smapes)


def test_a_partition_that_makes_no_sense_holds_up_no_other_day(tracking, chat, storage, client):
    smapes = store_some(storage)
    record = storage.frame("trained_model", FIRST)
    storage.write("trained_model", FIRST.plus(1), record.assign(trained_through=FIRST.plus(1).key, model="{"))
    with pytest.raises(StoredFileError, match=r"trained_model/2026-03-21\.parquet is damaged: its model cannot be read"):
        catch_up(tracking, chat, storage)
    expect_all_once(client, chat, smapes)
    assert count_backlog(tracking, storage) == Backlog(scores=0, trainings=1)


def test_a_plot_that_fails_is_told_once_and_holds_up_nothing(tracking, chat, storage, client):
    smapes = store_some(storage)

    def draw(day):
        raise ZeroDivisionError("no width")

    with pytest.raises(ChatForecastError, match=r"no plot of 2026-03-23 could be drawn \(ZeroDivisionError: no width\)"):
        catch_up(tracking, chat, storage, draw_score=draw)
    expect_all_once(client, chat, smapes)
    assert catch_up(tracking, chat, storage, draw_score=draw) == NOTHING


def test_nights_without_mlflow_are_caught_up_by_the_first_with_it(tracking, chat, storage, client, tmp_path):
    smapes = store_some(storage)
    (tmp_path / "file").touch()
    away = Tracking(f"sqlite:///{tmp_path}/file/m.db")
    with pytest.raises(TrackingUnavailable, match=r"file/m\.db could not be used to log"):
        catch_up(away, chat, storage)
    assert count_backlog(tracking, storage) == Backlog(scores=3, trainings=1)
    drawn = []
    assert catch_up(tracking, chat, storage, draw_score=lambda day: drawn.append(day.key)) == CaughtUp(3, 1)
    assert sorted(drawn) == sorted(smapes)
    expect_all_once(client, chat, smapes)
    assert not artifact_of(runs_of(client, chat, "score")[DAYS[0].key], "forecast.png").exists()
