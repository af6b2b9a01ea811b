"""Catching up on real SQLite stores: what is logged, what is not logged twice, and what is mended."""

import math

import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.tracking.backlog import Backlog, count_backlog
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast_tests.tracking.found import (
    artifact_of,
    champion_of,
    chat_run_of,
    experiment_of,
    line_of,
    runs_of,
    table_of,
    versions_of,
)
from chat_forecast_tests.tracking.stored import (
    FIRST,
    ZONE,
    make_chat,
    make_storage,
    store_no_training,
    store_scored_day,
    store_training,
    store_unscored_day,
)

PLOT = b"\x89PNG\r\n\x1a\n" + b"a plot"
DAYS = [FIRST.plus(number) for number in range(1, 4)]
NOTHING = CaughtUp(0, 0)


def test_scores_of_many_days_are_one_line_in_one_run(tracking, chat, storage, client):
    scores = [store_scored_day(storage, day, messages=messages) for day, messages in zip(DAYS, (1, 2, 8), strict=True)]
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=3, trainings=0)
    assert line_of(client, chat, "smape") == {day.key: score["smape"] for day, score in zip(DAYS, scores, strict=True)}
    run = chat_run_of(client, chat)
    assert run.info.run_name == "all days"
    assert run.info.status == "FINISHED"
    assert run.data.metrics["smape"] == scores[-1]["smape"]
    assert run.data.metrics["verdict_passed"] == 0.0
    assert set(scores[-1]) - set(run.data.metrics) == {"day", "forecaster", "trained_through", "total_error"} - {
        "total_error"
    }


def test_metrics_stand_at_the_step_and_the_time_of_their_day_across_a_clock_change(tracking, chat, storage, client):
    days = [LocalDay.parse(key, ZONE) for key in ("2026-03-28", "2026-03-29", "2026-03-30")]
    for day in days:
        store_scored_day(storage, day)
    catch_up(tracking, chat, storage)
    points = sorted(client.get_metric_history(chat_run_of(client, chat).info.run_id, "rmse"), key=lambda each: each.step)
    assert [point.step - points[0].step for point in points] == [0, 1, 2]
    begins = [pd.Timestamp(point.timestamp, unit="ms", tz="UTC").tz_convert(ZONE).isoformat() for point in points]
    assert begins == ["2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]
    assert len(table_of(runs_of(client, chat, "score")["2026-03-29"], "hours.json")) == 23


def test_a_scored_day_is_a_run_below_with_its_figures_hours_plot_and_links(tracking, chat, storage, client):
    score = store_scored_day(storage, DAYS[0], messages=lambda hour: None if hour.hour == 0 else 3)
    catch_up(tracking, chat, storage, draw_score=lambda _day: PLOT)
    run = runs_of(client, chat, "score")["2026-03-21"]
    assert run.data.metrics["smape"] == score["smape"]
    assert run.data.metrics["messages"] == 69
    ours = {key: value for key, value in run.data.tags.items() if key.startswith("chat_forecast.")}
    assert ours.pop("chat_forecast.digest")
    assert ours == {
        "chat_forecast.kind": "score",
        "chat_forecast.chat": chat.slug,
        "chat_forecast.day": "2026-03-21",
        "chat_forecast.forecaster": "flat",
        "chat_forecast.trained_through": "2026-03-20",
        "chat_forecast.verdict": "failed",
        "chat_forecast.verdict_rule": "relative",
        "chat_forecast.verdict_reason": "RMSE 4.1 over 7 days is above 3.8",
        "chat_forecast.simulated": "no",
        "chat_forecast.times_logged": "1",
    }
    assert run.data.tags["mlflow.parentRunId"] == chat_run_of(client, chat).info.run_id
    assert (run.info.run_name, run.info.status) == ("score 2026-03-21", "FINISHED")
    assert run.info.start_time == DAYS[0].start.timestamp() * 1000
    hours = table_of(run, "hours.json")
    assert hours["messages"].isna().tolist() == [True] + [False] * 23
    assert hours["hour"][1] == "2026-03-21T01:00:00+01:00"
    assert artifact_of(run, "forecast.png").read_bytes() == PLOT
    note = run.data.tags["mlflow.note.content"]
    assert f"(http://127.0.0.1:3000/assets/{chat.slug}/daily_score?view=partitions&partition=2026-03-21)" in note
    assert f"path=forecast.png&run_uuid={run.info.run_id}" in note
    assert "Verdict: RMSE 4.1 over 7 days is above 3.8" in note


def test_a_training_is_a_run_a_logged_model_and_a_version_that_say_why(tracking, chat, storage, client):
    store_training(storage, FIRST)
    assert catch_up(tracking, chat, storage, draw_training=lambda _day: PLOT) == CaughtUp(scores=0, trainings=1)
    run = runs_of(client, chat, "training")["2026-03-20"]
    assert run.data.metrics == {"days": 28.0, "pinball": 1.25}
    assert run.data.params == {"forecaster": "same_hour", "hours_known": "672"}
    assert run.data.tags["mlflow.parentRunId"] == chat_run_of(client, chat).info.run_id
    assert run.data.tags["chat_forecast.reason"] == "RMSE 4.1 is above 3.8"
    assert artifact_of(run, "training.png").read_bytes() == PLOT
    assert table_of(run, "comparison.json")["forecaster"].tolist() == ["same_hour", "prophet"]
    [version] = versions_of(client, chat)
    assert version.run_id == run.info.run_id
    assert version.tags["chat_forecast.trained_through"] == "2026-03-20"
    assert version.tags["chat_forecast.reason"] == "RMSE 4.1 is above 3.8"
    assert version.description == (
        "Trained through 2026-03-20 on 672 known hours from 2026-02-21 to 2026-03-20.\n\n"
        "Why it was trained: RMSE 4.1 is above 3.8\n\nWhy this method: its error was the least"
    )
    [output] = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert model.source_run_id == run.info.run_id
    assert str(model.status) == "READY"
    assert {metric.key: metric.value for metric in model.metrics} == run.data.metrics
    assert champion_of(client, chat).version == version.version == 1


def test_runs_name_the_data_and_the_model_that_they_used(tracking, chat, storage, client):
    store_training(storage, FIRST)
    store_scored_day(storage, DAYS[0])
    catch_up(tracking, chat, storage)
    training, score = runs_of(client, chat, "training")["2026-03-20"], runs_of(client, chat, "score")["2026-03-21"]
    [[data], [used]] = [run.inputs.dataset_inputs for run in (training, score)]
    assert data.dataset.name == "hourly_series 2026-02-21 to 2026-03-20"
    assert used.dataset.name == "hourly_series 2026-03-21"
    assert f"home/{chat.slug}/hourly_series/2026-03-21.parquet" in used.dataset.source
    assert [tag.value for tag in used.tags] == ["scoring"]
    [model] = client.get_run(score.info.run_id).inputs.model_inputs
    assert model.model_id == training.outputs.model_outputs[0].model_id
    of_days = {metric.key: metric.dataset_name for metric in client.get_logged_model(model.model_id).metrics}
    assert of_days["smape"] == "hourly_series 2026-03-21"


def test_a_champion_forecasts_what_its_stored_json_does(tracking, chat, storage, client, monkeypatch):
    import mlflow.pyfunc

    from chat_forecast import forecasting
    from chat_forecast.tracking.stored_model import model_input
    from chat_forecast_tests.factories import make_series

    stored = store_training(storage, FIRST)
    catch_up(tracking, chat, storage)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.tracking_uri)
    series, hours = make_series(FIRST.plus(-27), 28, lambda hour: hour.hour), DAYS[0].hours
    loaded = mlflow.pyfunc.load_model(f"models:/chat_forecast-{chat.slug}@champion")
    forecast = loaded.predict(model_input(series, hours))
    pd.testing.assert_frame_equal(forecast, forecasting.load(stored).forecast(series, hours))


