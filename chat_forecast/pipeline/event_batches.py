"""Events of a long range, stored many at a time: each of its days has eleven.

Belongs here: how the events of many days reach Dagster's SQLite files.
Does not belong here: what they say, and how those files are opened (:mod:`.instance_files`).

Dagster's SQLite storage stores each event in up to four transactions on two files, and checks before each whether the files
have their tables. That is a third of the time of a day without a training. Dagster has batches of events, which its SQLite
storage stores one by one all the same. Here a batch is stored in one transaction a file, and evaluations of checks come in
batches too. The files hold the same rows as without this; a test compares them.

This rests on private methods of Dagster's storage and step context, which are called here and nowhere else.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import uuid4

import dagster as dg
import sqlalchemy

from chat_forecast.pipeline.compat import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    AssetMetadataHandle,
    DagsterEventBatchMetadata,
    OutputMetadataAccumulator,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)

BATCH_SIZE = "DAGSTER_EVENT_BATCH_SIZE"
"""The environment variable that says how many events Dagster may hold back to store them together."""
EVENTS_AT_ONCE = 100

PLANNED_CHECK = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION
OF_ASSETS = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED}
"""Events that update the asset's own row, which names its newest one."""
BATCHED = OF_ASSETS | {PLANNED_CHECK, EVALUATION}
"""Events that are stored together. A batch with any other one is left to Dagster; the runs of this project have none."""

TABLE = AssetCheckExecutionsTable
CHECK_COLUMNS = (TABLE.c.asset_key, TABLE.c.check_name, TABLE.c.run_id)


class Stored(NamedTuple):
    """An event as it is stored in the index, the file that holds the events of all runs."""

    event: dg.EventLogEntry
    storage_id: int
    row: dict[str, Any]


def store_in_batches() -> None:
    """Let this process store events in batches; calling it again changes nothing."""
    os.environ.setdefault(BATCH_SIZE, str(EVENTS_AT_ONCE))
    SqliteEventLogStorage.store_event_batch = store_together  # type: ignore[method-assign, assignment]  # on purpose


def evaluation_events(
    context: dg.AssetCheckExecutionContext, evaluations: Iterable[dg.AssetCheckEvaluation]
) -> Iterator[dg.AssetCheckEvaluation | dg.DagsterEvent]:
    """What a check yields for its evaluations: events in batches if the storage takes them, else the evaluations themselves.

    A batch is stored before the evaluations after it are made. Failed ones that block the assets downstream come last and
    are yielded as they are, since Dagster stops those assets only when it makes the event itself.
    """
    if getattr(type(context.instance.event_log_storage), "store_event_batch", None) is not store_together:
        yield from evaluations
        return
    step, remaining = context.get_step_execution_context(), iter(evaluations)
    blocking: list[dg.AssetCheckEvaluation] = []
    while found := list(islice(remaining, EVENTS_AT_ONCE)):
        blocking += [each for each in found if each.blocking and not each.passed]
        batch, others = uuid4().hex, [each for each in found if each.passed or not each.blocking]
        for place, each in enumerate(others, 1):
            part = DagsterEventBatchMetadata(batch, is_end=place == len(others))
            yield dg.DagsterEvent.from_step(EVALUATION, step, each, _message(each), part)
    yield from blocking


def _message(evaluation: dg.AssetCheckEvaluation) -> str:
    """The message that Dagster gives such an event."""
    outcome = "passed." if evaluation.passed else "did not pass."
    about = "" if evaluation.description is None else f" Description: '{evaluation.description}'"
    return f"Asset check '{evaluation.check_name}' on '{evaluation.asset_key.to_user_string()}' {outcome}{about}"


def describe_partitions(context: dg.AssetExecutionContext, metadata: Mapping[str, Mapping[str, Any]]) -> None:
    """Add metadata to many partitions; ``add_asset_metadata``, called for each, goes through all before it every time."""
    step, asset = context.op_execution_context.get_step_execution_context(), context.asset_key
    known = step._metadata_accumulator
    found = dict(known.per_output_metadata)
    for key, added in metadata.items():
        found[AssetMetadataHandle(asset_key=asset, partition_key=key)] = {**known.get_asset_metadata(asset, key), **added}
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=found)


