"""Reading a chat: raw messages, merged history, hourly series."""

from collections.abc import Iterator

import dagster as dg

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.hourly_series import count_by_hour, split_by_newness
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.pipeline.assets import describe
from chat_forecast.pipeline.assets.days import (
    SESSION_POOL,
    DayStream,
    DescribedDay,
    Progress,
    asset_arguments,
    upstream_input,
)
from chat_forecast.pipeline.io_manager import StoredDays
from chat_forecast.pipeline.partitions import days_of_run
from chat_forecast.presentation.plots import RHYTHM_DAYS
from chat_forecast.settings.models import LATE_AFTER, Chat
from chat_forecast.sources import Sources
from chat_forecast.sources.base import SourceAsksToWait
from chat_forecast.storage.partitions import RecentDays, Storages

WAITS = 10
"""How often one run may be told to wait for long and go on."""


def history_assets(chat: Chat) -> list[dg.AssetsDefinition]:
    """The assets from the chat's source to its hourly series."""
    raw_arguments = asset_arguments(chat)
    if chat.source == "telegram":
        raw_arguments["pool"] = SESSION_POOL

    @dg.asset(**raw_arguments, kinds={"parquet"})
    def raw_messages(
        context: dg.AssetExecutionContext,
        sources: dg.ResourceParam[Sources],
        storages: dg.ResourceParam[Storages],
        progress: dg.ResourceParam[Progress],
    ) -> DayStream:
        """What the source returned for the day: one row a message, with id, time (UTC) and a pseudonym of the sender.

        Neither texts nor names are kept. The file also records which stretch of the day was really read, so that a quiet
        hour can be told from a missing one.
        """
        days = days_of_run(context, chat)
        storage = storages.of(chat)

        done = 0

        def say(words: str) -> None:
            context.log.warning(words)
            progress(words, done, len(days))

        source = sources.of(chat, lambda day: storage.messages("raw_messages", day), say)

        def values() -> Iterator[DescribedDay]:
            nonlocal done
            try:
                for day, batch in zip(days, source.read_days(days), strict=True):
                    # What an earlier run read but did not live to merge is kept.
                    unmerged = storage.unmerged(day)
                    kept = merge_batches([unmerged, batch])
                    stored = storage.messages("merged_history", day)
                    hours = split_by_newness(kept, stored, merge_batches([stored, kept]), day)
                    yield day, kept, describe.messages(chat, storage, "raw_messages", day, kept, hours)
                    done += 1
            except SourceAsksToWait as wait:
                say(str(wait))
                raise dg.RetryRequested(max_retries=WAITS, seconds_to_wait=wait.seconds) from wait

        return DayStream(context, progress, values())

    @dg.asset(**asset_arguments(chat), kinds={"parquet"}, ins={"raw_messages": upstream_input(chat, "raw_messages")})
    def merged_history(
        context: dg.AssetExecutionContext,
        storages: dg.ResourceParam[Storages],
        progress: dg.ResourceParam[Progress],
        raw_messages: StoredDays[MessageBatch],
    ) -> DayStream:
        """Every message of the day ever seen, one row a message: what was stored before and what was just read.

        It only grows: a source that returns less today, because messages were deleted or an export is shorter, removes
        nothing.
        """
        storage = storages.of(chat)

        def values() -> Iterator[DescribedDay]:
            for day, read in raw_messages:
                stored = storage.messages("merged_history", day)
                # Not by id alone: a line without an id and its twin with one are the same message.
                merged = merge_batches([stored, read])
                hours = split_by_newness(merged, stored, merged, day)
                yield day, merged, describe.messages(chat, storage, "merged_history", day, merged, hours)

        return DayStream(context, progress, values())

    @dg.asset(
        **asset_arguments(chat),
        kinds={"parquet"},
        ins={"merged_history": upstream_input(chat, "merged_history")},
        freshness_policy=_freshness(chat),
    )
    def hourly_series(
        context: dg.AssetExecutionContext,
        storages: dg.ResourceParam[Storages],
        progress: dg.ResourceParam[Progress],
        merged_history: StoredDays[MessageBatch],
    ) -> DayStream:
        """One row for each hour of the day: how many messages, by how many senders.

        A quiet hour holds 0. An hour that was never read, or not from end to end, holds nothing: it is neither trained
        on nor scored. Days of clock changes have 23 or 25 rows.
        """
        storage = storages.of(chat)
        recent = RecentDays(storage, "hourly_series", RHYTHM_DAYS)

        def values() -> Iterator[DescribedDay]:
            for day, history in merged_history:
                counts = count_by_hour(history, day)
                yield day, counts, describe.series(chat, storage, day, counts, recent)

        return DayStream(context, progress, values())

    return [raw_messages, merged_history, hourly_series]


def _freshness(chat: Chat) -> dg.FreshnessPolicy | None:
    """A chat's series is late in the UI when no day was read between midnight and six; one of files alone is never late."""
    if chat.source == "export":
        return None
    hour = int(LATE_AFTER.total_seconds() // 3600)
    return dg.FreshnessPolicy.cron(f"0 {hour} * * *", lower_bound_delta=LATE_AFTER, timezone=chat.timezone)