def test_what_is_there_is_described_in_words(tracking, chat, storage, client):
    store_training(storage, FIRST)
    catch_up(tracking, chat, storage)
    assert "one point a day" in chat_run_of(client, chat).data.tags["mlflow.note.content"]
    assert f"the chat {chat.slug}" in experiment_of(client, chat).tags["mlflow.note.content"]
    name = f"chat_forecast-{chat.slug}"
    assert f"models:/{name}@champion" in client.get_registered_model(name).description


def test_doing_it_again_changes_nothing(tracking, chat, storage, client):
    store_training(storage, FIRST)
    store_scored_day(storage, DAYS[0])
    catch_up(tracking, chat, storage)
    assert count_backlog(tracking, storage) == Backlog(0, 0)
    assert catch_up(tracking, chat, storage) == NOTHING
    store_training(storage, FIRST)  # the same files, written again
    store_scored_day(storage, DAYS[0])
    assert count_backlog(tracking, storage) == Backlog(scores=1, trainings=1)
    assert catch_up(tracking, chat, storage) == NOTHING
    assert count_backlog(tracking, storage) == Backlog(0, 0)
    assert len(client.get_metric_history(chat_run_of(client, chat).info.run_id, "smape")) == 1
    assert len(versions_of(client, chat)) == 1


def test_a_day_scored_again_keeps_its_run_and_shows_the_new_score(tracking, chat, storage, client):
    store_scored_day(storage, DAYS[0], messages=9)
    catch_up(tracking, chat, storage)
    run_id = runs_of(client, chat, "score")["2026-03-21"].info.run_id
    score = store_scored_day(storage, DAYS[0], messages=0)  # sMAPE is 2, the ratio of the totals not known
    assert score["total_error"] is None
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=1, trainings=0)
    run = runs_of(client, chat, "score")["2026-03-21"]
    assert run.info.run_id == run_id
    assert run.data.metrics["smape"] == score["smape"]
    assert line_of(client, chat, "smape") == {"2026-03-21": score["smape"]}
    assert math.isnan(line_of(client, chat, "total_error")["2026-03-21"])
    assert table_of(run, "hours.json")["messages"].tolist() == [0] * 24


