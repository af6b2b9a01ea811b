"""What happens to a deployment while a backfill goes on, and what is seen of it afterwards.

Belongs here: the order of events of each scenario.
Does not belong here: how the servers and machines are run (:mod:`.servers`, :mod:`.deployment`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chat_forecast_tests.distributed.deployment import Deployment
from chat_forecast_tests.distributed.expected import differences, stored
from chat_forecast_tests.distributed.servers import SECRETS
from chat_forecast_tests.served import wait_for

LONGEST_SECONDS = 600


@dataclass
class Outcome:
    """What became of a backfill."""

    seconds: float
    runs: dict[str, int]
    faults: list[str]


def backfill(deployment: Deployment, root: str, expected: dict[str, bytes], meanwhile: Callable[[], object]) -> Outcome:
    """Launch a backfill of all chats, let something happen once runs are under way, and wait until all is done by itself."""
    begun = time.monotonic()
    backfills = deployment.launch()
    wait_for(lambda: deployment.counts().get("STARTED", 0) >= deployment.slots, 120, "runs to be under way")
    meanwhile()
    pending = ("REQUESTED", "CANCELING", "FAILING")
    wait_for(
        lambda: all(state not in pending for state in _asked(deployment, backfills).values()),
        LONGEST_SECONDS,
        "the backfills",
    )
    ended = time.monotonic()
    states = deployment.states(backfills)
    faults = [f"backfill {each}: {state}" for each, state in states.items() if state != "COMPLETED_SUCCESS"]
    faults += differences(stored(root, deployment.slugs), expected)
    return Outcome(ended - begun, deployment.counts(), faults)


def _asked(deployment: Deployment, backfills: list[str]) -> dict[str, str]:
    try:
        return deployment.states(backfills)
    except OSError:  # the webserver waits for its database, too
        return dict.fromkeys(backfills, "REQUESTED")


def leaked(folder: Path) -> list[str]:
    """The files below a folder in which the servers' password is found, but for the servers' own."""
    own = [folder / "postgres", folder / "redis"]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not any(map(path.is_relative_to, own)))
    return [str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in SECRETS)]
