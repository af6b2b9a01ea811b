"""The state of the chats' recent runs, as plain values for those who need not know Dagster.

Belongs here: asking the instance, and reducing its answers.
Does not belong here: what is done with it (:mod:`chat_forecast.presentation.notifications`).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from chat_forecast.pipeline.compat import NOT_FINISHED_STATUSES, ROOT_RUN_ID_TAG
from chat_forecast.pipeline.runs import CHAT_TAG, INTERRUPTED_TAG
from chat_forecast.presentation.notifications import ChatRuns, FailedRun
from chat_forecast.settings.models import Chat

RECENT = timedelta(hours=24)
"""A failure that ended longer ago is no news."""


def read_run_states(instance: dg.DagsterInstance, chats: Sequence[Chat], now: datetime) -> dict[str, ChatRuns]:
    """The recent runs of each chat: those that are not finished, and all that changed within the last day.

    Two queries for all chats, and no limit to the number of runs: a busy night hides no failure.
    """
    unfinished = instance.get_run_records(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    recent = instance.get_run_records(dg.RunsFilter(updated_after=now - RECENT))
    by_chat: dict[str, dict[str, dg.RunRecord]] = {chat.slug: {} for chat in chats}
    for record in [*unfinished, *recent]:
        for slug in chats_of(record.dagster_run):
            if slug in by_chat:
                by_chat[slug][record.dagster_run.run_id] = record
    return {slug: _reduce(records.values(), now) for slug, records in by_chat.items()}


def chats_of(run: dg.DagsterRun) -> set[str]:
    """The slugs of the chats that a run is about: by its tag, or by the assets that it was to make."""
    if CHAT_TAG in run.tags:
        return {run.tags[CHAT_TAG]}
    return {key.path[0] for key in run.asset_selection or ()}


def _reduce(records: Iterable[dg.RunRecord], now: datetime) -> ChatRuns:
    newest_first = sorted(records, key=lambda record: record.storage_id, reverse=True)
    if not newest_first:
        return ChatRuns()
    newest = newest_first[0].dagster_run
    last_end = max(record.end_time or 0.0 for record in newest_first)
    return ChatRuns(
        newest=f"{newest.run_id} {newest.status.value}",
        is_active=any(_is_active(record.dagster_run) for record in newest_first),
        last_end=datetime.fromtimestamp(last_end, UTC) if last_end else None,
        failed=tuple(_failed(newest_first, now)),
    )


def _is_active(run: dg.DagsterRun) -> bool:
    """Whether a run is to come, under way, or about to be tried again."""
    return run.status in NOT_FINISHED_STATUSES or bool(run.is_complete_and_waiting_to_retry)


def _failed(newest_first: Sequence[dg.RunRecord], now: datetime) -> Iterable[FailedRun]:
    """The failed runs that ended lately; of a run and its retries the last one counts."""
    tried_again: set[str] = set()
    for record in newest_first:
        run = record.dagster_run
        root = run.tags.get(ROOT_RUN_ID_TAG, run.run_id)
        is_recent = now.timestamp() - (record.end_time or 0.0) <= RECENT.total_seconds()
        is_news = is_recent and INTERRUPTED_TAG not in run.tags
        if root not in tried_again and run.status == dg.DagsterRunStatus.FAILURE and is_news:
            yield FailedRun(run.run_id, root, tuple(sorted(chats_of(run))))
        tried_again.add(root)
