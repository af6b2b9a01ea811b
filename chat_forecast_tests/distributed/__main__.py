"""``python -m chat_forecast_tests.distributed [SCENARIO ...]``: those of :data:`.DEFAULT`, or those that are named.

``one-worker`` and ``two-workers`` measure how fast it is.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

import psutil

from chat_forecast_tests.distributed.deployment import Deployment, slugs_of
from chat_forecast_tests.distributed.expected import chat_and_day, differences, make_expected, stored
from chat_forecast_tests.distributed.scenarios import DEFAULT, SCENARIOS, Scenario, Servers, leaked, try_one
from chat_forecast_tests.distributed.servers import Postgres, Redis, missing
from chat_forecast_tests.object_store import object_store
from chat_forecast_tests.served import free_ports

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(asked: list[str]) -> int:
    """Run the scenarios; the exit code is 1 if anything is missing or other than on one machine."""
    if lacking := missing():
        print("\n".join(lacking))
        return 1
    if unknown := set(asked) - set(SCENARIOS):
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(SCENARIOS)}")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="chat_forecast-distributed-"))
    folder.chmod(0o711)  # PostgreSQL's user goes through it
    try:
        names = asked or DEFAULT
        with ThreadPoolExecutor(1) as beside:  # while servers start and are away
            try:
                expected = beside.submit(_expected, folder / "one", [SCENARIOS[name] for name in names])
                failed = [name for name in names if not _passes(name, folder / name, expected.result)]
            except BaseException:
                end_children()  # the commands of that one machine, which would be waited for
                raise
    finally:
        if "KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"failed: {', '.join(failed)}" if failed else "every partition is that of one machine, byte for byte", flush=True)
    return bool(failed)


def stop_at_signals() -> None:
    """Let the first signal to end lead out of every block, so that each server is ended; further ones change nothing."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, lambda *_: None)
        sys.exit(128 + number)

    for each in SIGNALS:
        signal.signal(each, stop)


def end_children() -> None:
    """End what this process has started."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, timeout=10)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _expected(home: Path, scenarios: list[Scenario]) -> dict[str, bytes]:
    """What one machine makes of as many chats and days as any of the scenarios has: nothing depends on later days."""
    chats, days = max(each.chats for each in scenarios), max(each.days for each in scenarios)
    begun = time.monotonic()
    slugs = slugs_of(chats)
    make_expected(home, slugs, days)
    print(f"one machine, two chats at a time: {chats} chats, {days} days, {time.monotonic() - begun:.0f} s", flush=True)
    return stored(str(home), slugs)


def _passes(name: str, folder: Path, everything: Callable[[], dict[str, bytes]]) -> bool:
    """Try one scenario on servers and homes of its own."""
    scenario = SCENARIOS[name]
    folder.mkdir()
    folder.chmod(0o711)  # whatever the umask
    postgres_port, redis_port = free_ports(2)
    postgres, redis = Postgres(folder / "postgres", postgres_port), Redis(folder / "redis", redis_port)
    with ExitStack() as stack:
        stack.callback(postgres.stop)
        postgres.start()
        postgres.create("dagster")
        postgres.create("mlflow")
        stack.callback(redis.stop)
        redis.start()
        store = stack.enter_context(object_store(folder))
        environment = {
            "CHAT_FORECAST_DATABASE": postgres.url("dagster"),
            "CHAT_FORECAST_BROKER": redis.url,
            "CHAT_FORECAST_STORAGE": store.root,
            **store.environment,
        }
        os.environ |= store.environment  # for looking at what is stored
        deployment = Deployment(
            folder, environment, postgres.url("mlflow"), scenario.chats, scenario.days, scenario.has_mlflow
        )
        with deployment.up():
            for worker in scenario.workers:
                deployment.start_worker(worker)
            outcome = try_one(scenario, deployment, Servers(postgres, redis, store))
        found = stored(store.root, deployment.slugs)
    wanted = {f"{slug}/{day}" for slug in deployment.slugs for day in deployment.partitions}
    expected = {path: content for path, content in everything().items() if chat_and_day(path) in wanted}
    outcome.faults += differences(found, expected)
    outcome.faults += [f"a secret stands in {path}" for path in leaked(folder)]
    print(
        f"{name}: {scenario.what}; {len(expected)} partitions, {outcome.seconds:.0f} s, "
        f"runs {outcome.runs}, processor seconds {outcome.processor_seconds}",
        flush=True,
    )
    for fault in outcome.faults[:20]:
        print(f"  {fault}", flush=True)
    return not outcome.faults


if __name__ == "__main__":
    stop_at_signals()
    sys.exit(main(sys.argv[1:]))
