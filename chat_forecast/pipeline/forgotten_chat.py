"""Taking a chat out of Dagster's files: its runs, events, checks, ticks and cursors, so that no byte of them is left.

Belongs here: what of the instance's SQLite files is about one chat.
Does not belong here: where Dagster's rows name a chat (:mod:`.named_chats`), rows in PostgreSQL (:mod:`.forgotten_rows`),
what else is stored of it (:mod:`chat_forecast.app.forgetting_chat`).

``instance.delete_run`` and ``wipe_asset`` leave rows of other tables, and what they delete stays in free pages.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.instance_settings import INDEX
from chat_forecast.pipeline.named_chats import (
    BY_ASSET,
    BY_POOL,
    EVALUATIONS,
    SNAPSHOT_ID,
    STATES,
    names,
    pool_of,
    selected,
    state_without,
    stored_keys,
    tick_without,
)
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.storage.sqlite_files import damaged, fault_of


class NotForgotten(ChatForecastError):
    """A database could not be cleared of a chat; the message names it and what to do."""


@contextmanager
def scrubbed(database: Path) -> Iterator[sqlite3.Connection]:
    """Change an SQLite file so that nothing of what is deleted is left in it, in its free pages or in its log.

    Raises:
        NotForgotten: it is damaged, or somebody else keeps it open.
    """
    try:
        with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise NotForgotten(_not_cleared(database, error)) from error


def runs_of(dagster_home: Path, chat: str) -> list[str]:
    """The ids of a chat's runs, and of those of several chats that it is one of."""
    database = dagster_home / "history" / "runs.db"
    if not database.is_file():
        return []
    try:
        with closing(sqlite3.connect(database, timeout=10)) as connection:
            if not _has(connection, "run_tags"):
                return []
            tagged = connection.execute("SELECT run_id FROM run_tags WHERE key = ? AND value = ?", (CHAT_TAG, chat))
            selecting = connection.execute("SELECT run_id FROM runs WHERE instr(run_body, ?)", (selected(chat),))
            return sorted({run for (run,) in (*tagged, *selecting)})
    except sqlite3.Error as error:
        raise NotForgotten(_not_cleared(database, error)) from error


def _not_cleared(database: Path, error: sqlite3.Error) -> str:
    if fault := fault_of(database):
        lost = "without the traces of other chats, too"
        return f"{damaged(database, fault, lost)} Delete what was moved in the end, since it names the chat."
    return f"{database} could not be cleared ({error}). See that no other program has it open; then do the same again."


def forget_in_dagster(dagster_home: Path, chat: str) -> None:
    """Delete everything that the instance keeps of a chat; done twice, it does nothing more.

    Raises:
        NotForgotten: a file is damaged or in use.
    """
    runs = runs_of(dagster_home, chat)
    _forget_events(dagster_home / "history" / "runs" / f"{INDEX}.db", chat, runs)
    _forget_ticks(dagster_home / "schedules" / "schedules.db", chat)
    for run in runs:
        found = (dagster_home.glob(f"history/runs/{run}.db*"), dagster_home.rglob(run), dagster_home.rglob(f"{run}.*"))
        for path in [each for paths in found for each in paths]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    _forget_runs(dagster_home / "history" / "runs.db", chat, runs)  # last: killed before, the next call knows them still


def _forget_events(database: Path, chat: str, runs: list[str]) -> None:
    if not database.is_file():
        return
    keys = stored_keys(chat)
    with scrubbed(database) as connection:
        for table in BY_ASSET:
            _delete(connection, table, "asset_key", keys)
        if _has(connection, "event_logs"):  # what a run of several chats made of another one stays
            unnamed = "DELETE FROM event_logs WHERE run_id = ? AND asset_key IS NULL"
            connection.executemany(unnamed, [(run,) for run in runs])
        for table in BY_POOL:
            _delete(connection, table, "concurrency_key", [pool_of(chat)])


def _forget_runs(database: Path, chat: str, runs: list[str]) -> None:
    if not database.is_file():
        return
    with scrubbed(database) as connection:
        if not _has(connection, "runs"):
            return
        for table in ("run_tags", "runs"):
            _delete(connection, table, "run_id", runs)
        if _has(connection, "bulk_actions"):
            named = [key for key, body in connection.execute("SELECT key, body FROM bulk_actions") if names(body, chat)]
            _delete(connection, "bulk_actions", "key", named)
        bodies = connection.execute("SELECT coalesce(snapshot_id, '') || run_body FROM runs")
        used = {found for (body,) in bodies for found in SNAPSHOT_ID.findall(body)}
        unused = [key for (key,) in connection.execute("SELECT snapshot_id FROM snapshots") if key not in used]
        _delete(connection, "snapshots", "snapshot_id", unused)


def _forget_ticks(database: Path, chat: str) -> None:
    if not database.is_file():
        return
    with scrubbed(database) as connection:
        if _has(connection, "job_ticks"):
            for key, body in connection.execute("SELECT id, tick_body FROM job_ticks").fetchall():
                if (kept := tick_without(body, chat)) is None:
                    connection.execute("DELETE FROM job_ticks WHERE id = ?", (key,))
                elif kept != body:
                    connection.execute("UPDATE job_ticks SET tick_body = ? WHERE id = ?", (kept, key))
        for table, column in STATES.items():
            if _has(connection, table):
                rows = connection.execute(f"SELECT id, {column} FROM {table}").fetchall()  # noqa: S608 - names of ours
                changed = [(state_without(body, chat), key) for key, body in rows if names(body, chat)]
                connection.executemany(f"UPDATE {table} SET {column} = ? WHERE id = ?", changed)  # noqa: S608 - names of ours
        _delete(connection, EVALUATIONS, "asset_key", stored_keys(chat))


def _delete(connection: sqlite3.Connection, table: str, column: str, values: Sequence[object]) -> None:
    """Delete the rows of a table, if it is there, that have one of the values."""
    if _has(connection, table):
        rows = [(value,) for value in values]
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)  # noqa: S608 - names of ours


def _has(connection: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (table,)).fetchone() is not None
