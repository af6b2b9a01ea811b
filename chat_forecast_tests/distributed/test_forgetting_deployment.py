"""That a removed chat is named by no row of a real PostgreSQL and by no object of a store, and others are whole."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import dagster as dg
import fsspec
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin as Location
from dagster._core.remote_origin import RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo
from sqlalchemy import MetaData, create_engine, select

from chat_forecast.pipeline.database_connections import PATIENCE_SECONDS
from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast.pipeline.named_chats import pool_of
from chat_forecast.pipeline.runs import ALL_ASSETS, CHAT_TAG
from chat_forecast_tests import forked
from chat_forecast_tests.at_home import NO_MLFLOW
from chat_forecast_tests.distributed.servers import PASSWORD, Postgres, missing
from chat_forecast_tests.object_store import object_store
from chat_forecast_tests.pipeline.shared_runs import run_of
from chat_forecast_tests.served import free_ports

pytestmark = [pytest.mark.sweep, pytest.mark.skipif(bool(missing()), reason="; ".join(missing()))]

LEAVING, STAYING = "leaving-chat", "staying-chat"
TABLES = {
    "runs", "run_tags", "event_logs", "asset_keys", "job_ticks", "instigators", "bulk_actions", "backfill_tags",
    "daemon_heartbeats", "dynamic_partitions", "concurrency_limits", "asset_check_executions",
}  # fmt: skip
"""Where a chat is named."""
NAMES = (LEAVING, LEAVING.replace("-", "_"), "The Leaving Ones")
CHATS = '[chats.staying-chat]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-05-01\n'
EXPORT = {
    "name": NAMES[-1],
    "type": "private_supergroup",
    "id": 4711,
    "messages": [
        {
            "id": number,
            "type": "message",
            "date": f"2026-05-2{number // 24}T{number % 24:02}:10:00",
            "date_unixtime": str(1779235800 + 3600 * number),
            "from_id": f"user{number % 5}",
            "text": "hello",
        }
        for number in range(1, 72)
    ],
}
ORIGIN = RemoteInstigatorOrigin(
    RemoteRepositoryOrigin(Location(LoadableTargetOrigin(module_name="chat_forecast.definitions")), "__repository__"),
    "reports",
)


def command(environment, *words):
    """Do a command; gives what it said and its exit code. Forgetting finds no file of MLflow's."""
    if words[0] == "forget":
        environment = {name: value for name, value in environment.items() if name != "MLFLOW_TRACKING_URI"}
    done = forked.run(forked.COMMAND, *words, env=environment)
    assert PASSWORD not in done.stdout + done.stderr
    return done.stdout + done.stderr, done.returncode


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    """A home with PostgreSQL and a store, in which a day of both chats was run, and its environment."""
    folder = tmp_path_factory.mktemp("deployment")
    beside = Path(tempfile.mkdtemp(prefix="chat_forecast-postgres-"))
    beside.chmod(0o711)  # PostgreSQL's user goes through it, as it may not through pytest's folders
    postgres = Postgres(beside / "postgres", free_ports(1)[0])
    postgres.start()
    try:
        postgres.create("dagster")
        with object_store(folder) as store:
            home = folder / "home"
            (home / "dagster").mkdir(parents=True)
            (home / "dagster" / "dagster.yaml").write_text(distributed_settings(2))
            (home / "chats.toml").write_text(CHATS)
            (folder / "result.json").write_text(json.dumps(EXPORT))
            unset = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "PYTEST_CURRENT_TEST")
            environment = {name: value for name, value in os.environ.items() if name not in unset} | {
                "CHAT_FORECAST_HOME": str(home),
                "DAGSTER_HOME": str(home / "dagster"),
                "CHAT_FORECAST_DATABASE": postgres.url("dagster"),
                "CHAT_FORECAST_BROKER": "redis://127.0.0.1:9/0",
                "CHAT_FORECAST_STORAGE": store.root,
                "CHAT_FORECAST_PSEUDONYM_KEY": "ab" * 32,
                "MLFLOW_TRACKING_URI": NO_MLFLOW,
                **store.environment,
            }
            for words in (
                ("import", LEAVING, str(folder / "result.json"), "--timezone", "UTC"),
                ("backfill", LEAVING, "--from", "2026-05-21", "--to", "2026-05-21"),
                ("backfill", STAYING, "--from", "2026-05-21", "--to", "2026-05-21"),
            ):
                said, code = command(environment, *words)
                assert code == 0, said
            yield environment | {"PGDATA": str(postgres.data)}
    finally:
        postgres.stop()
        shutil.rmtree(beside)


