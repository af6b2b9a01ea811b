"""Runs whose process is killed, with real processes and real signals."""

import os
import signal
from contextlib import contextmanager

import dagster as dg
import pytest

from chat_forecast.pipeline.abandoned_runs import WHY, abandoned_runs_sensor, end_abandoned_runs, worker_health
from chat_forecast.pipeline.compat import WorkerStatus
from chat_forecast.pipeline.run_process import FOLDER, PROCESS_TAG, hold, process_tag
from chat_forecast.settings.paths import Home
from chat_forecast_tests import forked
from chat_forecast_tests.pipeline.sleeping_job import sleeping
from chat_forecast_tests.served import wait_for

EXECUTING = """
import signal, sys, time
import dagster as dg
from chat_forecast.pipeline.run_process import PROCESS_TAG, hold
from chat_forecast_tests.pipeline.sleeping_job import sleeping
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests by nohup ignores it, and all below
state, seconds = sys.argv[1], float(sys.argv[2])
with dg.DagsterInstance.get() as instance:
    tags = {PROCESS_TAG: hold(instance.root_directory)}
    config = {"ops": {"sleep": {"config": {"seconds": seconds}}}}
    if state == "NOT_STARTED":
        instance.create_run_for_job(sleeping, run_config=config, tags=tags)
        time.sleep(600)
    sleeping.execute_in_process(instance=instance, run_config=config, tags=tags)
"""
CONFIG = {"ops": {"sleep": {"config": {"seconds": 0.0}}}}


@contextmanager
def executing(state, seconds=600.0):
    """Another process of this machine that executes a run, as a command does."""
    with forked.Forked(EXECUTING, state, seconds) as process:
        yield process


def only_run(instance):
    runs = instance.get_runs()
    return runs[0] if runs else None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("state", ["NOT_STARTED", "STARTED"])
def test_a_run_is_ended_once_its_process_is_killed_and_not_before(instance, state, number):
    with executing(state) as process:
        wait_for(lambda: (run := only_run(instance)) is not None and run.status.value == state, 60, f"a run to be {state}")
        assert end_abandoned_runs(instance) == []
        process.send_signal(number)
        process.wait(timeout=60)
    run = only_run(instance)
    assert end_abandoned_runs(instance) == [run.run_id]
    assert only_run(instance).status is dg.DagsterRunStatus.FAILURE
    assert WHY in [entry.message for entry in instance.all_logs(run.run_id)]
    assert end_abandoned_runs(instance) == []


def test_a_run_that_was_being_cancelled_when_its_process_was_killed_is_cancelled(instance):
    with executing("STARTED") as process:
        wait_for(lambda: (run := only_run(instance)) is not None and run.status.value == "STARTED", 60, "a run")
        instance.report_run_canceling(only_run(instance))
        process.kill()
        process.wait(timeout=60)
    said = abandoned_runs_sensor()(dg.build_sensor_context(instance=instance)).skip_message
    assert said == f"Ended: {only_run(instance).run_id}."
    assert only_run(instance).status is dg.DagsterRunStatus.CANCELED


def test_a_process_that_ends_by_itself_leaves_no_lock(instance):
    with executing("STARTED", seconds=0.0) as process:
        process.wait(timeout=60)
    assert only_run(instance).status is dg.DagsterRunStatus.SUCCESS
    assert list((Home.from_environment(os.environ).dagster_home / FOLDER).glob("*.lock")) == []


def test_runs_of_another_machine_of_living_processes_and_those_to_be_tried_again_are_left_alone(instance):
    for tag in (
        "another-host:1:command-1",
        hold(instance.root_directory),
        process_tag(2**22 + 1, "01234567-89ab-cdef-0123-456789abcdef"),  # the lock of the run that it is to repeat
    ):
        instance.create_run_for_job(sleeping, run_config=CONFIG, tags={PROCESS_TAG: tag})
    assert end_abandoned_runs(instance) == []
    instance.create_run_for_job(sleeping, run_config=CONFIG, tags={PROCESS_TAG: process_tag(2**22 + 1, "command-2")})
    assert len(end_abandoned_runs(instance)) == 1


def end_as_the_daemon_s_monitoring_does(instance):
    """It asks the launcher for the process of each run, and lets those fail whose process is gone."""
    runs = instance.get_runs()
    for run in runs:
        health = worker_health(instance, run)
        assert health.status is WorkerStatus.FAILED
        instance.report_run_failed(run, health.msg)
    return runs


@pytest.mark.parametrize("end", [end_abandoned_runs, end_as_the_daemon_s_monitoring_does])
def test_a_backfill_never_sees_a_run_that_has_failed_and_does_not_say_whether_it_is_tried_again(instance, monkeypatch, end):
    """It would take itself for over, and the run that repeats this one for none of its own."""
    for tag, more in (("command-1", {}), ("command-2", {"dagster/max_retries": "0"})):
        tags = {PROCESS_TAG: process_tag(2**22 + 1, tag), **more}
        instance.create_run_for_job(sleeping, run_config=CONFIG, tags=tags)
    whole, seen = instance.run_storage.handle_run_event, []

    def handle(run_id, *given):
        whole(run_id, *given)
        run = instance.get_run_by_id(run_id)
        seen.append((run.status.value, run.tags.get("dagster/max_retries"), run.tags.get("dagster/will_retry")))

    monkeypatch.setattr(instance.run_storage, "handle_run_event", handle)
    assert len(end(instance)) == 2
    assert sorted(seen, key=str) == [("FAILURE", "0", "false"), ("FAILURE", None, "true")]
