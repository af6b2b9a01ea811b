"""Reading a chat: raw messages, merged history, hourly series."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.hourly_series import count_arrays
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.placeholder_messages import are_placeholders
from chat_forecast.pipeline.assets import metadata
from chat_forecast.pipeline.assets.arguments import SESSION_POOL, asset_arguments, upstream
from chat_forecast.pipeline.assets.asset_run import WRITERS, AssetRun, Progress
from chat_forecast.pipeline.assets.asset_task import AssetTask, ReadyDay
from chat_forecast.pipeline.freshness import freshness_of
from chat_forecast.pipeline.resources import Resources
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.sources import computed_source
from chat_forecast.sources.base import TRAITS, MessageSource, SourceAsksToWait
from chat_forecast.sources.topics import ASSET as TOPICS_ARE_OF
from chat_forecast.storage.retention import forget_old_messages
from chat_forecast.storage.series_columns import series_columns

WAITS = 10
"""How often a run may be retried because its source asks to wait."""
MESSAGE_DAYS_AT_ONCE = 10
"""Days of messages that a worker makes at once: in a large chat they are large, and no day looks back on others."""


def raw_messages_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset through which a chat's messages enter."""
    arguments = asset_arguments(chat, "raw_messages")
    forums = [upstream(chat.forum, TOPICS_ARE_OF)] if isinstance(chat, Topic) else []
    if TRAITS[chat.source].needs_session and not forums:
        arguments["pool"] = SESSION_POOL

    @dg.asset(**arguments, kinds={"parquet"}, deps=forums)
    def raw_messages(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """What the source returned for the day: one row a message, with id, time (UTC) and a pseudonym of the sender.

        Neither texts nor names are kept. The file also records which stretches of the day were read, so that a quiet hour
        can be told from a missing one. Reading a day again adds to it and removes nothing. A topic gets the messages that
        its forum has read.
        """
        run = AssetRun(context, chat, stores, progress)
        if TRAITS[chat.source].is_computed and not forums:
            run.make(compute_days, MESSAGE_DAYS_AT_ONCE)
            return
        with _retrying_when_asked_to(run):
            run.store(_read_again(run), at_once=1 if TRAITS[chat.source].needs_session else WRITERS)

    return raw_messages


def merged_history_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset that never loses a message."""

    @dg.asset(**asset_arguments(chat, "merged_history"), kinds={"parquet"}, deps=[upstream(chat, "raw_messages")])
    def merged_history(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """Every message of the day ever seen, one row a message: what was stored before and what was just read.

        It only grows: nothing is removed if a source returns less today, because messages were deleted or an export is
        shorter.
        """
        run = AssetRun(context, chat, stores, progress)
        run.make(merge_days, MESSAGE_DAYS_AT_ONCE)
        if chat.retention_days is not None:
            with run.storage.lock():
                for fault in forget_old_messages(run.storage, run.days[-1].plus(1 - chat.retention_days)):
                    run.say(fault)

    return merged_history


def hourly_series_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset from which every forecast and score is made."""

    @dg.asset(
        **asset_arguments(chat, "hourly_series"),
        kinds={"pandas", "parquet"},
        deps=[upstream(chat, "merged_history")],
        freshness_policy=freshness_of(chat),
    )
    def hourly_series(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """One row for each hour of the day: how many messages, by how many senders.

        A quiet hour holds 0. An hour that was never read, or not from end to end, holds nothing: it is neither trained
        on nor scored. Days of clock changes have 23 or 25 rows.
        """
        run = AssetRun(context, chat, stores, progress)
        run.make(count_days)

    return hourly_series


def compute_days(task: AssetTask, days: Sequence[LocalDay]) -> Iterator[ReadyDay]:
    """Read some days of a chat whose source computes them."""
    return _joined(task, days, computed_source(task.chat))


def merge_days(task: AssetTask, days: Sequence[LocalDay]) -> Iterator[ReadyDay]:
    """Merge what was stored of some days with what was just read of them."""
    for day in days:
        stored = task.storage.message_table("merged_history", day)
        read = task.storage.required_message_table("raw_messages", day)
        if stored is None:  # what was read is one row a message, and in order
            yield task.ready(day, read, metadata.of_messages(task, day, 0, read.arrays()))
            continue
        # Not by id alone: a line without an id and its twin with one are the same message.
        batch = _union_unless_placeholders(stored.batch(), read.batch())
        yield task.ready(day, batch, metadata.of_messages(task, day, len(stored.table), MessageArrays.of(batch)))


def _union_unless_placeholders(stored: MessageBatch, read: MessageBatch) -> MessageBatch:
    """Merge two readings of a day; one whose messages were replaced by placeholders keeps these, whatever is read again."""
    if are_placeholders(stored.messages):
        return MessageBatch(stored.messages, stored.read_intervals.union(read.read_intervals))
    return merge_batches((stored, read))


def count_days(task: AssetTask, days: Sequence[LocalDay]) -> Iterator[ReadyDay]:
    """Count the messages of some days by the hour."""
    for day in days:
        counts = count_arrays(task.storage.required_message_table("merged_history", day).arrays(), day)
        yield task.ready(day, series_columns(counts, day), metadata.of_series(task, day, counts))


def _read_again(run: AssetRun) -> Iterator[ReadyDay]:
    """Read the days of a run from their source, which may store pieces of a day before it is complete."""
    storage = run.storage

    def stored(day: LocalDay) -> MessageBatch:
        return storage.messages("raw_messages", day)

    def keep(day: LocalDay, piece: MessageBatch) -> None:
        storage.write("raw_messages", day, merge_batches((stored(day), piece)))

    return _joined(run.task, run.days, run.stores.sources.of(run.chat, stored, run.say, keep))


def _joined(task: AssetTask, days: Sequence[LocalDay], source: MessageSource) -> Iterator[ReadyDay]:
    """Each of some days: what was read of it before, merged with what its source returns now."""
    for day, read in zip(days, source.read_days(days), strict=True):
        known = task.storage.messages("raw_messages", day)
        batch = merge_batches((known, read))
        described = metadata.of_messages(task, day, len(known.messages), MessageArrays.of(batch))
        yield task.ready(day, batch, described)


@contextmanager
def _retrying_when_asked_to(run: AssetRun) -> Iterator[None]:
    """Have Dagster retry the step when the source allows it; what was read until then stays."""
    try:
        yield
    except SourceAsksToWait as wait:
        run.say(str(wait))
        raise dg.RetryRequested(max_retries=WAITS, seconds_to_wait=wait.seconds) from wait
