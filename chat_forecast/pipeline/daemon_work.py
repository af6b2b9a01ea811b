"""Work that Dagster's daemon is spared, so that with a thousand chats it starts runs at once.

Belongs here: changes of the daemon's own process, which Dagster has no settings for.
Does not belong here: what the daemon does for this project (:mod:`.schedules`, and a module for each sensor).

The daemon writes an event for every asset without a freshness policy, saying just that. It also reloads all definitions
each minute, although it is told when they change. Either keeps it busy for most of a minute.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

CONTROLLER, FRESHNESS = "dagster._daemon.controller", "dagster._daemon.freshness"
RELOAD_SECONDS = 3600
"""Between two reloads of definitions that have not changed."""
Evaluate = Callable[..., Awaitable[bool]]


def trim_daemon_work() -> None:
    """Let this process, if it is Dagster's daemon, skip what is of no use; calling it again changes nothing."""
    if controller := sys.modules.get(CONTROLLER):
        vars(controller)["RELOAD_WORKSPACE_INTERVAL"] = RELOAD_SECONDS
    if freshness := sys.modules.get(FRESHNESS):
        _skip_assets_without_policy(vars(freshness)["FreshnessDaemon"])


def _skip_assets_without_policy(daemon: Any) -> None:  # noqa: ANN401 - a class of Dagster's that is not public
    whole: Evaluate = daemon._evaluate_asset
    if whole.__module__ == __name__:
        return

    async def evaluate(self: object, context: object, node: Any) -> bool:  # noqa: ANN401 - the same
        return node.freshness_policy_or_from_metadata is not None and await whole(self, context=context, node=node)

    daemon._evaluate_asset = evaluate
