"""Running the jobs from this process, on the same Dagster instance as the daemon, so that the UI shows the runs.

Belongs here: starting a day, a range of days or a retraining, and taking the sensor's decision afterwards.
Does not belong here: what is printed about it (:mod:`chat_forecast.cli`).
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import dagster as dg

from chat_forecast.app.database_checks import check_databases
from chat_forecast.app.leftover_files import remove_leftover_files
from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.abandoned_runs import end_abandoned_runs
from chat_forecast.pipeline.assets.asset_run import Progress, no_progress
from chat_forecast.pipeline.catch_up import missed_days
from chat_forecast.pipeline.compat import IN_PROGRESS_RUN_STATUSES, MAX_RETRIES_TAG
from chat_forecast.pipeline.instance import open_instance
from chat_forecast.pipeline.instance_files import speed_up
from chat_forecast.pipeline.instance_settings import prepare_instance
from chat_forecast.pipeline.resources import Resources, resources_of
from chat_forecast.pipeline.retraining import is_retraining, wanted_retraining
from chat_forecast.pipeline.run_process import PROCESS_TAG, hold
from chat_forecast.pipeline.runs import (
    ALL_ASSETS,
    CATCH_UP,
    CHAT_TAG,
    DAY,
    DAY_ASSETS,
    INTERRUPTED_TAG,
    RETRAINING,
    RETRAINING_ASSETS,
    asset_keys,
    kind_tags,
    range_tags,
)
from chat_forecast.pipeline.worker_processes import prepare_workers, reused_workers
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, HomeError
from chat_forecast.storage.locks import Locks, LockTaken
from chat_forecast.storage.partitions import ChatStorage

FAULTS_OF_A_DISK = ("OSError", "PermissionError", "FileNotFoundError", "OperationalError")
"""The errors of a file or of SQLite, by the names that a run's events have of them."""


LIMITS = {
    "can't start new thread": "of processes and threads (ulimit -u, or that of the container)",
    os.strerror(errno.EAGAIN): "of processes and threads (ulimit -u, or that of the container)",
    os.strerror(errno.EMFILE): "of open files (ulimit -n)",
}
"""What an error says where one of the system's limits was reached, and which one."""


class RunFailed(ChatForecastError):
    """A run ended in failure; the message holds the reason of the first step that failed."""


class ChatIsBusy(ChatForecastError):
    """Another run of the chat is under way."""


