"""The launcher of runs on this machine: each is a process forked from one that has imported the libraries already.

Belongs here: starting, ending and watching the processes of runs.
Does not belong here: which run may start when (``dagster.yaml``), or runs that a command executes itself
(:mod:`chat_forecast.app.runs`).

A night of one chat is half a second of work. Dagster's own launcher starts a fresh process for each, which imports for some
seconds first. Here the process that launches (the daemon) keeps a fork server: it imports the libraries once, at the first
run, and from then on a run starts at once and shares their memory. The definitions are not imported there, so that a run
always knows the chats as they are now.
"""

import atexit
import signal
from contextlib import suppress
from multiprocessing import active_children, get_context
from multiprocessing import util as _registers_its_end_first  # noqa: F401 - so that ours comes before it

import dagster as dg
import psutil

from chat_forecast.pipeline.abandoned_runs import worker_health
from chat_forecast.pipeline.compat import (
    CheckRunHealthResult,
    ConfigurableClassData,
    ExecuteRunArgs,
    LaunchRunContext,
    RunLauncher,
    run_command,
)
from chat_forecast.pipeline.repository import chats_of, confine
from chat_forecast.pipeline.run_process import PROCESS_TAG, hold, process_of, process_tag, release
from chat_forecast.pipeline.without_settings import WithoutSettings
from chat_forecast.pipeline.worker_processes import reused_workers

PRELOADED = "chat_forecast.pipeline.preload_run"
"""What the fork server imports."""


class WarmRunLauncher(WithoutSettings, RunLauncher[dg.DagsterInstance]):
    """Launches runs on this machine, each in a process forked from a warm one."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([PRELOADED])

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the process of a run, and tag the run with it."""
        run = context.dagster_run
        if context.job_code_origin is None:
            raise dg.DagsterInvariantViolationError(f"run {run.run_id} does not say where its code is")
        arguments = ExecuteRunArgs(context.job_code_origin, run.run_id, self._instance.get_ref())
        process = self._context.Process(
            target=execute, args=(dg.serialize_value(arguments), self._instance.root_directory, run.run_id, chats_of(run))
        )
        process.start()
        self._instance.add_run_tags(run.run_id, {PROCESS_TAG: process_tag(process.pid or 0, run.run_id)})

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run's process, which then cancels the run; False if it has none on this machine."""
        run = self._instance.get_run_by_id(run_id)
        process = process_of(self._instance, run) if run is not None and not run.is_finished else None
        if run is None or process is None:
            return False
        self._instance.report_run_canceling(run)
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """The daemon may ask whether a run's process is alive."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a run's process is alive."""
        return worker_health(self._instance, run)


@atexit.register
def _terminate_runs() -> None:
    """End the processes of runs with the one that launched them, so that their runs fail at once and are tried again.

    Daemonic processes end so by themselves, but may not start one of their own, as a long backfill does. This function is
    called before the one of multiprocessing that would wait for them, which was registered earlier.
    """
    for process in active_children():
        process.terminate()


def execute(arguments: str, instance_folder: str, run_id: str, chats: set[str]) -> None:
    """Execute a run of some chats in this process, as the command ``dagster api execute_run`` does."""
    hold(instance_folder, run_id)
    confine(chats)
    try:
        with reused_workers():
            run_command().main([arguments])
    finally:
        release()  # nothing is called at the exit of a forked process
