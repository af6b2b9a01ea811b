"""Heartbeats, on a Dagster instance on disk, to a real server on loopback."""

import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from chat_forecast.definitions import build_repository
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.heartbeat import PUT_ASIDE, heartbeat_sensor
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import CHAT_TAG
from chat_forecast.presentation.notifications.heartbeat import VARIABLE, variable_of
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast_tests.factories import make_forecast

CHATS = [
    Chat(slug="near", source="simulated", timezone="UTC", first_day=date(2026, 1, 1)),
    Chat(slug="far-away", source="simulated", timezone="Pacific/Kiritimati", first_day=date(2026, 1, 1)),
]


class Service:
    """What arrived at the service that waits for heartbeats, and what it answers."""

    def __init__(self):
        self.calls = []
        self.status = 200
        self.port = 0

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/ping/{name}"

    def taken(self):
        calls, self.calls = self.calls, []
        return calls


@contextmanager
def waiting_service():
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            words = self.rfile.read(int(self.headers["Content-Length"])).decode()
            service.calls.append((self.path.removeprefix("/ping/"), words))
            self.send_response(service.status)
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(monkeypatch):
    with waiting_service() as service:
        monkeypatch.setenv(VARIABLE, service.url("all"))
        monkeypatch.setenv(variable_of("far-away"), service.url("far"))
        yield service


@pytest.fixture
def stores(tmp_path):
    return resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}))


@pytest.fixture
def instance(tmp_path_factory):
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def tick(stores, instance):
    """Let the sensor tick as the daemon does, handing on its cursor; gives what it said."""
    cursor = None

    def tick():
        nonlocal cursor
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"stores": stores})
        result = heartbeat_sensor(CHATS)(context)
        cursor = result.cursor
        return result.skip_reason.skip_message

    return tick


def last_day(chat):
    return LocalDay.containing(datetime.now(UTC), chat.timezone).plus(-1)


def do_night(stores, chat):
    stores.storages.of(chat).write("next_day_forecast", last_day(chat), make_forecast(last_day(chat).plus(1)))


def note_run(instance, chat, status):
    """A run of the chat; one that has failed ended just now."""
    run = dg.DagsterRun(job_name="__ASSET_JOB", status=dg.DagsterRunStatus.STARTED, tags={CHAT_TAG: chat.slug})
    instance.add_run(run)
    if status is dg.DagsterRunStatus.FAILURE:
        instance.report_run_failed(run)


def test_without_an_address_the_sensor_says_so(tick):
    assert tick() == f"No heartbeat is sent: {VARIABLE} is not set."


def test_success_is_said_once_when_the_nights_of_all_chats_are_done(stores, service, tick):
    near, far = CHATS
    do_night(stores, near)
    assert tick() == "Nothing new to send."
    do_night(stores, far)
    tick()
    words = f"far-away {last_day(far).key}, near {last_day(near).key}"
    assert service.taken() == [("all", words), ("far", f"far-away {last_day(far).key}")]
    assert tick() == "Nothing new to send."
    assert service.taken() == []


def test_a_night_that_begins_and_one_that_fails_are_said(service, instance, tick):
    near, far = CHATS
    note_run(instance, far, dg.DagsterRunStatus.STARTED)
    tick()
    assert [path for path, _ in service.taken()] == ["all/start", "far/start"]
    note_run(instance, near, dg.DagsterRunStatus.FAILURE)
    tick()
    assert service.taken() == [("all/fail", "not done: near")]


def test_a_call_that_is_not_taken_is_made_again_and_the_address_is_not_said(stores, service, tick):
    for chat in CHATS:
        do_night(stores, chat)
    service.status = 500
    said = tick()
    assert (
        said
        == f"Nothing new to send. Not taken, and tried again: success to {VARIABLE}, success to {variable_of('far-away')}."
    )
    service.status = 200
    service.taken()
    tick()
    assert len(service.taken()) == 2


def test_a_chat_that_is_put_aside_is_named_as_a_failure_until_it_is_mended(tmp_path, stores, service, instance, monkeypatch):
    """By the sensor that the daemon has, of the settings as they are."""
    monkeypatch.setenv(variable_of("far-away"), service.url("far"))
    home, cursor = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)}), None
    near, far = (f'[chats.{each.slug}]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-01-01\n' for each in CHATS)
    do_night(stores, CHATS[0])
    for text, expected in (
        (f"{near}{far}colour = 1\n", [("all/fail", f"{PUT_ASIDE}: far-away"), ("far/fail", f"far-away {PUT_ASIDE}")]),
        (near, [("all", f"near {last_day(CHATS[0]).key}")]),
    ):
        home.chats_file.write_text(text)
        sensor = build_repository(home).get_sensor_def("heartbeat")
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"stores": stores})
        cursor = sensor(context).cursor
        assert service.taken() == expected


def test_an_address_that_is_none_is_refused_by_its_variable(monkeypatch, tick):
    monkeypatch.setenv(VARIABLE, "s3cret")
    with pytest.raises(Exception, match="expected an address that begins with https") as refused:
        tick()
    assert "s3cret" not in str(refused.value)
