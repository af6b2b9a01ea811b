"""What happens to a deployment while a backfill goes on, and what is seen of it afterwards.

Belongs here: the order of events of each scenario.
Does not belong here: how the servers and machines are run (:mod:`.servers`, :mod:`.deployment`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chat_forecast_tests.distributed.deployment import Deployment
from chat_forecast_tests.distributed.servers import SECRETS, Postgres, Redis
from chat_forecast_tests.object_store import ObjectStore
from chat_forecast_tests.served import wait_for

LONGEST_SECONDS = 1800
AWAY_SECONDS = 30


@dataclass
class Servers:
    """What the machines share."""

    postgres: Postgres
    redis: Redis
    store: ObjectStore


@dataclass(frozen=True)
class Scenario:
    """Something that happens once runs are under way."""

    what: str
    happens: Callable[[Deployment, Servers], object]
    chats: int = 2
    days: int = 8
    workers: tuple[str, ...] = ("worker-1", "worker-2")
    has_mlflow: bool = True


@dataclass
class Outcome:
    """What became of a backfill."""

    seconds: float
    runs: dict[str, int]
    faults: list[str]
    processor_seconds: dict[str, int]
    """Of the workers and of what serves them, from the launch to the end."""


def _redis_away(_deployment: Deployment, servers: Servers) -> None:
    servers.redis.stop()
    time.sleep(AWAY_SECONDS)
    servers.redis.clear()
    servers.redis.start()


def _postgres_restarted(_deployment: Deployment, servers: Servers) -> None:
    servers.postgres.stop()
    time.sleep(5)
    servers.postgres.start()


def _store_away(_deployment: Deployment, servers: Servers) -> None:
    servers.store.busy.touch()
    time.sleep(AWAY_SECONDS)
    servers.store.busy.unlink()


def _everything(deployment: Deployment, servers: Servers) -> None:
    deployment.kill_worker("worker-1")
    _redis_away(deployment, servers)
    deployment.start_worker("worker-3")  # as what looks after a worker does
    for happens in (_postgres_restarted, _store_away):
        _expect_under_way(deployment)
        happens(deployment, servers)


def _expect_under_way(deployment: Deployment) -> None:
    """See that what comes next comes in the middle of the backfill."""
    runs = wait_for(lambda: _counts(deployment), 300, "the webserver to know the runs")
    assert runs.get("SUCCESS", 0) < deployment.chats, f"the backfill is over before all has happened: {runs}"


def _counts(deployment: Deployment) -> dict[str, int]:
    try:
        return deployment.counts()
    except (OSError, AssertionError):  # the webserver waits for its database, too
        return {}


SCENARIOS = {
    "everything": Scenario(
        f"one of two workers is killed, Redis is away for {AWAY_SECONDS} s and has forgotten everything, PostgreSQL is "
        f"started again, the store answers 503 for {AWAY_SECONDS} s",
        _everything,
        chats=8,
        days=60,
        has_mlflow=False,  # logging a day takes as long as making it
    ),
    "worker": Scenario(
        "one of two workers is killed", lambda deployment, _: deployment.kill_worker("worker-1"), chats=8, days=60
    ),
    "redis": Scenario(f"Redis is away for {AWAY_SECONDS} s, and has forgotten everything", _redis_away),
    "postgres": Scenario("PostgreSQL is stopped, and started again 5 s later", _postgres_restarted),
    "store": Scenario(f"the store answers 503 for {AWAY_SECONDS} s", _store_away),
    "outages": Scenario(
        f"Redis is away for {AWAY_SECONDS} s and has forgotten everything, PostgreSQL is started again, "
        f"the store answers 503 for {AWAY_SECONDS} s",
        lambda *given: [happens(*given) for happens in (_redis_away, _postgres_restarted, _store_away)],
        chats=4,
        days=20,
    ),
    "one-worker": Scenario("nothing, with one worker", lambda *_: None, chats=4, days=20, workers=("worker-1",)),
    "two-workers": Scenario("nothing, with two workers", lambda *_: None, chats=4, days=20),
}
DEFAULT = ("everything",)


def try_one(scenario: Scenario, deployment: Deployment, servers: Servers) -> Outcome:
    """Launch a backfill of all chats, let something happen once runs are under way, and wait until all is done by itself."""
    begun, used = time.monotonic(), deployment.processor_seconds()
    backfills = deployment.launch()
    wait_for(lambda: deployment.counts().get("STARTED", 0) >= len(scenario.workers), 300, "runs to be under way")
    scenario.happens(deployment, servers)
    wait_for(lambda: _have_ended(deployment, backfills), LONGEST_SECONDS, "the backfills", pause=3)
    seconds = time.monotonic() - begun
    spent = {name: round(now - used.get(name, 0.0)) for name, now in deployment.processor_seconds().items()}
    states = deployment.states(backfills)
    faults = [f"backfill {each}: {state}" for each, state in states.items() if state != "COMPLETED_SUCCESS"]
    return Outcome(seconds, deployment.counts(), faults, spent)


def _have_ended(deployment: Deployment, backfills: list[str]) -> bool:
    try:
        states = deployment.states(backfills).values()
    except (OSError, AssertionError):  # the webserver waits for its database, too
        return False
    return all(state not in ("REQUESTED", "CANCELING", "FAILING") for state in states)


def leaked(folder: Path) -> list[str]:
    """The files below a folder in which a secret is found, but for the servers' own."""
    own = [folder / "postgres", folder / "redis"]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not any(map(path.is_relative_to, own)))
    return [str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]
