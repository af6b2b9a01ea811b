"""Runs that nobody executes any more: their process was killed, or its machine lost its power.

Belongs here: finding and ending them, and the sensor that does so.
Does not belong here: whether a process is alive (:mod:`.run_process`).

Such a run would be under way for ever, and keep its chat from every later one. Whoever comes next ends it: the daemon
within a minute, ``up`` when it starts, a command of the same chat.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import dagster as dg

from chat_forecast.pipeline.compat import (
    GRPC_INFO_TAG,
    NOT_FINISHED_STATUSES,
    WILL_RETRY_TAG,
    CheckRunHealthResult,
    WorkerStatus,
    will_be_retried,
)
from chat_forecast.pipeline.run_process import PROCESS_TAG, database_of_locks, is_gone

INTERVAL_SECONDS = 30
WHY = "The process that executed this run ended before the run did."

NEVER_HERE = frozenset({dg.DagsterRunStatus.QUEUED})
"""A queued run has no process yet."""


@runtime_checkable
class SendsAgain(Protocol):
    """A launcher whose runs wait elsewhere for somebody to execute them, and may be lost there."""

    def send_waiting(self) -> list[str]:
        """Send those again that have waited for too long; returns their ids."""
        ...


def end_abandoned_runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None, *, is_alone: bool = False
) -> list[str]:
    """End the unfinished runs whose process is gone, of those with some tags, and return their ids.

    They fail, and the daemon tries again those that it launched; one that was being cancelled is cancelled. A run of another
    machine, or of a process that is alive, is left alone. ``is_alone`` says that no daemon is running: runs that Dagster's
    own launcher has started then ended with it, unless they are executed by other machines.
    """
    statuses = [status for status in NOT_FINISHED_STATUSES if status not in NEVER_HERE]
    found = instance.get_runs(dg.RunsFilter(tags=dict(tags or {}), statuses=statuses))
    return [run.run_id for run in found if _is_abandoned(instance, run, is_alone=is_alone) and _end(instance, run.run_id)]


def worker_health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> CheckRunHealthResult:
    """What a launcher answers the daemon, which asks for the process of a run and lets the run fail if that is gone.

    A process that cannot be seen from here is taken to be alive.
    """
    if not is_gone(instance, run):
        return CheckRunHealthResult(WorkerStatus.RUNNING)
    _say_whether_tried_again(instance, run)
    return CheckRunHealthResult(WorkerStatus.FAILED, "the process that executed this run ended before the run did")


def _say_whether_tried_again(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Set the tag that Dagster sets after a run has failed: a backfill that looks in between takes itself for over."""
    instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: str(will_be_retried(instance, run)).lower()})


def abandoned_runs_sensor() -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="abandoned_runs",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends runs whose process was killed, so that they keep no other run of their chat waiting.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_abandoned_runs(context.instance)
        launcher = context.instance.run_launcher
        if isinstance(launcher, SendsAgain) and (sent := launcher.send_waiting()):
            context.log.info(f"No worker has begun these runs, which are sent again: {', '.join(sent)}")
        return dg.SkipReason(f"Ended: {', '.join(ended)}." if ended else "Every run under way has its process.")

    return sensor


def _is_abandoned(instance: dg.DagsterInstance, run: dg.DagsterRun, *, is_alone: bool) -> bool:
    return (
        is_gone(instance, run)
        if PROCESS_TAG in run.tags
        else is_alone and GRPC_INFO_TAG in run.tags and database_of_locks() is None
    )


def _end(instance: dg.DagsterInstance, run_id: str) -> bool:
    """End a run, unless it has ended in the meantime."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return False
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, message=WHY)
    else:
        _say_whether_tried_again(instance, run)
        instance.report_run_failed(run, WHY)
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return True
