"""``python -m chat_forecast_tests.distributed``: the scenarios, one after the other, on one deployment."""

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from chat_forecast_tests.distributed.deployment import Deployment
from chat_forecast_tests.distributed.expected import make_expected, stored
from chat_forecast_tests.distributed.scenarios import Outcome, backfill, leaked
from chat_forecast_tests.distributed.servers import Postgres, Redis, missing
from chat_forecast_tests.object_store import object_store
from chat_forecast_tests.served import free_ports

CHATS, DAYS = (int(each) for each in os.environ.get("SIZE", "8 60").split())


def main() -> int:
    """Run every scenario; the exit code is 1 if anything is missing or other than on one machine."""
    if lacking := missing():
        print("\n".join(lacking))
        return 1
    folder = Path(tempfile.mkdtemp(prefix="chat_forecast-distributed-"))
    folder.chmod(0o711)  # PostgreSQL's user goes through it
    try:
        return _run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path) -> int:
    postgres_port, redis_port = free_ports(2)
    postgres, redis = Postgres(folder / "postgres", postgres_port), Redis(folder / "redis", redis_port)
    postgres.start()
    postgres.create("dagster")
    postgres.create("mlflow")
    redis.start()
    with ExitStack() as stack:
        stack.callback(postgres.stop)
        stack.callback(redis.stop)
        store = stack.enter_context(object_store(folder))
        environment = {
            "CHAT_FORECAST_DATABASE": postgres.url("dagster"),
            "CHAT_FORECAST_BROKER": redis.url,
            "CHAT_FORECAST_STORAGE": store.root,
            **store.environment,
        }
        os.environ |= store.environment  # for looking at what is stored
        deployment = Deployment(folder, environment, postgres.url("mlflow"), CHATS, DAYS)
        begun = time.monotonic()
        make_expected(folder / "one", deployment.slugs, DAYS)
        expected = stored(str(folder / "one"), deployment.slugs)
        print(
            f"one machine, two chats at a time: {len(expected)} partitions in {time.monotonic() - begun:.0f} s", flush=True
        )
        with deployment.up():
            for name in ("worker-1", "worker-2"):
                deployment.start_worker(name)
            outcome = backfill(deployment, store.root, expected, lambda: deployment.kill_worker("worker-1"))
        outcome.faults += [f"the password stands in {path}" for path in leaked(folder)]
        return _say("a worker is killed", outcome)


def _say(what: str, outcome: Outcome) -> int:
    print(f"{what}: {outcome.seconds:.0f} s, runs {outcome.runs}", flush=True)
    for fault in outcome.faults[:20]:
        print(f"  {fault}", flush=True)
    return bool(outcome.faults)


if __name__ == "__main__":
    sys.exit(main())
