"""What an event of a run costs in PostgreSQL: with a connection for each, as Dagster does, and with one that is kept."""

import os
import tempfile
import time
from pathlib import Path

import dagster as dg

from chat_forecast.pipeline import process_setup
from chat_forecast.pipeline.database_connections import retry_and_pool_connections
from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast_tests.distributed.servers import Postgres
from chat_forecast_tests.pipeline.sleeping_job import sleeping
from chat_forecast_tests.served import free_ports

EVENTS = 200


def main() -> None:
    """Print both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's user goes through it
        postgres = Postgres(folder / "postgres", free_ports(1)[0])
        postgres.start()
        try:
            postgres.create("dagster")
            os.environ |= {
                "CHAT_FORECAST_DATABASE": postgres.url("dagster"),
                "CHAT_FORECAST_BROKER": "redis://127.0.0.1:9/0",
                "DAGSTER_HOME": str(folder),
            }
            (folder / "dagster.yaml").write_text(distributed_settings(2))
            _measure("a connection an event", lambda: None)
            _measure("connections that are kept", retry_and_pool_connections)
        finally:
            postgres.stop()


def _measure(what: str, prepare) -> None:
    process_setup.retry_and_pool_connections = prepare
    prepare()
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(sleeping, run_config={"ops": {"sleep": {"config": {"seconds": 0.0}}}})
        begun, used = time.perf_counter(), time.process_time()
        for _ in range(EVENTS):
            instance.report_engine_event("an event", run)
        wall, own = ((each / EVENTS * 1000) for each in (time.perf_counter() - begun, time.process_time() - used))
    print(f"{what}: {wall:.1f} ms an event, {own:.1f} ms of it this process's own")


if __name__ == "__main__":
    main()
