"""When Dagster calls an asset overdue.

Belongs here: the policy of a chat's series.
Does not belong here: what ``status`` says of a late chat (:mod:`chat_forecast.app.concerns`).
"""

from functools import cache

import dagster as dg

from chat_forecast.domain.windows import LATE_AFTER
from chat_forecast.settings.models import Chat
from chat_forecast.sources.base import TRAITS


def freshness_of(chat: Chat) -> dg.FreshnessPolicy | None:
    """When a chat's series is late in the UI; never, for a chat that has an end."""
    return None if TRAITS[chat.source].has_end or chat.last_day is not None else _late_in_the_morning(chat.timezone)


@cache  # building one takes as long as building an asset
def _late_in_the_morning(timezone: str) -> dg.FreshnessPolicy:
    """No day was read between midnight and six."""
    hour = int(LATE_AFTER.total_seconds() // 3600)
    return dg.FreshnessPolicy.cron(f"0 {hour} * * *", lower_bound_delta=LATE_AFTER, timezone=timezone)
