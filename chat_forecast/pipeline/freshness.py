"""How fresh an asset should be, and Dagster's daemon that looks at it.

Belongs here: the policy of a chat's series, and what the daemon need not do.
Does not belong here: what ``status`` says of a late chat (:mod:`chat_forecast.app.concerns`).

Dagster's daemon writes of every asset that it meets that no policy applies to it, an event each. With a thousand chats that
keeps the daemon from starting runs for minutes, and nobody looks at it.
"""

import sys
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import dagster as dg

from chat_forecast.domain.windows import LATE_AFTER
from chat_forecast.settings.models import Chat
from chat_forecast.sources.base import TRAITS

DAEMON = "dagster._daemon.freshness"
Evaluate = Callable[..., Awaitable[bool]]


def freshness_of(chat: Chat) -> dg.FreshnessPolicy | None:
    """When a chat's series is late in the UI; never, for a chat that has an end."""
    return None if TRAITS[chat.source].has_end or chat.last_day is not None else _late_in_the_morning(chat.timezone)


@cache  # building one takes as long as building an asset
def _late_in_the_morning(timezone: str) -> dg.FreshnessPolicy:
    """No day was read between midnight and six."""
    hour = int(LATE_AFTER.total_seconds() // 3600)
    return dg.FreshnessPolicy.cron(f"0 {hour} * * *", lower_bound_delta=LATE_AFTER, timezone=timezone)


def pass_over_assets_without_policy() -> None:
    """Let this process, if it is Dagster's daemon, look only at assets with a policy; calling it again changes nothing."""
    if (module := sys.modules.get(DAEMON)) is None:
        return
    daemon = vars(module)["FreshnessDaemon"]
    whole: Evaluate = daemon._evaluate_asset
    if whole.__module__ == __name__:
        return

    async def evaluate(self: object, context: object, node: Any) -> bool:  # noqa: ANN401 - the daemon's, which is not public
        return node.freshness_policy_or_from_metadata is not None and await whole(self, context=context, node=node)

    daemon._evaluate_asset = evaluate