def tell(instance, now):
    """Let Dagster store what a daemon does: ticks, states, backfills, pools, partitions, signs of life, a run of both chats.

    Gives the id of that run.
    """
    for chats, number in (((LEAVING,), 1), ((STAYING,), 2), ((LEAVING, STAYING), 3)):
        keys = [dg.AssetKey([chat, asset]) for chat in chats for asset in ALL_ASSETS]
        run_keys, cursor = [f"{chat}/2026-05-21" for chat in chats], json.dumps({LEAVING: 1, STAYING: 1})
        tick = TickData(
            "origin", "reports", InstigatorType.SENSOR, TickStatus.SUCCESS, float(number), run_ids=[],
            selector_id="selector", run_keys=run_keys, cursor=cursor,
        )  # fmt: skip
        instance.create_tick(tick)
        tags = {"dagster/backfill": f"fill-{number}"} | ({CHAT_TAG: chats[0]} if number < 3 else {})
        instance.add_backfill(
            PartitionBackfill(
                f"fill-{number}",
                BulkActionStatus.COMPLETED,
                from_failure=False,
                tags=tags,
                backfill_timestamp=0.0,
                asset_selection=keys,
            )
        )
        instance.event_log_storage.set_concurrency_slots(pool_of(chats[0]), number)
        instance.add_dynamic_partitions("chats", [*chats])
    error = SerializableErrorInfo(f"ChatIsBusy: {LEAVING}: another command is running it", [], "ChatIsBusy")
    instance.add_daemon_heartbeat(DaemonHeartbeat(now, "SENSOR", "daemon", [error]))
    instance.add_daemon_heartbeat(DaemonHeartbeat(now, "SCHEDULER", "daemon", None))
    data = SensorInstigatorData(last_run_key=f"{LEAVING}/2026-05-21", cursor=json.dumps({LEAVING: 1, STAYING: [2]}))
    instance.add_instigator_state(InstigatorState(ORIGIN, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data))
    # A run that somebody launched in the UI for both: it has no tag of ours.
    run = run_of(instance, [LEAVING, STAYING])
    instance.report_engine_event(f"about {LEAVING} and {STAYING}", run)
    return run.run_id


def dump(environment):
    """Every row of the database as text, by table."""
    engine, metadata = create_engine(environment["CHAT_FORECAST_DATABASE"]), MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        rows = {
            table.name: [
                " | ".join(str(bytes(each) if isinstance(each, memoryview) else each) for each in row)
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return rows


def objects(environment):
    """What the store holds, by name."""
    login = {"key": environment["AWS_ACCESS_KEY_ID"], "secret": environment["AWS_SECRET_ACCESS_KEY"]}
    client = {"endpoint_url": environment["AWS_ENDPOINT_URL"]}
    store = fsspec.filesystem("s3", **login, client_kwargs=client, skip_instance_cache=True)
    return {path: store.cat_file(path) for path in store.find("chats")}


def naming(rows):
    return {(table, row) for table, found in rows.items() for row in found if any(name in row for name in NAMES)}


def test_no_row_and_no_object_of_a_removed_chat_is_left_and_the_other_one_is_whole(deployment, monkeypatch):
    for name, value in deployment.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        mixed = tell(instance, time.time())
    before, stored = dump(deployment), objects(deployment)
    assert {table for table, _ in naming(before)} >= TABLES
    assert any(LEAVING in path for path in stored)
    assert any(NAMES[-1].encode() in content for content in stored.values())

    said, code = command(deployment, "forget", LEAVING, "--yes")
    assert code == 1
    assert "daemon gave a sign of life" in " ".join(said.split())
    assert naming(dump(deployment)) == naming(before)
    assert objects(deployment) == stored
    with dg.DagsterInstance.get() as instance:
        for daemon in ("SENSOR", "SCHEDULER"):
            error = SerializableErrorInfo(f"ChatIsBusy: {LEAVING}: another command is running it", [], "ChatIsBusy")
            instance.add_daemon_heartbeat(DaemonHeartbeat(0.0, daemon, "daemon", [error] if daemon == "SENSOR" else None))

    said, code = command(deployment, "forget", LEAVING, "--yes")
    assert code == 0, said
    after = dump(deployment)
    assert naming(after) == set()
    for table, found in before.items():
        others = {row for row in found if STAYING in row and LEAVING not in row}
        lost = others - set(after[table])
        assert all(mixed in row and "ASSET_MATERIALIZATION" not in row for row in lost), (table, lost)
    assert {row for row in after["event_logs"] if mixed in row}
    assert set(after["event_logs"]) <= set(before["event_logs"])
    assert [STAYING in row for row in after["instigators"]] == [True]
    assert [STAYING in row for row in after["job_ticks"]] == [True, True]
    found = objects(deployment)
    assert not [path for path, content in found.items() if any(name.encode() in path.encode() + content for name in NAMES)]
    assert {path: content for path, content in stored.items() if f"/{STAYING}/" in path}.items() <= found.items()
    assert command(deployment, "show", STAYING)[1] == 0
    assert command(deployment, "run", STAYING, "--day", "2026-05-22")[1] == 0
    pages = subprocess.run(["grep", "-rlF", LEAVING, f"{deployment['PGDATA']}/base"], capture_output=True, text=True)
    assert pages.stdout == ""


def test_a_database_that_is_away_is_soon_named_without_its_password(deployment):
    away = {**deployment, "CHAT_FORECAST_DATABASE": f"postgresql+psycopg2://chats:{PASSWORD}@127.0.0.1:{free_ports(1)[0]}/x"}
    begun = time.monotonic()
    said, code = command(away, "forget", STAYING, "--yes")
    assert time.monotonic() - begun < PATIENCE_SECONDS / 2  # a person waits for the answer
    assert code == 1
    assert "could not be cleared" in " ".join(said.split()), said
    assert "See that PostgreSQL runs" in " ".join(said.split())
