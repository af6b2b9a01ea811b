"""What version 0.1.0 logged: a run for each day and each training, without the chat's run above them."""

import shutil
from pathlib import Path

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast_tests.tracking.found import champion_of, chat_run_of, experiment_of, line_of, runs_of, versions_of
from chat_forecast_tests.tracking.stored import ZONE, make_chat, store_scored_day, store_training

SAMPLES = Path(__file__).parents[1] / "samples" / "v0_1_0"
TRAINED = LocalDay.parse("2026-04-02", ZONE)
SCORED = TRAINED.plus(1)


@pytest.fixture
def old(tracking, chat, storage, client) -> dict[str, float | None]:
    """What version 0.1.0 stored and logged of a day and of the sample's training; returns the day's score."""
    from mlflow.entities import Metric

    score = store_scored_day(storage, SCORED, trained_through=TRAINED.key)
    shutil.copytree(SAMPLES / "old-chat" / "trained_model", Path(storage.root, chat.slug, "trained_model"))
    for path in Path(storage.root, chat.slug, "trained_model").glob("*.parquet"):
        if path.stem != TRAINED.key:
            path.unlink()
    experiment = client.create_experiment(f"chat_forecast/{chat.slug}", tracking.artifact_location(chat.slug))
    tags = {"chat_forecast.kind": "score", "chat_forecast.day": SCORED.key, "chat_forecast.times_scored": "2"}
    tags["mlflow.note.content"] = "![forecast.png](get-artifact?path=forecast.png&run_uuid=1)"
    run = client.create_run(experiment, run_name=f"score {SCORED.key}", tags=tags)
    known = {name: value for name, value in score.items() if isinstance(value, int | float)}
    client.log_batch(run.info.run_id, [Metric(name, value, 1, SCORED.date.toordinal()) for name, value in known.items()])
    client.set_terminated(run.info.run_id)
    tags = {"chat_forecast.kind": "training", "chat_forecast.trained_through": TRAINED.key}
    run = client.create_run(experiment, run_name=f"training {TRAINED.key}", tags=tags)
    client.log_artifacts(run.info.run_id, str(SAMPLES / "mlflow-model"), "model")
    client.set_terminated(run.info.run_id)
    name = f"chat_forecast-{chat.slug}"
    client.create_registered_model(name)
    del tags["chat_forecast.kind"]
    client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id, tags=tags)
    client.set_registered_model_alias(name, "champion", "1")
    return score


def run_ids(client, chat):
    return [{day: run.info.run_id for day, run in runs_of(client, chat, kind).items()} for kind in ("score", "training")]


def test_runs_and_versions_of_0_1_0_are_taken_over_and_not_logged_a_second_time(tracking, chat, storage, client, old):
    before = run_ids(client, chat)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=1, trainings=0)
    assert run_ids(client, chat) == before
    [version] = versions_of(client, chat)
    assert version.description.startswith("Trained through 2026-04-02 on ")
    assert champion_of(client, chat).version == version.version
    parent = chat_run_of(client, chat).info.run_id
    score, training = runs_of(client, chat, "score")[SCORED.key], runs_of(client, chat, "training")[TRAINED.key]
    assert score.data.tags["mlflow.parentRunId"] == training.data.tags["mlflow.parentRunId"] == parent
    assert line_of(client, chat, "smape") == {SCORED.key: old["smape"]}
    assert "mlflow.note.content" in experiment_of(client, chat).tags
    assert client.get_registered_model(f"chat_forecast-{chat.slug}").description
    assert catch_up(tracking, chat, storage) == CaughtUp(0, 0)


def test_a_plot_of_0_1_0_is_still_shown(tracking, chat, storage, client, old):
    catch_up(tracking, chat, storage)
    run = runs_of(client, chat, "score")[SCORED.key]
    assert f"path=forecast.png&run_uuid={run.info.run_id}" in run.data.tags["mlflow.note.content"]


def test_all_figures_that_0_1_0_logged_in_a_days_run_follow_its_score(tracking, chat, storage, client, old):
    score = store_scored_day(storage, SCORED, messages=9, trained_through=TRAINED.key)
    catch_up(tracking, chat, storage)
    shown = runs_of(client, chat, "score")[SCORED.key].data.metrics
    assert shown["deviance"] == score["deviance"] != old["deviance"]
    assert shown["squared_error"] == score["squared_error"]


def test_a_model_of_0_1_0_that_is_not_the_stored_one_is_no_reason_to_leave_that_out(tracking, chat, storage, client, old):
    store_training(storage, TRAINED)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=1, trainings=1)
    assert [version.version for version in versions_of(client, chat)] == [1, 2]
    assert champion_of(client, chat).version == 2


def test_the_sample_of_0_1_0_is_logged_to_a_new_store(tracking, client, tmp_path):
    shutil.copytree(SAMPLES / "old-chat", tmp_path / "old-chat")
    chat = make_chat("old-chat")
    storage = ChatStorage(str(tmp_path), chat.slug, chat.timezone, Locks(tmp_path / "locks"))
    assert catch_up(tracking, chat, storage).trainings == 3
    assert len(versions_of(client, chat)) == 3