@dataclass(frozen=True)
class Runner:
    """Runs the jobs of the configured chats on an instance."""

    resources: Resources
    chats: Sequence[Chat]
    instance: dg.DagsterInstance
    progress: Progress = no_progress

    def run_day(self, chat: Chat, day: LocalDay) -> LocalDay | None:
        """Do one day as the schedule does, then retrain if the sensor would; returns the day trained through, if so.

        Raises:
            RunFailed: a step failed.
            ChatIsBusy: another run of the chat is under way.
        """
        self.materialise(chat, DAY_ASSETS, day, day, kind_tags(chat, DAY))
        return self.retrain_if_wanted(chat)

    def run_night(self, chat: Chat, yesterday: LocalDay) -> LocalDay | None:
        """Do the day that ended, and with it the nights that were missed; then as :meth:`run_day`.

        Raises:
            RunFailed: a step failed.
            ChatIsBusy: another run of the chat is under way.
        """
        last = self.resources.sources.last_day(chat, yesterday)
        missed = missed_days(chat, self.storage(chat), last)
        if len(missed) < 2:
            return self.run_day(chat, last)
        self.materialise(chat, DAY_ASSETS, missed[0], missed[-1], kind_tags(chat, CATCH_UP))
        return self.retrain_if_wanted(chat)

    def retrain_if_wanted(self, chat: Chat) -> LocalDay | None:
        """Take the sensor's decision now, and act on it."""
        wanted = wanted_retraining(self.storage(chat))
        if wanted is None or is_retraining(self.instance, chat, wanted.day):
            return None
        tags = kind_tags(chat, RETRAINING, wanted.reason)
        self.materialise(chat, RETRAINING_ASSETS, wanted.day, wanted.day, tags)
        return wanted.day

    def backfill(self, chat: Chat, first: LocalDay, last: LocalDay, *, is_trained: bool = True) -> None:
        """Do all assets of some days in one run, as a backfill from the UI does; without training, those of a night."""
        self.materialise(chat, ALL_ASSETS if is_trained else DAY_ASSETS, first, last)

    def materialise(
        self,
        chat: Chat,
        assets: Iterable[str],
        first: LocalDay,
        last: LocalDay,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Run some assets of a chat over the days from ``first`` to ``last``, in one run in this process.

        Raises:
            RunFailed: a step failed.
            ChatIsBusy: another run of the chat is under way.
        """
        with command_lock(self.resources.storages.locks, chat.slug):
            self.expect_idle(chat)
            assets = list(assets)
            prepare_workers((last.date - first.date).days + 1, is_trained="trained_model" in assets)
            # Of this chat alone: building the definitions of many takes longer than the run.
            job = build_definitions([chat], self.resources, self.progress).resolve_implicit_global_asset_job_def()
            self._expect_none_under_way(chat)  # once more: the queue may have begun one in these seconds
            with reused_workers():
                result = job.execute_in_process(
                    instance=self.instance,
                    asset_selection=asset_keys(chat, assets),
                    tags={**self._tags(chat), **tags, **range_tags(first, last)},
                    # What went wrong is said once, by the error below; the whole log is in the UI.
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    raise_on_error=False,
                )
        if not result.success:
            if _is_interrupted(result):
                self.instance.add_run_tags(result.run_id, {INTERRUPTED_TAG: "true"})
            raise RunFailed(_reason(result))

    def storage(self, chat: Chat) -> ChatStorage:
        """The chat's stored partitions."""
        return self.resources.storages.of(chat)

    def _tags(self, chat: Chat) -> dict[str, str]:
        # The daemon cannot retry a run of this process; whoever started it sees that it failed.
        return {CHAT_TAG: chat.slug, PROCESS_TAG: hold(self.instance.root_directory), MAX_RETRIES_TAG: "0"}

    def expect_idle(self, chat: Chat) -> None:
        """See that no run of the chat is under way; runs whose process is gone are ended.

        Raises:
            ChatIsBusy: one is.
        """
        end_abandoned_runs(self.instance, {CHAT_TAG: chat.slug})
        self._expect_none_under_way(chat)

    def _expect_none_under_way(self, chat: Chat) -> None:
        under_way = dg.RunsFilter(tags={CHAT_TAG: chat.slug}, statuses=list(IN_PROGRESS_RUN_STATUSES))
        for run in self.instance.get_runs(under_way):
            raise ChatIsBusy(
                f"{chat.slug}: run {run.run_id[:8]} ({run.job_name}) is under way, and runs of a chat never overlap. "
                "Wait until it has ended, or end it in the Dagster UI."
            )


@contextmanager
def command_lock(locks: Locks, slug: str) -> Iterator[None]:
    """Keep out other commands that would change the chat from this moment on; a run is only seen once it has begun.

    Raises:
        ChatIsBusy: another command is running the chat.
    """
    try:
        with locks.hold(f"{slug}.command", 0.0):
            yield
    except LockTaken:
        raise ChatIsBusy(
            f"{slug}: another command is running it, and runs of a chat never overlap. Wait until it has ended."
        ) from None


@contextmanager
def opened(home: Home, chats: Sequence[Chat], progress: Progress = no_progress) -> Iterator[Runner]:
    """Open the Dagster instance under a home, preparing both on first use.

    Raises:
        HomeError: the instance's files cannot be used.
    """
    from sqlalchemy.exc import DatabaseError

    prepare_instance(home)
    remove_leftover_files(home, [chat.slug for chat in chats])
    speed_up(home.dagster_home)
    try:
        with open_instance(home) as instance:
            yield Runner(resources_of(home), chats, instance, progress)
    except DatabaseError as error:
        if found := check_databases(home).faults:
            raise HomeError(" ".join(found)) from error
        raise HomeError(
            f"{home.dagster_home}: Dagster's files cannot be used: {error.orig}. See that the disk is not full, that they "
            "can be written to, and that nothing keeps them locked; then do the same again."
        ) from error


def _is_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a signal ended it, such as Ctrl-C."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return any(error is not None and error.cls_name == "DagsterExecutionInterruptedError" for error in errors[:1])


def _reason(result: dg.ExecuteInProcessResult) -> str:
    failed = [event for event in result.all_events if event.is_step_failure]
    if not failed:
        return f"run {result.run_id[:8]} failed; see it in the Dagster UI"
    error = failed[0].step_failure_data.error
    if _is_interrupted(result):
        return "interrupted; what was done stays. Do the same again to finish it"
    # Dagster wraps what a step raised; the first error of the chain that is not Dagster's says what to do.
    while error is not None and error.cause is not None and str(error.cls_name).startswith("Dagster"):
        error = error.cause
    words = _with_advice(str(error.cls_name), error.message.strip().partition(": ")[2]) if error else ""
    return f"{failed[0].step_key}: {words or 'failed; see the run in the Dagster UI'}"


def _with_advice(name: str, words: str) -> str:
    """What an error says, with what to do where it is the machine's and not the program's."""
    found = words.partition("\n")[0].removeprefix("(sqlite3.OperationalError) ")  # without where to read about it
    if limit := next((limit for said, limit in LIMITS.items() if said in found), None):
        return f"{found}. Raise the limit {limit}, or end other programs, then do the same again."
    if name in FAULTS_OF_A_DISK:
        return f"{found}. See that the disk is there, has room and can be written to, then do the same again."
    return words
