"""That events stored together leave the same rows as events stored one by one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import AssetMaterializationPlannedData, StepMaterializationData

from chat_forecast.pipeline import event_batches
from chat_forecast.pipeline.compat import AssetCheckEvaluationTargetMaterializationData, SqliteEventLogStorage

RUN = "5f3c1f36-0000-4000-8000-000000000001"
DAYS = ["2026-03-01", "2026-03-02", "2026-03-03"]
SERIES, SCORE = dg.AssetKey(["chat", "hourly_series"]), dg.AssetKey(["chat", "daily_score"])
TABLES = {
    "event_logs": "id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition",
    "asset_keys": "id, asset_key, last_materialization, last_run_id, last_materialization_timestamp",
    "asset_event_tags": "event_id, asset_key, key, value, event_timestamp",
    "asset_check_executions": "id, asset_key, check_name, partition, run_id, execution_status, evaluation_event, "
    "evaluation_event_timestamp, evaluation_event_storage_id, materialization_event_storage_id",
}
"""All that events leave, but for the moment at which a row was made."""


def entries(kind, datas):
    """Events of a kind, as a run has them, a second after the other."""
    return [
        dg.EventLogEntry(
            error_info=None,
            level=10,
            user_message="",
            run_id=RUN,
            timestamp=1_772_323_200.0 + second,
            step_key="a step",
            job_name="a job",
            dagster_event=dg.DagsterEvent(kind.value, "a job", step_key="a step", event_specific_data=data),
        )
        for second, data in enumerate(datas)
    ]


def planned():
    """The materialisations and the check that a run begins with."""
    return [
        *entries(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
            [
                AssetCheckEvaluationPlanned(
                    asset_key=SCORE, check_name="good", partitions_subset=DefaultPartitionsSubset(set(DAYS[:2]))
                )
            ],
        ),
        *entries(
            dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
            [AssetMaterializationPlannedData(key, partition=day) for key in (SERIES, SCORE) for day in DAYS],
        ),
    ]


def materialised():
    """What a run stores of an asset."""
    made = [
        dg.AssetMaterialization(SCORE, metadata={"hours": hour}, partition=day, tags={"dagster/data_version": f"v{hour}"})
        for hour, day in enumerate(DAYS)
    ]
    return entries(dg.DagsterEventType.ASSET_MATERIALIZATION, [StepMaterializationData(each) for each in made])


def evaluated(*, passed=True):
    """What a check found; nobody planned that of the last day."""
    return entries(
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
        [
            dg.AssetCheckEvaluation(
                asset_key=SCORE,
                check_name="good",
                passed=passed,
                metadata={},
                partition=day,
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=number, run_id=RUN, timestamp=0.0
                ),
            )
            for number, day in enumerate(DAYS, 8)
        ],
    )


def rows(folder):
    """Everything in the files of a storage."""
    found = {}
    for path in (Path(folder, "index.db"), Path(folder, f"{RUN}.db")):
        with closing(sqlite3.connect(path)) as connection:
            for table, columns in TABLES.items():
                found[path.stem, table] = connection.execute(
                    f"SELECT {columns} FROM {table} ORDER BY 1, 2"  # noqa: S608 - names that stand above
                ).fetchall()
    return found


def test_events_stored_together_leave_the_rows_of_events_stored_one_by_one(tmp_path):
    batches = [planned(), materialised(), evaluated(), evaluated(passed=False)]  # the last one: a step tried again
    plain, together = (SqliteEventLogStorage(str(tmp_path / name)) for name in ("plain", "together"))
    for batch in batches:
        for event in batch:
            plain.store_event(event)
        event_batches.store_together(together, batch)
    expected = rows(tmp_path / "plain")
    assert len(expected["index", "event_logs"]) == 16
    assert len(expected["index", "asset_check_executions"]) == len(DAYS)
    assert rows(tmp_path / "together") == expected


def test_a_batch_with_anything_else_is_stored_one_by_one(tmp_path):
    storage = SqliteEventLogStorage(str(tmp_path))
    event_batches.store_together(storage, [*materialised(), *entries(dg.DagsterEventType.STEP_START, [None])])
    assert len(rows(tmp_path)["index", "event_logs"]) == len(DAYS)
    assert len(rows(tmp_path)[RUN, "event_logs"]) == len(DAYS) + 1