def test_a_training_with_another_outcome_is_a_second_version_and_the_same_one_is_not(tracking, chat, storage, client):
    for reason in ("first", "asked for"):
        store_training(storage, FIRST, reason=reason)
        catch_up(tracking, chat, storage)
    assert [version.version for version in versions_of(client, chat)] == [1]
    store_training(storage, FIRST, counts=lambda hour: 2 * hour.hour)
    assert catch_up(tracking, chat, storage) == CaughtUp(scores=0, trainings=1)
    assert champion_of(client, chat).version == 2
    store_training(storage, FIRST)  # as at first
    assert catch_up(tracking, chat, storage) == NOTHING
    assert [version.version for version in versions_of(client, chat)] == [1, 2]


def test_the_champion_is_trained_through_the_latest_day(tracking, chat, storage, client):
    def champion_after(day):
        store_training(storage, day)
        catch_up(tracking, chat, storage)
        return champion_of(client, chat).tags["chat_forecast.trained_through"]

    assert champion_after(FIRST.plus(1)) == "2026-03-21"
    assert champion_after(FIRST.plus(3)) == "2026-03-23"
    assert champion_after(FIRST.plus(2)) == "2026-03-23"  # a backfill of an older day


def test_days_without_a_score_and_trainings_without_data_are_never_owed(tracking, chat, storage, client):
    store_unscored_day(storage, FIRST)
    store_no_training(storage, FIRST)
    assert catch_up(tracking, chat, storage) == NOTHING
    assert count_backlog(tracking, storage) == Backlog(0, 0)
    assert runs_of(client, chat, "score") == runs_of(client, chat, "training") == {}


def test_a_day_that_lost_its_score_is_taken_back(tracking, chat, storage, client):
    for day in DAYS[:2]:
        store_scored_day(storage, day)
    catch_up(tracking, chat, storage)
    store_unscored_day(storage, DAYS[1])
    catch_up(tracking, chat, storage)
    assert set(runs_of(client, chat, "score")) == {"2026-03-21"}
    assert math.isnan(line_of(client, chat, "smape")["2026-03-22"])
    assert count_backlog(tracking, storage) == Backlog(0, 0)
    score = store_scored_day(storage, DAYS[1])
    catch_up(tracking, chat, storage)
    assert set(runs_of(client, chat, "score")) == {"2026-03-21", "2026-03-22"}
    assert line_of(client, chat, "smape")["2026-03-22"] == score["smape"]


def test_chats_do_not_mix(tracking, tmp_path, client):
    for slug, messages in (("left", 1), ("right", 9)):
        chat = make_chat(slug)
        storage = make_storage(tmp_path, chat)
        store_training(storage, FIRST, counts=lambda _hour, messages=messages: messages)
        store_scored_day(storage, DAYS[0], messages=messages)
        catch_up(tracking, chat, storage)
    left, right = make_chat("left"), make_chat("right")
    assert line_of(client, left, "messages") == {"2026-03-21": 24.0}
    assert line_of(client, right, "messages") == {"2026-03-21": 216.0}
    assert len(versions_of(client, left)) == len(versions_of(client, right)) == 1


def test_a_simulated_chat_is_said_to_be_one(tracking, tmp_path, client):
    chat = make_chat("made-up", source="simulated")
    storage = make_storage(tmp_path, chat)
    store_scored_day(storage, DAYS[0])
    catch_up(tracking, chat, storage)
    assert runs_of(client, chat, "score")["2026-03-21"].data.tags["chat_forecast.simulated"] == "yes"
    assert "the simulated chat made-up" in experiment_of(client, chat).tags["mlflow.note.content"]


@pytest.mark.parametrize(("days", "drawn"), [(14, 14), (15, 1)])
def test_plots_are_drawn_for_a_fortnight_and_of_a_bulk_of_days_for_the_newest(tracking, chat, storage, days, drawn):
    for number in range(1, days + 1):
        store_scored_day(storage, FIRST.plus(number))
    asked = []
    catch_up(tracking, chat, storage, draw_score=lambda day: asked.append(day.key), seconds=120)
    assert len(asked) == len(set(asked)) == drawn
    assert max(asked) == FIRST.plus(days).key


def test_mlflow_is_left_as_it_was_found(tracking, chat, storage):
    import mlflow

    before = mlflow.get_tracking_uri()
    store_scored_day(storage, DAYS[0])
    catch_up(tracking, chat, storage)
    assert mlflow.get_tracking_uri() == before != tracking.tracking_uri
    assert mlflow.active_run() is None
