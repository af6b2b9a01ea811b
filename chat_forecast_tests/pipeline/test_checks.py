"""Checks as plain functions of a stored day, and what Dagster makes of them in a run."""

import dagster as dg
import pandas as pd
import pytest

from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.pipeline import checks, event_batches
from chat_forecast.pipeline.assets.asset_run import no_progress
from chat_forecast.pipeline.compat import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    AssetCheckEvaluationTargetMaterializationData,
    SqliteEventLogStorage,
)
from chat_forecast.pipeline.newest_events import newest_materialisations
from chat_forecast.pipeline.runs import HISTORY_ASSETS, asset_keys, range_tags
from chat_forecast.storage.partition_files import NotStored
from chat_forecast_tests.factories import make_forecast, make_message_batch, make_scores, make_series

DAY = LocalDay.parse("2026-03-26", "Europe/Berlin")


@pytest.fixture
def storage(stores, chat):
    return stores.storages.of(chat)


def test_a_message_stored_twice_is_found(storage):
    batch = make_message_batch(DAY, [1, 2, 3])
    storage.write("merged_history", DAY, batch)
    assert checks.ids_unique(storage, DAY).passed
    doubled = pd.concat([batch.messages, batch.messages.tail(1)], ignore_index=True)
    storage.write("merged_history", DAY, type(batch)(doubled, batch.read_intervals))
    assert checks.ids_unique(storage, DAY).description == "1 messages repeat an id"


def test_an_hour_that_is_absent_is_found(storage):
    series = make_series(DAY, 1)
    storage.write("hourly_series", DAY, series)
    assert next(checks.hours_complete(storage, [DAY])).passed
    storage.write("hourly_series", DAY, series.drop(index=[3]))
    finding = next(checks.hours_complete(storage, [DAY]))
    assert not finding.passed
    assert "1 hours absent" in finding.description


def test_counts_that_do_not_add_up_are_found(storage):
    storage.write("merged_history", DAY, make_message_batch(DAY, [1, 61]))
    storage.write("hourly_series", DAY, make_series(DAY, 1, lambda hour: 1 if hour.hour < 2 else 0))
    assert next(checks.counts_add_up(storage, [DAY])).passed
    storage.write("hourly_series", DAY, make_series(DAY, 1, lambda hour: 1 if hour.hour < 3 else 0))
    assert next(checks.counts_add_up(storage, [DAY])).description == "the hours add up to 3, stored are 2 messages"


def test_hours_that_were_not_read_are_named(storage):
    storage.write("hourly_series", DAY, make_series(DAY, 1, lambda hour: None if hour.hour == 4 else 0))
    finding = next(checks.day_read(storage, [DAY]))
    assert not finding.passed
    assert "04:00" in finding.description


def test_a_forecast_that_the_chat_s_history_makes_impossible_is_found(storage):
    for number in range(60):
        storage.write("hourly_series", DAY.plus(-number), make_series(DAY.plus(-number), 1, lambda _: 3))
    storage.write("next_day_forecast", DAY, make_forecast(DAY.plus(1)))
    assert next(checks.forecasts_sane(storage, [DAY])).passed
    storage.write("next_day_forecast", DAY, make_forecast(DAY.plus(1), expected=1200))
    assert not next(checks.forecasts_sane(storage, [DAY])).passed


def test_the_verdict_is_the_one_stored_with_the_score_and_is_not_judged_again(storage):
    with pytest.raises(NotStored, match="my-chat/daily_score of 2026-03-26 is not stored"):
        checks.forecast_good_enough(storage, DAY)
    verdict = Verdict(
        passed=False, rule="smape", reason="because it was so that night", figures={"smape_threshold": 0.123456}
    )
    score = make_scores(DAY, [0.9])
    storage.write("daily_score", DAY, score.assign(**verdict.to_row()))
    finding = checks.forecast_good_enough(storage, DAY)
    assert (finding.passed, finding.description) == (False, "because it was so that night")
    assert finding.figures == {"rule": "smape", "smape threshold": 0.1235}
    storage.write("daily_score", DAY, score)
    assert "an older version wrote it" in checks.forecast_good_enough(storage, DAY).description


