"""Taking a chat out of the PostgreSQL database that Dagster's instances of many machines share.

Belongs here: deleting the rows about one chat, all at once or none.
Does not belong here: Dagster's SQLite files (:mod:`.forgotten_chat`), where rows name a chat (:mod:`.named_chats`).

``instance.delete_run`` takes four statements a run and leaves checks and pools; ``wipe_assets`` only marks an asset. So the
rows are deleted by themselves, in one transaction: killed in the middle, all are there still.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chat_forecast.masking import without_secrets
from chat_forecast.pipeline.database_connections import short_wait
from chat_forecast.pipeline.forgotten_chat import NotForgotten
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
    tells_of,
    tick_without,
)
from chat_forecast.pipeline.runs import CHAT_TAG

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

BY_RUN = ("concurrency_slots", "pending_steps", "run_tags", "runs")
"""The tables whose rows about a run all go with it."""
LISTS = {"dynamic_partitions": ("partitions_def_name", "partition"), "kvs": ("key", "value"), "daemon_heartbeats": ("body",)}
"""Tables of few rows, and the columns in which these may name a chat; the daemon rewrites the last twice a minute."""
ALIVE_SECONDS = 60
"""A daemon gives a sign of life every half a minute."""
LOCK_SECONDS = 30


def runs_in(database: str, chat: str) -> int:
    """How many runs of a chat, or of several that it is one of, the database holds.

    Raises:
        NotForgotten: it cannot be used.
    """
    with _opened(database) as (engine, tables), engine.connect() as connection:
        return len(_runs(connection, tables, chat)) if "runs" in tables else 0


def forget_rows(database: str, chat: str) -> None:
    """Delete everything that the database says of a chat, and rewrite the tables, so that their files hold none of it.

    Done twice, it does nothing more.

    Raises:
        NotForgotten: it cannot be used.
    """
    from sqlalchemy import text

    with _opened(database) as (engine, tables):
        with engine.begin() as connection:
            runs = _runs(connection, tables, chat) if "runs" in tables else []
            _forget_events(connection, tables, chat, runs)
            _forget_states(connection, tables, chat)
            _forget_backfills(connection, tables, chat)
            _forget_runs(connection, tables, runs)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
            for name in tables:
                connection.execute(text(f'VACUUM FULL "{name}"'))


def expect_no_daemon(database: str) -> None:
    """See that no daemon is at work with the database.

    Raises:
        NotForgotten: one gave a sign of life within :data:`ALIVE_SECONDS`, or the database cannot be used.
    """
    from sqlalchemy import text

    query = "SELECT extract(epoch FROM timezone('utc', now()) - max(timestamp)) FROM daemon_heartbeats"
    with _opened(database) as (engine, tables), engine.connect() as connection:
        age = connection.execute(text(query)).scalar() if "daemon_heartbeats" in tables else None
    if age is not None and age < ALIVE_SECONDS:
        raise NotForgotten(
            f"Dagster's daemon gave a sign of life in the database {max(age, 0):.0f} s ago, and would write about the chat "
            f"again. Stop chat-forecast up on every machine, wait for {ALIVE_SECONDS} s, and do the same again."
        )


@contextmanager
def _opened(database: str) -> "Iterator[tuple[Engine, dict[str, Table]]]":
    """The database, and those of its tables that are Dagster's."""
    from sqlalchemy import MetaData, create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    others = ("job_ticks", "bulk_actions", "backfill_tags", "snapshots", EVALUATIONS)
    known = {*BY_ASSET, *BY_POOL, *BY_RUN, *STATES, *LISTS, *others}
    engine, metadata = create_engine(database, poolclass=NullPool), MetaData()
    try:
        with short_wait():
            metadata.reflect(engine, only=lambda name, _: name in known)
        yield engine, dict(metadata.tables)
    except SQLAlchemyError as error:
        found = without_secrets(str(getattr(error, "orig", error))).strip().partition("\n")[0]
        raise NotForgotten(
            f"Dagster's database {without_secrets(database)} could not be cleared ({found}). See that PostgreSQL runs and "
            "that no other program keeps its tables locked; then do the same again."
        ) from None  # not chained: the cause's own text may hold the password


