"""What is seen of many machines without their servers; the rest is tried by :mod:`chat_forecast_tests.distributed`."""

import time

import dagster as dg
import pytest
import yaml
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from chat_forecast.pipeline import database_connections
from chat_forecast.pipeline.celery_launcher import ChatCeleryLauncher
from chat_forecast.pipeline.compat import NOT_FINISHED_STATUSES, LaunchRunContext
from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast.pipeline.instance_settings import SETTINGS
from chat_forecast.storage.advisory_locks import _Session
from chat_forecast.storage.locks import LockLost, Locks, LockTaken
from chat_forecast_tests.pipeline.sleeping_job import sleeping
from chat_forecast_tests.served import free_ports

CONFIG = {"ops": {"sleep": {"config": {"seconds": 0.0}}}}


def test_the_settings_of_many_machines_are_those_of_one_but_for_what_they_share():
    one, many = yaml.safe_load(SETTINGS.read_text("utf-8")), yaml.safe_load(distributed_settings(12))
    assert many.pop("storage") == {"postgres": {"postgres_url": {"env": "CHAT_FORECAST_DATABASE"}}}
    assert many["run_launcher"]["config"] == {"broker": {"env": "CHAT_FORECAST_BROKER"}}
    assert many["concurrency"]["runs"]["max_concurrent_runs"] == 12
    for settings in (one, many):
        settings["run_launcher"] = settings["run_monitoring"]["start_timeout_seconds"] = None
        settings["concurrency"]["runs"]["max_concurrent_runs"] = None
    assert one == many


def test_a_run_waits_where_the_broker_cannot_be_reached_and_is_sent_again_once_it_is_late(instance, monkeypatch):
    launcher = ChatCeleryLauncher(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
    launcher.register_instance(instance)
    run = instance.create_run_for_job(
        sleeping, run_config=CONFIG, status=dg.DagsterRunStatus.STARTING, tags={"chat_forecast/process": "host:1:other-run"}
    )
    monkeypatch.setattr("chat_forecast.pipeline.celery_launcher.RESEND_SECONDS", 0.0)
    instance.add_run_tags(run.run_id, {"chat_forecast/process": "host:1:01234567-89ab-cdef-0123-456789abcdef"})
    launcher.launch_run(LaunchRunContext(instance.get_run_by_id(run.run_id), None))
    assert instance.get_run_by_id(run.run_id).status in NOT_FINISHED_STATUSES
    assert launcher.send_waiting() == [run.run_id]
    assert sum("broker cannot be reached" in entry.message for entry in instance.all_logs(run.run_id)) == 2
    instance.add_run_tags(run.run_id, {"chat_forecast/process": f"host:1:{run.run_id}"})
    assert launcher.send_waiting() == []


def test_a_lock_of_one_machine_is_waited_for_as_long_as_is_said(tmp_path):
    locks = Locks(tmp_path)
    with locks.hold("my-chat") as held, pytest.raises(LockTaken), locks.hold("my-chat", 0.0):
        held.expect()
    with locks.hold("my-chat", 0.0):
        pass


def test_locks_are_given_up_in_a_sentence_where_their_database_cannot_be_reached():
    session = _Session(f"postgresql+psycopg2://ann:marked-secret@127.0.0.1:{free_ports(1)[0]}/locks")
    with pytest.raises(LockLost, match=r"could not be used for 0 s \(.*See that PostgreSQL runs") as caught:
        session.ensure(patience=0.0)
    assert "marked-secret" not in str(caught.value)


def test_only_the_database_of_the_deployment_is_waited_for(monkeypatch):
    ours, other = (f"postgresql+psycopg2://ann:secret@127.0.0.1:{free_ports(1)[0]}/{name}" for name in ("dagster", "mlflow"))
    monkeypatch.setenv("CHAT_FORECAST_DATABASE", ours)
    waited = []
    monkeypatch.setattr(database_connections.time, "sleep", waited.append)
    monkeypatch.setattr(database_connections, "PATIENCE_SECONDS", 0.2)
    database_connections.retry_and_pool_connections()
    for url, is_waited_for in ((other, False), (ours, True)):
        with pytest.raises(OperationalError):
            create_engine(url).connect()
        assert bool(waited) is is_waited_for


def test_where_a_person_looks_on_the_database_is_waited_for_a_moment(monkeypatch):
    ours = f"postgresql+psycopg2://ann:secret@127.0.0.1:{free_ports(1)[0]}/dagster"
    monkeypatch.setenv("CHAT_FORECAST_DATABASE", ours)
    monkeypatch.setattr(database_connections, "SHORT_WAIT_SECONDS", 0.0)
    database_connections.retry_and_pool_connections()
    begun = time.monotonic()
    with pytest.raises(OperationalError), database_connections.short_wait():
        create_engine(ours).connect()
    assert time.monotonic() - begun < database_connections.PATIENCE_SECONDS / 4
