"""Judging stored scores again."""

import threading
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from chat_forecast.app.rescoring import Rescoring, report_renewed, rescore
from chat_forecast.app.runs import opened
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS, Verdict
from chat_forecast.pipeline.checks import score_check_key
from chat_forecast.pipeline.retraining import wanted_retraining
from chat_forecast.settings.models import Check
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.damage import cut_in_half
from chat_forecast_tests.presentation.reports.stored import (
    FIRST,
    make_chat,
    store_forecasts,
    store_scores,
    store_series,
    store_training,
)

CHAT = make_chat()
STRICT = make_chat(check=Check(max_model_age_days=1))
SCORED = [FIRST.plus(number) for number in range(30, 40)]


@pytest.fixture
def storage(tmp_path):
    """Ten scored days, each with a verdict of the default rule."""
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)
    store_series(storage, 40)
    store_training(storage, 28)
    store_forecasts(storage, 29, 38)
    store_scores(storage, 30, 39)
    return storage


def path_of(storage, day) -> Path:
    return Path(storage.url("daily_score", day))


def stored(storage) -> dict[str, bytes]:
    return {day.key: path_of(storage, day).read_bytes() for day in SCORED}


def without_verdict(storage, day) -> None:
    """Take the verdict away, as if version 0.1.0 had written the score."""
    frame = storage.frame("daily_score", day)
    storage.write("daily_score", day, frame.assign(**dict.fromkeys(VERDICT_COLUMNS)).astype(frame.dtypes))


def test_the_rule_that_made_the_verdicts_changes_nothing(storage):
    before = stored(storage)
    judged = rescore(CHAT, storage, SCORED[0], SCORED[-1]).judged
    assert [each.day for each in judged] == SCORED
    assert not any(each.is_changed for each in judged)
    assert stored(storage) == before


def test_another_rule_gives_new_verdicts_and_leaves_every_other_column_as_it_was(storage):
    before = {day: pq.read_table(path_of(storage, day)) for day in SCORED}
    judged = rescore(STRICT, storage, SCORED[0], SCORED[-1]).judged
    assert all(each.is_changed and each.before.passed and not each.after.passed for each in judged)
    for day in SCORED:
        after = pq.read_table(path_of(storage, day))
        columns = [name for name in after.column_names if name not in VERDICT_COLUMNS]
        assert after.select(columns).equals(before[day].select(columns))
        assert after.schema.equals(before[day].schema, check_metadata=True)
        verdict = Verdict.from_row(storage.frame("daily_score", day).iloc[0])
        assert (verdict.passed, verdict.rule) == (False, "relative")
        assert verdict.figures["max_model_age_days"] == 1
    again = rescore(STRICT, storage, SCORED[0], SCORED[-1]).judged
    assert not any(each.is_changed for each in again)
    rescore(CHAT, storage, SCORED[0], SCORED[-1])
    assert {day: pq.read_table(path_of(storage, day)) for day in SCORED} == before


def test_only_the_days_asked_for_are_judged(storage):
    before = stored(storage)
    judged = rescore(STRICT, storage, SCORED[2], SCORED[3]).judged
    assert [each.day for each in judged] == SCORED[2:4]
    after = stored(storage)
    assert [key for key in before if before[key] != after[key]] == [SCORED[2].key, SCORED[3].key]


def test_a_score_without_a_verdict_gets_one_as_if_made_that_night(storage):
    wanted = pd.DataFrame(storage.frame("daily_score", SCORED[4]))
    without_verdict(storage, SCORED[4])
    (judged,) = rescore(CHAT, storage, SCORED[4], SCORED[4]).judged
    assert judged.before is None
    assert judged.is_changed
    pd.testing.assert_frame_equal(storage.frame("daily_score", SCORED[4]), wanted)


def test_the_reason_of_a_withheld_forecast_stays(storage):
    before = storage.frame("next_day_forecast", SCORED[4].plus(-1))
    storage.write("next_day_forecast", SCORED[4].plus(-1), NotedTable(before, {"withheld": "withheld: it cannot be"}))
    row = storage.frame("daily_score", SCORED[4])
    storage.write("daily_score", SCORED[4], row.assign(hours_scored=0))
    (judged,) = rescore(CHAT, storage, SCORED[4], SCORED[4]).judged
    assert judged.after.reason.endswith("was read, and the forecast for it was withheld: it cannot be")


def test_dagster_shows_the_renewed_verdicts_and_its_sensor_looks_again(storage, tmp_path, monkeypatch):
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        monkeypatch.setenv(name, "")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    judged = rescore(STRICT, storage, SCORED[-2], SCORED[-1]).judged
    report_renewed(home, [STRICT], STRICT, judged)
    assert not home.dagster_home.exists()  # Dagster never ran here
    apply_environment(home)
    with opened(home, [STRICT]) as runner:
        key = score_check_key(STRICT)
        assert not runner.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
        report_renewed(home, [STRICT], STRICT, judged)
        log = runner.instance.event_log_storage
        shown = {info.partition_key: info.latest_execution_status for info in log.get_asset_check_partition_info([key])}
        assert {day: status.value for day, status in shown.items()} == {day.key: "FAILED" for day in SCORED[-2:]}
        (last,) = log.get_latest_asset_check_execution_by_key([key]).values()
        assert last.event.dagster_event.event_specific_data.partition == SCORED[-1].key
        assert wanted_retraining(storage).day == SCORED[-1]
        report_renewed(home, [STRICT], STRICT, rescore(STRICT, storage, SCORED[-2], SCORED[-1]).judged)
        assert log.get_latest_asset_check_execution_by_key([key])[key].id == last.id  # nothing new, nothing reported


def test_where_nothing_is_scored_nothing_is_judged(storage):
    assert rescore(CHAT, storage, FIRST, FIRST.plus(5)) == Rescoring([], [])


def test_the_chat_is_held_meanwhile(storage):
    done = threading.Event()

    def judge():
        rescore(STRICT, storage, SCORED[0], SCORED[0])
        done.set()

    with storage.lock():
        judging = threading.Thread(target=judge)
        judging.start()
        assert not done.wait(0.3)
        before = path_of(storage, SCORED[0]).read_bytes()
    judging.join(20)
    assert done.is_set()
    assert path_of(storage, SCORED[0]).read_bytes() != before


def test_damaged_files_are_named_and_stay_and_all_other_scores_are_judged(storage):
    score, forecast = path_of(storage, SCORED[3]), Path(storage.url("next_day_forecast", SCORED[6]))
    for path in (score, forecast):
        cut_in_half(path)
    before = score.read_bytes()
    done = rescore(STRICT, storage, SCORED[0], SCORED[-1])
    assert [each.day for each in done.judged] == [day for day in SCORED if day not in (SCORED[3], SCORED[7])]
    assert all(each.is_changed for each in done.judged)
    assert [fault.partition(" ")[0] for fault in done.faults] == [str(score), str(forecast)]
    assert score.read_bytes() == before
