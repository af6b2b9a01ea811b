# ruff: noqa: S608 - the names of tables and columns are Dagster's
"""Hundreds of nights on a real instance, in a second: one real night, copied with days and runs of its own.

What Dagster stored of the night's run (its file, its rows in the list of runs and in the index) is copied for each further
day, with another run and other storage ids, so that the instance knows of each as if it had been run.
"""

import json
import re
import shutil
import sqlite3
import uuid
from contextlib import closing
from datetime import timedelta

import dagster as dg

from chat_forecast.domain.local_day import LocalDay

NIGHT = timedelta(hours=24, minutes=1)
"""From a day's beginning to its run."""


def add_nights(dagster_home, run: dg.DagsterRun, day: LocalDay, nights: int) -> None:
    """Copy the run of a day for each of the ``nights`` after it; the files' times follow."""
    runs, index = dagster_home / "history" / "runs.db", dagster_home / "history" / "runs" / "index.db"
    days = [day.plus(number) for number in range(1, nights + 1)]
    copies = [(each, str(uuid.UUID(int=number))) for number, each in enumerate(days, 1)]
    with closing(sqlite3.connect(runs)) as connection, connection:
        _copy_list(connection, run.run_id, day.key, copies)
    with closing(sqlite3.connect(index)) as connection, connection:
        _copy_index(connection, run.run_id, day.key, copies)
    for each, copy in copies:
        shutil.copy(index.with_name(f"{run.run_id}.db"), index.with_name(f"{copy}.db"))
        printed = dagster_home / "storage" / copy / "compute_logs" / "step.err"
        printed.parent.mkdir(parents=True)
        printed.write_text(f"{each.key}\n")


def _copy_list(connection, run, day, copies):
    columns = _columns(connection, "runs")
    [row] = connection.execute(f"SELECT {', '.join(columns)} FROM runs WHERE run_id = ?", (run,)).fetchall()
    tags = connection.execute("SELECT key, value FROM run_tags WHERE run_id = ?", (run,)).fetchall()
    for each, copy in copies:
        _insert(connection, "runs", columns, [_replaced(value, {run: copy, day: each.key}) for value in row])
        own = [(copy, key, value.replace(day, each.key)) for key, value in tags]
        connection.executemany("INSERT INTO run_tags (run_id, key, value) VALUES (?, ?, ?)", own)


def _copy_index(connection, run, day, copies):
    [step] = connection.execute("SELECT max(id) FROM event_logs").fetchone()
    tables = {
        "event_logs": ("run_id = ?", "id"),
        "asset_check_executions": ("run_id = ?", "evaluation_event_storage_id", "materialization_event_storage_id"),
        "asset_event_tags": ("event_id IN (SELECT id FROM event_logs WHERE run_id = ?)", "event_id"),
    }
    for table, (chosen, *ids) in tables.items():
        columns = [*_columns(connection, table), *(["id"] if table == "event_logs" else [])]
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {chosen}", (run,)).fetchall()
        for number, (each, copy) in enumerate(copies, 1):
            words = {run: copy, day: each.key}
            at = (each.start + NIGHT).replace(tzinfo=None).isoformat(sep=" ")
            for row in rows:
                values = dict(zip(columns, (_replaced(value, words, number * step) for value in row), strict=True))
                values |= {name: values[name] + number * step for name in ids}
                values |= {name: at for name in values if name.endswith("timestamp")}
                _insert(connection, table, list(values), list(values.values()))
    connection.execute("UPDATE asset_keys SET cached_status_data = NULL")
    for [key] in connection.execute("SELECT asset_key FROM asset_keys").fetchall():
        newest = "SELECT event, id FROM event_logs WHERE asset_key = ? AND dagster_event_type = 'ASSET_MATERIALIZATION'"
        event, number = connection.execute(f"{newest} ORDER BY id DESC LIMIT 1", (key,)).fetchone()
        stored = connection.execute("SELECT last_materialization FROM asset_keys WHERE asset_key = ?", (key,)).fetchone()
        record = json.loads(stored[0]) | {"storage_id": number}
        record["event_log_entry"] = json.loads(event)
        connection.execute(
            "UPDATE asset_keys SET last_materialization = ?, last_run_id = ? WHERE asset_key = ?",
            (json.dumps(record), record["event_log_entry"]["run_id"], key),
        )


def _columns(connection, table):
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})") if name != "id"]


def _insert(connection, table, columns, values):
    places = ", ".join("?" * len(columns))
    quoted = ", ".join(f'"{name}"' for name in columns)
    connection.execute(f"INSERT INTO {table} ({quoted}) VALUES ({places})", values)


def _replaced(value, words, step=0):
    if not isinstance(value, str):
        return value
    for old, new in words.items():
        value = value.replace(old, new)
    return re.sub(r'"storage_id": (\d+)', lambda found: f'"storage_id": {int(found[1]) + step}', value)
