"""The jobs of a chat: the day, and the retraining.

Belongs here: which assets run together, in one process, and the tags by which runs are told apart.
Does not belong here: when they run (:mod:`.schedules`, :mod:`.sensors`).
"""

from functools import cache

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from chat_forecast.settings.models import Chat

CHAT_TAG = "chat_forecast/chat"
"""Tag of every run of a chat; the run queue lets one run of a chat through at a time."""

DAY_ASSETS = ("raw_messages", "merged_history", "hourly_series", "daily_score", "next_day_forecast")
RETRAINING_ASSETS = ("trained_model", "next_day_forecast")
HISTORY_ASSETS = ("raw_messages", "merged_history", "hourly_series")
ALL_ASSETS = ("raw_messages", "merged_history", "hourly_series", "trained_model", "next_day_forecast", "daily_score")


@cache  # the schedule must get the very job that the definitions list
def day_job(chat: Chat) -> UnresolvedAssetJobDefinition:
    """Read, merge, count, score and forecast one day, with the newest model there is."""
    return _job(chat, day_job_name(chat), DAY_ASSETS, "Read the day, score its forecast, forecast the next.")


@cache
def retraining_job(chat: Chat) -> UnresolvedAssetJobDefinition:
    """Train the model on everything up to one day, and make that day's forecast anew."""
    return _job(chat, retraining_job_name(chat), RETRAINING_ASSETS, "Train the model and forecast with it.")


def day_job_name(chat: Chat) -> str:
    """The name of a chat's job for the day."""
    return f"{chat.group}_day"


def retraining_job_name(chat: Chat) -> str:
    """The name of a chat's retraining job."""
    return f"{chat.group}_retraining"


def _job(chat: Chat, name: str, assets: tuple[str, ...], description: str) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*(dg.AssetKey([chat.slug, asset]) for asset in assets)),
        description=description,
        tags={CHAT_TAG: chat.slug},
        # A process a step would import the heavy libraries once a step.
        executor_def=dg.in_process_executor,
    )
