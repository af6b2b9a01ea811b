"""The kinds of runs of a chat: which assets each makes, and the tags that tell them apart.

Belongs here: the sets of assets, the tags, and requests for runs.
Does not belong here: when one is requested (:mod:`.schedules`, :mod:`.retraining`), or starting one from the command line
(:mod:`chat_forecast.app.runs`).

No chat has jobs of its own. Resolving a job walks the assets of all chats, so that loading would take time that grows with
the square of the number of chats. Instead, every run is one of Dagster's own asset job and selects its assets.
"""

from collections.abc import Iterable, Mapping

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.compat import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from chat_forecast.settings.models import Chat

CHAT_TAG = "chat_forecast/chat"
"""Tag of every run of a chat; the run queue lets one run of a chat through at a time."""
KIND_TAG = "chat_forecast/kind"
"""Tag of a run: what it is for."""
DAY, CATCH_UP, RETRAINING = "day", "catch-up", "retraining"
REASON_TAG = "chat_forecast/reason"
"""Tag of a retraining: why the model is retrained."""

INTERRUPTED_TAG = "chat_forecast/interrupted"
"""Tag of a command's run that a person ended: its failure is no news."""
LATER_TAG = "chat_forecast/mlflow"
"""Tag of a run that leaves to the chat's next run what is to be logged to MLflow."""

HISTORY_ASSETS = ("raw_messages", "merged_history", "hourly_series")
DAY_ASSETS = (*HISTORY_ASSETS, "daily_score", "next_day_forecast")
RETRAINING_ASSETS = ("trained_model", "next_day_forecast")
ALL_ASSETS = (*HISTORY_ASSETS, "trained_model", "next_day_forecast", "daily_score")


def asset_keys(chat: Chat, assets: Iterable[str]) -> list[dg.AssetKey]:
    """The keys of some of a chat's assets."""
    return [dg.AssetKey([chat.slug, asset]) for asset in assets]


def range_tags(first: LocalDay, last: LocalDay) -> dict[str, str]:
    """The tags that make one run of the days from ``first`` to ``last``."""
    return {ASSET_PARTITION_RANGE_START_TAG: first.key, ASSET_PARTITION_RANGE_END_TAG: last.key}


def kind_tags(chat: Chat, kind: str, reason: str | None = None) -> dict[str, str]:
    """The tags that say which chat a run is of, what it is for and why."""
    return {CHAT_TAG: chat.slug, KIND_TAG: kind} | ({REASON_TAG: reason} if reason else {})


def request_day(chat: Chat, day: LocalDay) -> dg.RunRequest:
    """Request the nightly run of a day."""
    return _request(chat, day, DAY_ASSETS, kind_tags(chat, DAY))


def request_catch_up(chat: Chat, first: LocalDay, last: LocalDay) -> dg.RunRequest:
    """Request the nights from ``first`` to ``last`` as one run; one that fails is requested again when ``last`` moves on."""
    return dg.RunRequest(
        run_key=f"{chat.slug}/{first.key}..{last.key}",
        asset_selection=asset_keys(chat, DAY_ASSETS),
        tags={**kind_tags(chat, CATCH_UP), **range_tags(first, last)},
    )


def request_retraining(chat: Chat, day: LocalDay, reason: str) -> dg.RunRequest:
    """Request a training through a day, and that day's forecast by the new model."""
    return _request(chat, day, RETRAINING_ASSETS, kind_tags(chat, RETRAINING, reason))


def _request(chat: Chat, day: LocalDay, assets: Iterable[str], tags: Mapping[str, str]) -> dg.RunRequest:
    return dg.RunRequest(
        # Dagster starts one run a key, also after a restart: one night, one run; one failed verdict, one retraining.
        run_key=f"{chat.slug}/{day.key}",
        asset_selection=asset_keys(chat, assets),
        # As a tag and not as `partition_key`, which would resolve the job of all chats first.
        tags={**tags, PARTITION_NAME_TAG: day.key},
    )
