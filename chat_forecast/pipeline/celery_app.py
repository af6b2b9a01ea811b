"""The Celery application of a deployment on many machines: ``celery -A chat_forecast.pipeline.celery_app worker``.

Belongs here: how runs travel from the daemon to a worker, and what a worker does with one.
Does not belong here: sending them (:mod:`.celery_launcher`).

A message says only which run is to be executed; what it is, the worker reads from Dagster's database. A message may get lost
(the broker lost its memory, a worker died with it) or come twice (the broker takes a long run for a lost message). Neither
does harm: a run that waits for too long is sent again, and one is executed only by whoever holds its lock, and only from its
beginning.

A run is executed by a process forked from a worker that has imported the libraries, and which ends with the run, so that
each run knows the chats as they are.
"""

import os
from typing import Any

import dagster as dg
from celery import Celery, signals
from dagster_celery.make_app import make_app

from chat_forecast.pipeline import worker_processes
from chat_forecast.pipeline.compat import run_command_body, start_run_cancellation_thread
from chat_forecast.pipeline.process_setup import set_up_celery_worker
from chat_forecast.pipeline.repository import chats_of, confine
from chat_forecast.pipeline.run_process import PROCESS_TAG, hold, release
from chat_forecast.settings.paths import BROKER_VARIABLE, Home, apply_environment
from chat_forecast.storage.locks import LockTaken

QUEUE = "dagster"
TASK = "chat_forecast.execute_run"
SETTINGS: dict[str, Any] = {
    "task_default_queue": QUEUE,
    # A worker takes a message when it is free, and keeps none in reserve that would be lost with it.
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1,
    "task_ignore_result": True,  # what became of a run is in Dagster's database
    "result_backend": "disabled://",
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # a worker waits for its broker as long as it takes
    "broker_transport_options": {"socket_timeout": 10, "socket_connect_timeout": 5, "socket_keepalive": True},
    "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2},
    "worker_redirect_stdouts": False,
}


def new_app(broker: str) -> Celery:
    """The application, for a launcher or a worker."""
    made: Celery = make_app({"broker": broker, "config_source": SETTINGS})  # type: ignore[no-untyped-call]  # Dagster's
    made.task(execute_run, name=TASK)
    return made


def execute_run(run_id: str) -> None:
    """Execute a run that was launched, unless it has ended, or another process executes it."""
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.status is not dg.DagsterRunStatus.STARTING:
            if run is not None and run.status is dg.DagsterRunStatus.CANCELING and PROCESS_TAG not in run.tags:
                instance.report_run_canceled(run)
            return
        try:
            tag = hold(instance.root_directory, run_id)
        except LockTaken:
            return
        try:
            instance.add_run_tags(run_id, {PROCESS_TAG: tag})
            confine(chats_of(run))
            _execute(instance, run_id)
        finally:
            release()  # nothing is called at the exit of a forked process


def _execute(instance: dg.DagsterInstance, run_id: str) -> None:
    """Execute a run until it has ended, or is cancelled, or is held to be dead by somebody else."""
    thread, ended = start_run_cancellation_thread(instance, run_id)
    try:
        run_command_body()(run_id, instance, lambda _event: None, set_exit_code_on_failure=True)
    finally:
        ended.set()
        thread.join()


@signals.worker_init.connect  # type: ignore[untyped-decorator]  # Celery has no annotations
def _prepare_worker(**_sent: object) -> None:
    """What a worker does once, before it forks the processes of runs."""
    apply_environment(Home.from_environment(os.environ))
    set_up_celery_worker()
    worker_processes.forbid_workers()
    import chat_forecast.pipeline.preload_run  # noqa: F401 - for the forked processes


app = new_app(os.environ.get(BROKER_VARIABLE, ""))
