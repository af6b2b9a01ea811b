"""An asset over a range: the loop, storing, describing and progress, with plain functions of a day."""

import dagster as dg
import pandas as pd
import pytest

from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.forecasting.model_record import RECORD_COLUMNS, train_record
from chat_forecast.forecasting.score_record import ScoreInputs, judge_score, score
from chat_forecast.pipeline.assets.forecasting import forecast_next_day
from chat_forecast.pipeline.runs import asset_keys, range_tags
from chat_forecast.settings.models import Check
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.factories import make_forecast, make_message_batch, make_scores, make_series

DAY = LocalDay.parse("2026-03-26", "Europe/Berlin")
LAST = DAY.plus(2)


@pytest.fixture
def instance(tmp_path):
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


def materialise(stores, chat, instance, asset, progress=lambda *_: None):
    job = build_definitions([chat], stores, progress).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=asset_keys(chat, [asset]),
        tags=range_tags(DAY, LAST),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


def test_every_day_of_a_range_is_stored_described_and_counted(stores, chat, instance):
    storage, seen = stores.storages.of(chat), []
    for number, day in enumerate(DAY.until(LAST)):
        storage.write("merged_history", day, make_message_batch(day, range(number + 1)))
    assert materialise(stores, chat, instance, "hourly_series", lambda *step: seen.append(step)).success
    assert seen == [("hourly_series", done, 3) for done in range(4)]
    records = instance.fetch_materializations(dg.AssetKey(["my-chat", "hourly_series"]), limit=10).records
    messages = {record.partition_key: record.asset_materialization.metadata["messages"].value for record in records}
    assert messages == {"2026-03-26": 1, "2026-03-27": 2, "2026-03-28": 3}
    (newest, *_) = records
    metadata = newest.asset_materialization.metadata
    assert all(name == name.lower() for name in metadata)
    assert metadata["plot"].value == (
        "![hourly_series of 2026-03-28](http://127.0.0.1:3001/pictures/my-chat/hourly_series/2026-03-28.png)"
    )


def test_a_day_that_fails_fails_in_computing_and_the_days_before_it_are_stored(stores, chat, instance):
    """A failure while a day is made is the step's own, not one to store it."""
    storage = stores.storages.of(chat)
    for day in (DAY, LAST):
        storage.write("merged_history", day, make_message_batch(day, [1]))
    result = materialise(stores, chat, instance, "hourly_series")
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert "my-chat/merged_history of 2026-03-27 is not stored" in error.cause.message
    assert [day.key for day in storage.days("hourly_series")] == ["2026-03-26"]


def test_recomputing_an_unchanged_day_gives_the_same_version_of_its_data(stores, chat, instance):
    storage = stores.storages.of(chat)
    for day in DAY.until(LAST):
        storage.write("merged_history", day, make_message_batch(day, [1]))
    versions = []
    for _ in range(2):
        assert materialise(stores, chat, instance, "hourly_series").success
        record = instance.fetch_materializations(dg.AssetKey(["my-chat", "hourly_series"]), limit=1).records[0]
        versions.append(record.asset_materialization.tags["dagster/data_version"])
    assert versions[0] == versions[1]


def test_nothing_known_gives_no_model_and_no_error():
    assert train_record(make_series(DAY, 30, lambda _: None), DAY.key, None, None).empty


def test_a_training_keeps_why_it_was_asked_for():
    series = make_series(DAY.plus(-29), 30, lambda hour: hour.hour % 7)
    record = train_record(series, DAY.key, None, "the model is 14 days old").iloc[0]
    assert list(record.index) == list(RECORD_COLUMNS)
    assert (record["trained_through"], record["reason"]) == (DAY.key, "the model is 14 days old")
    assert record["hours_known"] == 30 * 24


def test_without_a_model_the_same_hour_serves_and_says_so():
    forecast = forecast_next_day(DAY, (None, make_series(DAY.plus(-29), 30, lambda _: 3)))
    assert len(forecast.table) == 24
    assert forecast.table["trained_through"].isna().all()
    assert forecast.notes["source"] == "same_hour"
    assert forecast.notes["reason"] == "there is no trained model yet"


def test_a_withheld_forecast_is_scored_as_none_and_its_verdict_says_why():
    given = ScoreInputs(
        actuals=make_series(DAY, 1, lambda _: 3),
        forecast=make_forecast(DAY, expected=9000),
        history=make_series(DAY.plus(-28), 28, lambda _: 3),
        withheld="withheld: too many",
    )
    row, verdict = judge_score(
        score(DAY, given), make_scores(DAY.plus(-6), [0.1] * 6).to_dict("records"), Check(), given.withheld
    )
    assert Verdict.from_row(row) == verdict
    assert row["hours_scored"] == 0
    assert pd.isna(row["rmse"])
    assert not row["verdict_passed"]
    assert "withheld: too many" in row["verdict_reason"]


def test_an_unknown_column_is_not_stored(stores, chat):
    with pytest.raises(StoredFileError, match="was not written: expected the columns"):
        stores.storages.of(chat).write("daily_score", DAY, make_scores(DAY, [0.1]).assign(more=1))