def _runs(connection: "Connection", tables: "dict[str, Table]", chat: str) -> list[str]:
    from sqlalchemy import select, union

    runs, tags = tables["runs"].c, tables["run_tags"].c
    tagged = select(tags.run_id).where(tags.key == CHAT_TAG, tags.value == chat)
    selecting = select(runs.run_id).where(runs.run_body.contains(selected(chat), autoescape=True))
    return sorted(connection.execute(union(tagged, selecting)).scalars())


def _forget_events(connection: "Connection", tables: "dict[str, Table]", chat: str, runs: list[str]) -> None:
    for name in (*BY_ASSET, EVALUATIONS):
        if (table := tables.get(name)) is not None:
            connection.execute(table.delete().where(table.c.asset_key.in_(stored_keys(chat))))
    if (events := tables.get("event_logs")) is not None:  # what a run of several chats made of another one stays
        connection.execute(events.delete().where(events.c.run_id.in_(runs), events.c.asset_key.is_(None)))
    for name in BY_POOL:
        if (table := tables.get(name)) is not None:
            connection.execute(table.delete().where(table.c.concurrency_key == pool_of(chat)))


def _forget_states(connection: "Connection", tables: "dict[str, Table]", chat: str) -> None:
    """Take a chat out of ticks, the states of schedules and sensors, and the small lists."""
    for name, column in {"job_ticks": "tick_body", **STATES}.items():
        if (table := tables.get(name)) is not None:
            for row in _naming(connection, table, (column,), chat):
                body = row[1]
                kept = tick_without(body, chat) if name == "job_ticks" else state_without(body, chat)
                is_row = table.c.id == row[0]
                if kept is None:
                    connection.execute(table.delete().where(is_row))
                elif kept != body:
                    connection.execute(table.update().where(is_row).values({column: kept}))
    for name, columns in LISTS.items():
        if (table := tables.get(name)) is not None:
            found = _naming(connection, table, columns, chat)
            gone = [row[0] for row in found if any(tells_of(text, chat) for text in row[1:])]
            connection.execute(table.delete().where(table.c.id.in_(gone)))


def _forget_backfills(connection: "Connection", tables: "dict[str, Table]", chat: str) -> None:
    from sqlalchemy import select

    if (table := tables.get("bulk_actions")) is None:
        return
    found = [row[0] for row in _naming(connection, table, ("body",), chat) if names(row[1], chat)]
    keys = list(connection.execute(select(table.c.key).where(table.c.id.in_(found))).scalars())
    connection.execute(table.delete().where(table.c.id.in_(found)))
    if (tags := tables.get("backfill_tags")) is not None:
        connection.execute(tags.delete().where(tags.c.backfill_id.in_(keys) | (tags.c.value == chat)))


def _forget_runs(connection: "Connection", tables: "dict[str, Table]", runs: list[str]) -> None:
    """Delete runs, and the snapshots of their jobs that no other run refers to."""
    from sqlalchemy import func, select

    if (table := tables.get("runs")) is None:
        return
    body = func.coalesce(table.c.snapshot_id, "").concat(table.c.run_body)
    used = _snapshots(connection.execute(select(body).where(table.c.run_id.in_(runs))).scalars())
    for name in BY_RUN:
        if (rows := tables.get(name)) is not None:
            connection.execute(rows.delete().where(rows.c.run_id.in_(runs)))
    if used and (snapshots := tables.get("snapshots")) is not None:
        others = connection.execute(select(body), execution_options={"stream_results": True}).scalars()
        connection.execute(snapshots.delete().where(snapshots.c.snapshot_id.in_(used - _snapshots(others))))


def _snapshots(bodies: Any) -> set[str]:  # noqa: ANN401 - what SQLAlchemy gives
    return {found for body in bodies for found in SNAPSHOT_ID.findall(body)}


def _naming(connection: "Connection", table: "Table", columns: tuple[str, ...], chat: str) -> list[Any]:
    """The rows in whose columns the letters of a chat stand, in whatever sense: their ids, and those columns."""
    from sqlalchemy import or_, select

    wanted = [table.c[column] for column in columns]
    has_letters = or_(*(each.contains(chat, autoescape=True) for each in wanted))
    return list(connection.execute(select(table.c.id, *wanted).where(has_letters)).all())