def run(stores, chat, instance, assets, first, last):
    """Materialise some assets over a range of days in this process."""
    job = build_definitions([chat], stores, no_progress).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        instance=instance,
        asset_selection=asset_keys(chat, assets),
        tags=range_tags(first, last),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


@pytest.fixture(params=["events one by one", "events together"])
def instance(request, tmp_path, monkeypatch):
    """A Dagster instance on disk: one in memory accepts calls that fail there."""
    monkeypatch.delattr(SqliteEventLogStorage, "store_event_batch", raising=False)
    if request.param == "events together":
        monkeypatch.setattr(SqliteEventLogStorage, "store_event_batch", event_batches.store_together)
        monkeypatch.setenv(event_batches.BATCH_SIZE, "2")
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


def test_a_failed_blocking_check_stops_what_follows(stores, chat, instance, monkeypatch):
    """Unwired from the graph (``blocking=False``), the check would let the hourly series be made all the same."""
    monkeypatch.setattr("chat_forecast.domain.data_quality.repeated_ids", lambda _batch: ["1 messages repeat an id"])
    result = run(stores, chat, instance, HISTORY_ASSETS, DAY, DAY)
    assert not result.success
    storage = stores.storages.of(chat)
    assert storage.has("merged_history", DAY)
    assert not storage.has("hourly_series", DAY)


def test_a_failed_check_that_only_warns_stops_nothing(stores, chat, instance, monkeypatch):
    monkeypatch.setattr("chat_forecast.domain.data_quality.missing_hours", lambda _series: ["missing day"])
    assert run(stores, chat, instance, HISTORY_ASSETS, DAY, DAY).success


def test_each_day_of_a_range_has_an_evaluation_of_its_own_materialisation(stores, chat, instance):
    """The UI's bar of checked partitions is drawn from the materialisation that each evaluation names."""
    assert run(stores, chat, instance, HISTORY_ASSETS, DAY, DAY.plus(2)).success
    key = dg.AssetKey(["my-chat", "hourly_series"])
    check = dg.AssetCheckKey(key, "hours_complete")
    found = instance.event_log_storage.get_asset_check_execution_history(check, limit=10)
    evaluations = [record.event.dagster_event.event_specific_data for record in found]
    targets = {each.partition: each.target_materialization_data for each in evaluations}
    newest = instance.fetch_materializations(key, limit=10).records
    assert targets == {
        each.partition_key: AssetCheckEvaluationTargetMaterializationData(
            storage_id=each.storage_id, run_id=each.run_id, timestamp=each.timestamp
        )
        for each in newest
    }
    assert set(targets) == {day.key for day in DAY.until(DAY.plus(2))}


def test_the_newest_materialisation_of_each_day_is_found_and_of_others_none(stores, chat, instance):
    for _ in range(2):
        assert run(stores, chat, instance, HISTORY_ASSETS, DAY, DAY.plus(2)).success
    key = dg.AssetKey(["my-chat", "hourly_series"])
    first, second, *_ = instance.fetch_materializations(key, limit=10, ascending=True).records[3:]
    found = newest_materialisations(instance, key, [DAY, DAY.plus(1), DAY.plus(9)])
    assert [each.storage_id for each in found.values()] == [first.storage_id, second.storage_id]
    assert found[DAY.key].timestamp == first.timestamp
    assert newest_materialisations(instance, key, [DAY.plus(9)]) == {}


def test_the_range_tags_are_those_of_dagster():
    assert range_tags(DAY, DAY.plus(1)) == {
        ASSET_PARTITION_RANGE_START_TAG: "2026-03-26",
        ASSET_PARTITION_RANGE_END_TAG: "2026-03-27",
    }
