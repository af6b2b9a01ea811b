"""The index of Dagster's instance without what nothing is shown from: a year of nights in a third of its place.

Belongs here: which rows of the index, and which parts of an event, nobody reads any more once their run is old.
Does not belong here: the files of runs, giving free place back to the disk, and when it is done
(:mod:`chat_forecast.app.pruning`).

What of each night stays is its materialisations, with every figure, tag and data version, and the evaluations of its
checks, with what they were evaluated on: the UI shows the same of assets, partitions and checks as before. What goes of
nights that are old:

- plans that were carried out, and when a run began and ended: the list of runs says it;
- an evaluation's copy among the events: the table of the checks' executions, which is all that is asked, holds it whole;
- tables of hours and pictures in metadata that is not the newest of its asset;
- of an event, what only its run's log shows, empty descriptions, and the blanks of JSON.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg

PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
"""A picture in an event's metadata, as version 0.1.0 stored them; now they are drawn when they are looked at."""
NO_PICTURE = "data:,"
MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION.value
EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value
SUCCESS = dg.DagsterEventType.RUN_SUCCESS.value
PLANS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
)
STATES = tuple(
    kind.value
    for kind in (
        dg.DagsterEventType.RUN_ENQUEUED,
        dg.DagsterEventType.RUN_DEQUEUED,
        dg.DagsterEventType.RUN_STARTING,
        dg.DagsterEventType.RUN_START,
        dg.DagsterEventType.RUN_SUCCESS,
        dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterEventType.RUN_CANCELING,
        dg.DagsterEventType.RUN_CANCELED,
    )
)
FAT = '"logging_tags"'
"""What every event holds as Dagster stores it, and none that was slimmed."""
EVENTS_AT_ONCE = 1000
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What an event raises that is not what Dagster stores, such as one that a bad disk has changed."""

# Of what is newest, nothing goes. `id > ?` and the limit: years of many chats are not held at once.
OLD_EVENTS = """
    SELECT id, CAST(event AS BLOB) FROM event_logs
    WHERE id > ? AND timestamp < ? AND dagster_event_type = ? AND instr(event, ?)
        AND id NOT IN (SELECT max(id) FROM event_logs WHERE dagster_event_type = ? GROUP BY asset_key)
    ORDER BY id LIMIT ?
"""
OLD_EVALUATIONS = """
    SELECT id, CAST(evaluation_event AS BLOB) FROM asset_check_executions
    WHERE id > ? AND evaluation_event_timestamp < ? AND instr(evaluation_event, ?)
    ORDER BY id LIMIT ?
"""
# Dagster tells new events from old ones by their ids, so the row of the highest one always stays.
DELETE_PLANS = """
    DELETE FROM event_logs
    WHERE timestamp < ? AND id < (SELECT max(id) FROM event_logs) AND dagster_event_type IN (?, ?)
        AND run_id IN (SELECT run_id FROM event_logs WHERE dagster_event_type = ?)
"""
DELETE_STATES = """
    DELETE FROM event_logs
    WHERE timestamp < ? AND id < (SELECT max(id) FROM event_logs) AND dagster_event_type IN (SELECT value FROM json_each(?))
"""
DELETE_COPIES = """
    DELETE FROM event_logs
    WHERE timestamp < ? AND id < (SELECT max(id) FROM event_logs) AND dagster_event_type = ?
        AND EXISTS (
            SELECT * FROM asset_check_executions AS checked
            WHERE checked.evaluation_event_storage_id = event_logs.id AND checked.evaluation_event = event_logs.event
        )
"""


def slim(connection: sqlite3.Connection, oldest: datetime) -> int:
    """Take out of the index what is older than ``oldest`` and not shown; returns how many rows changed."""
    before = oldest.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    changes = connection.total_changes
    connection.execute(DELETE_PLANS, (before, *PLANS, SUCCESS))
    connection.execute(DELETE_STATES, (before, json.dumps(STATES)))
    connection.execute(DELETE_COPIES, (before, EVALUATION))
    for row in _slimmed_rows(connection, OLD_EVENTS, before, MATERIALIZATION, FAT, MATERIALIZATION):
        connection.execute("UPDATE event_logs SET event = ? WHERE id = ?", row)
    for row in _slimmed_rows(connection, OLD_EVALUATIONS, before, FAT):
        connection.execute("UPDATE asset_check_executions SET evaluation_event = ? WHERE id = ?", row)
    return connection.total_changes - changes


def _slimmed_rows(connection: sqlite3.Connection, query: str, *values: str) -> Iterator[tuple[str, int]]:
    """The slimmed events of a query with their numbers, ascending, some at a time.

    An event that cannot be read is left out and stays as it is: whoever needs it says so.
    """
    last = 0
    while rows := connection.execute(query, (last, *values, EVENTS_AT_ONCE)).fetchall():
        for number, event in rows:
            try:
                found = slimmed(event.decode())
            except UNREADABLE:
                continue
            yield found, number
        last = rows[-1][0]


def slimmed(event: str) -> str:
    """A materialisation or an evaluation as Dagster stores it, without what nothing reads of one that is old."""
    content = json.loads(event)
    happened = content["dagster_event"]
    happened.pop("logging_tags", None)
    data: dict[str, Any] = happened["event_specific_data"]
    if "materialization" in data:
        entries = data["materialization"]["metadata_entries"]
        kept = [entry for entry in entries if entry["entry_data"]["__class__"] != "TableMetadataEntryData"]
        data["materialization"]["metadata_entries"] = [_without_empty_description(entry) for entry in kept]
    else:  # of an evaluation, the sentence for the run's log, and twice the place in its job
        happened.update(message=None, solid_handle=None, step_handle=None)
        content["user_message"] = ""
    return PICTURE.sub(NO_PICTURE, _to_json(content))


def _to_json(content: object) -> str:
    short = partial(json.dumps, content, separators=(",", ":"))
    text = short(ensure_ascii=False)
    return text if text.isprintable() else short()  # SQLite holds no halves of characters, such as a broken emoji


def _without_empty_description(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "description" or value is not None}
