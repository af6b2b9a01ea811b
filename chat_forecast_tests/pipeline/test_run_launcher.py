"""Runs launched as the daemon launches them: in processes forked from a warm one."""

import os

import dagster as dg

from chat_forecast.pipeline import run_launcher
from chat_forecast.pipeline.compat import LaunchRunContext, WorkerStatus
from chat_forecast.pipeline.run_process import PROCESS_TAG, process_of
from chat_forecast_tests import forked
from chat_forecast_tests.pipeline.sleeping_job import sleeping
from chat_forecast_tests.served import wait_for


def launch(instance, seconds):
    """Launch a run; returns how to ask for its state now."""
    job = dg.reconstructable(sleeping)
    run = instance.create_run_for_job(
        job_def=sleeping,
        job_code_origin=job.get_python_origin(),
        run_config={"ops": {"sleep": {"config": {"seconds": seconds}}}},
    )
    instance.run_launcher.launch_run(LaunchRunContext(run, None))
    return lambda: instance.get_run_by_id(run.run_id)


def test_a_launched_run_runs_to_its_end_in_a_process_that_had_its_libraries(instance):
    assert isinstance(instance.run_launcher, run_launcher.WarmRunLauncher)
    first = launch(instance, 0.0)
    wait_for(lambda: first().is_finished, 60, "the first run, which waits for the libraries")
    assert first().status is dg.DagsterRunStatus.SUCCESS
    second = launch(instance, 0.0)
    wait_for(lambda: second().is_finished, 60, "the second run")
    assert second().status is dg.DagsterRunStatus.SUCCESS
    assert second().tags[PROCESS_TAG].split(":")[1] != first().tags[PROCESS_TAG].split(":")[1]


def test_a_run_that_is_terminated_is_cancelled(instance):
    run = launch(instance, 600.0)
    wait_for(lambda: run().status is dg.DagsterRunStatus.STARTED, 60, "the run to start")
    assert instance.run_launcher.check_run_worker_health(run()).status is WorkerStatus.RUNNING
    assert instance.run_launcher.terminate(run().run_id)
    wait_for(lambda: run().is_finished, 60, "the run to end")
    assert run().status is dg.DagsterRunStatus.CANCELED
    assert not instance.run_launcher.terminate(run().run_id)


def test_a_run_whose_process_is_killed_is_told_from_one_that_goes_on(instance):
    run = launch(instance, 600.0)
    wait_for(lambda: run().status is dg.DagsterRunStatus.STARTED, 60, "the run to start")
    process = process_of(instance, run())
    os.kill(process.pid, 9)
    wait_for(lambda: process_of(instance, run()) is None, 30, "the process to be gone")
    assert instance.run_launcher.check_run_worker_health(run()).status is WorkerStatus.FAILED
    elsewhere = run().with_tags({**run().tags, PROCESS_TAG: "another-host:1:lock"})
    assert instance.run_launcher.check_run_worker_health(elsewhere).status is WorkerStatus.RUNNING


def printed(instance, run):
    """What a run printed, as its page in the UI shows it."""
    keys = [entry.dagster_event.logs_captured_data.file_key for entry in instance.all_logs(run.run_id, CAPTURED)]
    data = instance.compute_log_manager.get_log_data([run.run_id, "compute_logs", *keys])
    return (data.stdout or b"").decode()


def test_what_a_launched_run_prints_is_kept_and_what_a_command_prints_is_its_own(instance, capfd):
    run = launch(instance, 0.0)
    wait_for(lambda: run().is_finished, 60, "the run")
    assert printed(instance, run()) == "sleeping\n"
    capfd.readouterr()
    config = {"ops": {"sleep": {"config": {"seconds": 0.0}}}}
    ended = sleeping.execute_in_process(instance=instance, run_config=config)
    assert capfd.readouterr().out == "sleeping\n"
    assert printed(instance, ended.dagster_run) == ""


CAPTURED = dg.DagsterEventType.LOGS_CAPTURED

LAUNCHING = """
import dagster as dg
from chat_forecast.pipeline.run_process import PROCESS_TAG
from chat_forecast_tests.pipeline.test_run_launcher import launch
from chat_forecast_tests.served import wait_for

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        run = launch(instance, 600.0)
        wait_for(lambda: run().status is dg.DagsterRunStatus.STARTED, 60, "the run to start")
        print(run().run_id)
"""


def test_a_run_ends_with_the_process_that_launched_it(instance):
    launched = forked.run(LAUNCHING)
    assert launched.returncode == 0, launched.stderr
    run = instance.get_run_by_id(launched.stdout.strip())
    wait_for(lambda: process_of(instance, run) is None, 10, "the run's process to end")
