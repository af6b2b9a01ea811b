"""MLflow behind a real server: one that is down, fails, drips, falters, and one that does its work."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from chat_forecast.tracking.backlog import Backlog, count_backlog
from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast.tracking.client import MLFLOW_SETTINGS, Tracking, TrackingUnavailable
from chat_forecast.tracking.links import chat_links
from chat_forecast_tests.tracking.found import champion_of, line_of, runs_of, versions_of
from chat_forecast_tests.tracking.servers import closed_port, dripping, faltering, mlflow_server, wait_until
from chat_forecast_tests.tracking.stored import (
    FIRST,
    store_no_training,
    store_scored_day,
    store_training,
    store_unscored_day,
)

DAY = FIRST.plus(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory, ready_mlflow):
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(ready_mlflow, folder / "m.db")
    with mlflow_server(folder) as port:
        yield port


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_refuses_is_named_without_its_password_and_what_is_owed_is_known(chat, storage):
    store_unscored_day(storage, FIRST)
    store_no_training(storage, FIRST.plus(-1))
    store_scored_day(storage, DAY)
    store_training(storage, FIRST)
    address = f"127.0.0.1:{closed_port()}"
    tracking = Tracking(f"http://ann:hunter2@{address}")
    with pytest.raises(TrackingUnavailable) as caught:
        catch_up(tracking, chat, storage)
    message = str(caught.value)
    assert address in message
    assert "refused" in message
    assert "MLFLOW_TRACKING_URI" in message
    assert "hunter2" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert count_backlog(tracking, storage) == Backlog(scores=1, trainings=1)


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_only_fails_is_given_up(chat, storage, server):
    store_scored_day(storage, DAY)
    with faltering(server, fails=lambda _number: True) as (address, _), pytest.raises(TrackingUnavailable, match="500"):
        catch_up(Tracking(address), chat, storage)


def test_a_server_that_sends_a_byte_now_and_then_is_given_up_in_time(chat, storage):
    store_scored_day(storage, DAY)
    start = time.monotonic()
    with (
        dripping() as address,
        pytest.raises(TrackingUnavailable, match=r"took longer than 0\.5 s; logged so far: 0 scores"),
    ):
        catch_up(Tracking(address), chat, storage, seconds=0.5)
    assert time.monotonic() - start < 10


def test_a_server_that_is_slow_is_given_up_in_time_and_what_was_logged_is_not_logged_again(chat, storage, server):
    days = [FIRST.plus(number) for number in range(1, 6)]
    for day in days:
        store_scored_day(storage, day)
    asked = []

    def draw(day):
        asked.append(day)
        if len(asked) == 3:
            holding.wait()

    holding = threading.Event()
    tracking = Tracking(f"http://127.0.0.1:{server}")
    with pytest.raises(TrackingUnavailable, match=r"logged so far: [012] scores"):
        catch_up(tracking, chat, storage, draw_score=draw, seconds=3)
    holding.set()
    wait_until(lambda: not any(thread.name == "mlflow" for thread in threading.enumerate()))  # it ends by itself
    left = count_backlog(tracking, storage).scores
    assert 2 <= left <= 5
    assert catch_up(tracking, chat, storage, seconds=120) == CaughtUp(scores=left, trainings=0)


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_falters_gets_scores_and_models_in_the_end(chat, storage, server, capfd):
    from mlflow import MlflowClient

    store_training(storage, FIRST)
    score = store_scored_day(storage, DAY)
    with faltering(server, fails=lambda number: number % 3 == 0) as (address, _):
        tracking = Tracking(address.replace("//", "//ann:hunter2@"))
        assert catch_up(tracking, chat, storage, draw_score=lambda _day: b"a plot") == CaughtUp(scores=1, trainings=1)
    assert "hunter2" not in "".join(capfd.readouterr())
    client = MlflowClient(f"http://127.0.0.1:{server}")
    run = runs_of(client, chat, "score")[DAY.key]
    assert line_of(client, chat, "smape") == {DAY.key: score["smape"]}
    assert {artifact.path for artifact in client.list_artifacts(run.info.run_id)} == {"hours.json", "forecast.png"}
    assert champion_of(client, chat).tags["chat_forecast.trained_through"] == FIRST.key
    assert len(versions_of(client, chat)) == 1
    links = chat_links(tracking, storage)
    experiment = run.info.experiment_id
    assert links.score(DAY) == f"{address}/#/experiments/{experiment}/runs/{run.info.run_id}?workflowType=machine_learning"
    assert "hunter2" not in Path(storage.root, chat.slug, "mlflow_ledger.json").read_text()


def test_a_night_asks_a_server_few_things_and_a_bulk_of_days_few_more_a_day(chat, storage, server):
    with faltering(server, fails=lambda _number: False) as (address, requests):
        tracking = Tracking(address)
        for number in range(1, 22):
            store_scored_day(storage, FIRST.plus(number))
        catch_up(tracking, chat, storage, seconds=120)
        bulk = len(requests)
        requests.clear()
        store_scored_day(storage, FIRST.plus(22))
        catch_up(tracking, chat, storage)
        night = len(requests)
        requests.clear()
        catch_up(tracking, chat, storage)
    assert bulk < 21 * 7
    assert night <= 14
    assert len(requests) <= 3


def test_a_model_on_a_server_is_loaded_by_its_alias(chat, storage, server, monkeypatch):
    import mlflow.pyfunc

    from chat_forecast.tracking.stored_model import model_input
    from chat_forecast_tests.factories import make_series

    store_training(storage, FIRST)
    catch_up(Tracking(f"http://127.0.0.1:{server}"), chat, storage)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server}")
    model = mlflow.pyfunc.load_model(f"models:/chat_forecast-{chat.slug}@champion")
    assert len(model.predict(model_input(make_series(FIRST.plus(-27), 28), DAY.hours))) == 24


def test_tries_of_one_request_end_well_under_a_minute():
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_BACKOFF_JITTER

    retries, factor, timeout = (
        int(MLFLOW_SETTINGS[f"MLFLOW_HTTP_REQUEST_{name}"]) for name in ("MAX_RETRIES", "BACKOFF_FACTOR", "TIMEOUT")
    )
    waits = sum(factor * 2**retry for retry in range(1, retries)) + retries * MLFLOW_HTTP_REQUEST_BACKOFF_JITTER.get()
    assert retries >= 2
    assert (retries + 1) * timeout + waits < 45
