"""The launcher of runs on many machines: Dagster's own for Celery, made to outlive its broker and its workers.

Belongs here: sending runs to the workers, again if a message was lost, and telling a living run from a dead one.
Does not belong here: executing one (:mod:`.celery_app`), or ending those that are dead (:mod:`.abandoned_runs`).
"""

import time
from typing import Any, Self

import dagster as dg
from celery import Celery
from celery.exceptions import OperationalError
from dagster_celery.launcher import CeleryRunLauncher

from chat_forecast.pipeline.abandoned_runs import worker_health
from chat_forecast.pipeline.celery_app import QUEUE, TASK, new_app
from chat_forecast.pipeline.compat import CheckRunHealthResult, ConfigurableClassData, LaunchRunContext
from chat_forecast.pipeline.run_process import PROCESS_TAG, has_process

RESEND_SECONDS = 60.0
"""A run that no worker has begun for so long is sent again: its message may be lost."""

_seen_waiting: dict[str, float] = {}
"""Since when, by the clock of this process, each run is seen waiting; or when it was sent last."""


class ChatCeleryLauncher(CeleryRunLauncher):
    """Launches runs on the Celery workers of all machines."""

    def __init__(self, broker: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(default_queue=QUEUE, broker=broker, inst_data=inst_data)
        self.celery: Celery = new_app(broker)

    @classmethod
    def config_type(cls) -> dict[str, object]:
        """The broker's URL: name the variable of the environment that holds it, since it may hold a password."""
        return {"broker": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> Self:  # noqa: ANN401 - Dagster's
        """Make what ``dagster.yaml`` names."""
        return cls(broker=config_value["broker"], inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Send a run to the workers; where the broker is away, it is sent once it is back."""
        self.send(context.dagster_run)

    def send(self, run: dg.DagsterRun) -> None:
        """Send a run to the workers, which one of them will execute though it be sent twice."""
        signature = self.celery.signature(TASK, args=(run.run_id,), immutable=True)
        try:
            self._launch_celery_task_run(run, signature, TASK)
        except OperationalError as error:
            self._instance.report_engine_event(
                f"The broker cannot be reached ({type(error).__name__}). The run is sent to a worker when it can be.", run
            )

    def send_waiting(self) -> list[str]:
        """Send those runs again that have waited for a worker for too long; returns their ids."""
        waiting = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING]))
        unbegun = {run.run_id: run for run in waiting if not has_process(run)}
        now = time.monotonic()
        known = {run_id: _seen_waiting.get(run_id, now) for run_id in unbegun}
        _seen_waiting.clear()
        _seen_waiting.update(known)
        late = [run for run_id, run in unbegun.items() if now - known[run_id] >= RESEND_SECONDS]
        for run in late:
            _seen_waiting[run.run_id] = now
            self.send(run)
        return [run.run_id for run in late]

    def terminate(self, run_id: str) -> bool:
        """Have a run cancelled; its process looks whether it is to be."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return True

    @property
    def supports_resume_run(self) -> bool:
        """A run whose process died is tried again from its beginning."""
        return False

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a run's process is alive, on whichever machine."""
        return worker_health(self._instance, run)

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:  # noqa: ARG002, FBT002 - Dagster's
        """Where the run is executed."""
        return run.tags.get(PROCESS_TAG)