def store_together(storage: SqliteEventLogStorage, events: Sequence[dg.EventLogEntry]) -> None:
    """Store the same rows as ``store_event`` does for one event after the other, in one transaction a file."""
    if not {event.dagster_event_type for event in events} <= BATCHED or len({event.run_id for event in events}) > 1:
        for event in events:
            storage.store_event(event)
        return
    rows = [storage._event_to_row(event) for event in events]
    with storage.run_connection(events[0].run_id) as connection:
        connection.execute(SqlEventLogStorageTable.insert(), rows)
    insert = SqlEventLogStorageTable.insert().returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
    with storage.index_transaction() as connection:
        storage_ids = connection.scalars(insert, rows)
        stored = [Stored(*each) for each in zip(events, storage_ids, rows, strict=True)]
        _store_newest(storage, connection, [each for each in stored if each.event.dagster_event_type in OF_ASSETS])
        for each in stored:
            if each.event.dagster_event_type is PLANNED_CHECK:
                connection.execute(TABLE.insert(), _planned_rows(each))
        evaluations = [each for each in stored if each.event.dagster_event_type is EVALUATION]
        unplanned = _store_evaluations(connection, evaluations)
    for each in unplanned:
        storage.store_asset_check_event(each.event, each.storage_id)


def _store_newest(storage: SqliteEventLogStorage, connection: sqlalchemy.Connection, stored: list[Stored]) -> None:
    """Store the data versions in events of assets, and the newest event of each asset."""
    storage._store_asset_event_tags(connection, [each.event for each in stored], [each.storage_id for each in stored])
    newest = {each.event.get_dagster_event().asset_key: each for each in stored}
    for each in newest.values():
        storage._store_asset_event(connection, each.event, each.storage_id)


def _planned_rows(stored: Stored) -> list[dict[str, Any]]:
    """A planned check's rows, one a day; the event in them is serialised once, where Dagster does so for each day."""
    planned = stored.event.get_dagster_event().asset_check_planned_data
    days = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else [None]
    return [
        {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "partition": day,
            "run_id": stored.event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": stored.row["event"],
            "evaluation_event_timestamp": stored.row["timestamp"],
            "evaluation_event_storage_id": stored.storage_id,
        }
        for day in days
    ]


def _store_evaluations(connection: sqlalchemy.Connection, stored: list[Stored]) -> list[Stored]:
    """Update the rows of planned evaluations; returns those evaluations that were not planned, which have no row yet."""
    unplanned: list[Stored] = []
    for of_check in {_check_of(each.event) for each in stored}:
        mine = [each for each in stored if _check_of(each.event) == of_check]
        where = [column == value for column, value in zip(CHECK_COLUMNS, of_check, strict=True)]
        days = sqlalchemy.select(TABLE.c.partition).where(*where, TABLE.c.partition.is_not(None))
        planned = set(connection.scalars(days))
        rows = [_evaluation_row(each) for each in mine if _evaluation(each.event).partition in planned]
        if rows:
            connection.execute(TABLE.update().where(*where, TABLE.c.partition == sqlalchemy.bindparam("day")), rows)
        unplanned += [each for each in mine if _evaluation(each.event).partition not in planned]
    return unplanned


def _evaluation(event: dg.EventLogEntry) -> dg.AssetCheckEvaluation:
    return event.get_dagster_event().asset_check_evaluation_data


def _check_of(event: dg.EventLogEntry) -> tuple[str, str, str]:
    """The values of :data:`CHECK_COLUMNS`."""
    evaluation = _evaluation(event)
    return evaluation.asset_key.to_string(), evaluation.check_name, event.run_id


def _evaluation_row(stored: Stored) -> dict[str, Any]:
    """An evaluation's day, and the columns of its row that change."""
    evaluation = _evaluation(stored.event)
    status = AssetCheckExecutionRecordStatus.SUCCEEDED if evaluation.passed else AssetCheckExecutionRecordStatus.FAILED
    target = evaluation.target_materialization_data
    return {
        "day": evaluation.partition,
        "execution_status": status.value,
        "evaluation_event": stored.row["event"],
        "evaluation_event_timestamp": stored.row["timestamp"],
        "evaluation_event_storage_id": stored.storage_id,
        "materialization_event_storage_id": target.storage_id if target else None,
    }
