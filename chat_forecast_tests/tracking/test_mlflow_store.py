"""Real SQLite stores, a real MLflow server, closed ports and locked files."""

import json
import math
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.same_hour import fit_same_hour
from chat_forecast.tracking.mlflow_store import MLFLOW_SETTINGS, Tracking, TrackingUnavailable
from chat_forecast.tracking.stored_model import model_input
from chat_forecast_tests.factories import make_series

ZONE = "Europe/Berlin"
REPOSITORY = Path(__file__).parents[2]
DAY_IN_DAGSTER = "http://127.0.0.1:3000/assets/one/daily_score?view=partitions&partition=2026-01-05"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def tracking(folder):
    tracking = Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))
    tracking.prepare()
    return tracking


@pytest.fixture(scope="module")
def client(tracking):
    from mlflow import MlflowClient

    return MlflowClient(tracking.tracking_uri)


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")


def hours_of(day, actual=3):
    hours = LocalDay.parse(day, ZONE).hours
    return pd.DataFrame({"hour": hours, "messages": pd.array([actual] * len(hours), "Int64"), "expected": 2.5})


def score(tracking, chat, day="2026-01-05", metrics=None, hours=None, model_version="4", picture=PICTURE):
    metrics = {"smape": 0.5} if metrics is None else metrics
    hours = hours_of(day) if hours is None else hours
    return tracking.log_score(chat, day, model_version, metrics, hours, picture, is_simulated=True)


def register(tracking, chat, trained_through="2026-01-05", forecaster=None):
    return tracking.register_model(
        chat,
        trained_through,
        {"name": "climatology", "profile": [1.0] * 168} if forecaster is None else forecaster,
        ZONE,
        data_span=(pd.Timestamp("2025-07-10T00:00+02:00"), pd.Timestamp(f"{trained_through}T23:00+01:00")),
        params={"name": "climatology", "days": 28},
        metrics={"smape": 0.7, "rmse": math.nan},
        comparison=pd.DataFrame({"forecaster": ["climatology", "prophet"], "smape": [0.7, 0.9]}),
        is_simulated=False,
    )


def runs_of(client, chat):
    return client.search_runs([client.get_experiment_by_name(f"chat_forecast/{chat}").experiment_id])


def artifact_of(client, run_id, name):
    return Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://")) / name


def table_of(client, run_id, name):
    assert {"path": name, "type": "table"} in json.loads(client.get_run(run_id).data.tags["mlflow.loggedArtifacts"])
    stored = json.loads(artifact_of(client, run_id, name).read_text())
    return pd.DataFrame(stored["data"], columns=stored["columns"])


def test_a_scored_day_is_a_run_with_metrics_tags_table_and_picture(tracking, client, folder):
    logged = score(tracking, "one", metrics={"smape": 0.5, "mae": 2, "skill": None, "rmse": math.nan, "x": math.inf})
    run = client.get_run(logged.run_id)
    assert run.data.metrics == {"smape": 0.5, "mae": 2.0}
    assert run.info.run_name == "score 2026-01-05"
    assert run.info.status == "FINISHED"
    ours = {key: value for key, value in run.data.tags.items() if key.startswith("chat_forecast.")}
    assert ours == {
        "chat_forecast.kind": "score",
        "chat_forecast.chat": "one",
        "chat_forecast.day": "2026-01-05",
        "chat_forecast.model_version": "4",
        "chat_forecast.simulated": "yes",
        "chat_forecast.times_scored": "1",
        "chat_forecast.dagster": DAY_IN_DAGSTER,
    }
    assert artifact_of(client, logged.run_id, "forecast.png").read_bytes() == PICTURE
    assert artifact_of(client, logged.run_id, "").is_relative_to(folder / "artifacts" / "one")
    assert f"path=forecast.png&run_uuid={logged.run_id}" in run.data.tags["mlflow.note.content"]
    assert f"[daily_score of 2026-01-05 in Dagster]({DAY_IN_DAGSTER})" in run.data.tags["mlflow.note.content"]
    assert list(table_of(client, logged.run_id, "hours.json").columns) == ["hour", "messages", "expected"]
    assert logged.url == f"http://127.0.0.1:5000/#/experiments/{run.info.experiment_id}/runs/{logged.run_id}"


def test_a_day_scored_again_keeps_its_run_and_shows_the_new_score(tracking, client):
    first = score(tracking, "again", metrics={"smape": 0.9, "skill": 0.1}, hours=hours_of("2026-01-05", actual=9))
    second = score(tracking, "again", metrics={"smape": 0.2}, hours=hours_of("2026-01-05", actual=1), model_version="5")
    assert first == second
    [run] = runs_of(client, "again")
    assert run.data.metrics["smape"] == 0.2
    assert math.isnan(run.data.metrics["skill"])
    assert run.data.tags["chat_forecast.model_version"] == "5"
    assert table_of(client, run.info.run_id, "hours.json")["messages"].tolist() == [1] * 24


def test_the_same_score_again_adds_no_metric_values(tracking, client):
    logged = score(tracking, "same")
    score(tracking, "same")
    assert len(client.get_metric_history(logged.run_id, "smape")) == 1


def test_metrics_stand_at_the_step_and_the_time_of_their_day(tracking, client):
    points = [
        client.get_metric_history(score(tracking, "steps", day=day).run_id, "smape")[0]
        for day in ("2026-03-28", "2026-03-29", "2026-03-30")
    ]
    assert [point.step - points[0].step for point in points] == [0, 1, 2]
    begins = [pd.Timestamp(point.timestamp, unit="ms", tz="UTC").tz_convert(ZONE).isoformat() for point in points]
    assert begins == ["2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]


def test_both_passages_of_a_repeated_hour_are_told_apart_and_a_missing_hour_is_empty(tracking, client):
    hours = hours_of("2026-10-25")
    hours.loc[0, "messages"] = pd.NA
    logged = score(tracking, "autumn", "2026-10-25", hours=hours)
    table = table_of(client, logged.run_id, "hours.json")
    assert table["hour"].tolist()[2:4] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    assert table["messages"].isna().tolist() == [True] + [False] * 24


def test_a_day_without_model_and_picture_is_logged_without_them(tracking, client):
    logged = score(tracking, "bare", metrics={}, model_version=None, picture=None)
    tags = client.get_run(logged.run_id).data.tags
    assert "chat_forecast.model_version" not in tags
    assert "![" not in tags["mlflow.note.content"]
    assert not artifact_of(client, logged.run_id, "forecast.png").exists()


def test_one_day_scored_by_several_at_once_is_one_run(tracking, client):
    others = [Tracking(tracking.tracking_uri, tracking.artifact_root) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        logged = list(pool.map(lambda each: score(each, "crowd"), others))
    assert len({each.run_id for each in logged}) == 1
    assert len(runs_of(client, "crowd")) == 1


def test_a_training_is_a_small_model_version_without_pickles(tracking, client):
    registered = register(tracking, "trained")
    assert (registered.name, registered.version) == ("chat_forecast-trained", 1)
    version = client.get_model_version(registered.name, "1")
    assert version.run_id == registered.run_id
    assert version.tags == {
        "chat_forecast.chat": "trained",
        "chat_forecast.trained_through": "2026-01-05",
        "chat_forecast.first_hour": "2025-07-10T00:00:00+02:00",
        "chat_forecast.last_hour": "2026-01-05T23:00:00+01:00",
        "chat_forecast.simulated": "no",
    }
    run = client.get_run(registered.run_id)
    assert run.data.params == {"name": "climatology", "days": "28"}
    assert run.data.metrics == {"smape": 0.7}
    assert table_of(client, registered.run_id, "comparison.json")["forecaster"].tolist() == ["climatology", "prophet"]
    files = [path for path in artifact_of(client, registered.run_id, "").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {"", ".json", ".yaml", ".txt"}
    assert sum(path.stat().st_size for path in files) < 20_000


def test_a_model_declares_what_it_takes_gives_and_needs(tracking, client):
    import mlflow.models

    registered = register(tracking, "declared")
    folder = artifact_of(client, registered.run_id, "model")
    signature = mlflow.models.Model.load(str(folder / "MLmodel")).signature
    assert signature.inputs.input_names() == ["hour", "messages", "is_coming"]
    assert "expected" in signature.outputs.input_names()
    assert f"pandas=={pd.__version__}" in (folder / "requirements.txt").read_text().splitlines()


def test_the_champion_forecasts_in_a_new_process_as_it_did_in_the_old_one(tracking, tmp_path):
    coming = LocalDay.parse("2026-10-25", ZONE)
    series = make_series(coming.plus(-28), 28, counts=lambda hour: None if hour.hour == 3 else hour.hour + hour.day)
    fitted = fit_same_hour(series)
    register(tracking, "lasting", forecaster=fitted.to_dict())
    model_input(series, coming.hours).to_parquet(tmp_path / "input.parquet")
    code = (
        "import mlflow, pandas; model = mlflow.pyfunc.load_model('models:/chat_forecast-lasting@champion');"
        "model.predict(pandas.read_parquet('input.parquet')).to_parquet('forecast.parquet')"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking.tracking_uri, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    forecast = pd.read_parquet(tmp_path / "forecast.parquet")
    assert len(forecast) == 25
    pd.testing.assert_frame_equal(forecast, fitted.forecast(series, coming.hours))


def test_the_champion_is_the_newest_version_trained_through_the_latest_day(tracking, client):
    def champion_after(trained_through):
        register(tracking, "crowned", trained_through)
        return int(client.get_model_version_by_alias("chat_forecast-crowned", "champion").version)

    assert champion_after("2026-01-05") == 1
    assert champion_after("2026-01-07") == 2
    assert champion_after("2026-01-06") == 2  # a backfill of an older day
    assert champion_after("2026-01-07") == 4  # the same day again
    client.delete_model_version("chat_forecast-crowned", "4")
    assert champion_after("2026-01-01") == 2


def test_chats_do_not_mix(tracking, client):
    score(tracking, "left")
    score(tracking, "right", metrics={"smape": 1.5})
    register(tracking, "left", "2026-02-01")
    register(tracking, "right", "2026-01-01")
    assert [run.data.metrics["smape"] for run in runs_of(client, "right") if "smape" in run.data.metrics] == [0.7, 1.5]
    champion = client.get_model_version_by_alias("chat_forecast-right", "champion")
    assert champion.tags["chat_forecast.trained_through"] == "2026-01-01"


def test_mlflow_is_left_as_it_was_found(tracking):
    import mlflow

    before = mlflow.get_tracking_uri()
    score(tracking, "quiet")
    register(tracking, "quiet")
    assert mlflow.get_tracking_uri() == before != tracking.tracking_uri
    assert mlflow.active_run() is None


def test_two_processes_may_make_the_store_and_score_a_day_at_once_without_a_word(tmp_path):
    code = (
        "from chat_forecast_tests.tracking.test_mlflow_store import Tracking, score;"
        f"print(score(Tracking('sqlite:///{tmp_path}/new/m.db', '{tmp_path}/artifacts'), 'new').run_id)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    both = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    said = [process.communicate()[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    [run_id] = [path.name for path in (tmp_path / "artifacts" / "new").iterdir()]
    assert said == [f"{run_id}\n"] * 2


def test_the_module_is_imported_without_mlflow_and_dagster():
    code = "import sys, chat_forecast.tracking.mlflow_store; sys.exit(bool({'mlflow', 'dagster'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("act", [score, register])
def test_a_server_that_refuses_is_named_without_its_password(act):
    address = f"127.0.0.1:{closed_port()}"
    with pytest.raises(TrackingUnavailable) as caught:
        act(Tracking(f"http://ann:hunter2@{address}", None), "down")
    message = str(caught.value)
    assert address in message
    assert "refused" in message
    assert "MLFLOW_TRACKING_URI" in message
    assert "hunter2" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_retries_end_well_under_a_minute():
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_BACKOFF_JITTER

    retries, factor, timeout = (
        int(MLFLOW_SETTINGS[f"MLFLOW_HTTP_REQUEST_{name}"]) for name in ("MAX_RETRIES", "BACKOFF_FACTOR", "TIMEOUT")
    )
    waits = sum(factor * 2**retry for retry in range(1, retries)) + retries * MLFLOW_HTTP_REQUEST_BACKOFF_JITTER.get()
    assert retries >= 2
    assert (retries + 1) * timeout + waits < 45


def test_settings_of_the_user_stand(tracking, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "31")
    tracking.prepare()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "31"


def test_a_locked_store_is_waited_for_and_then_named(tmp_path):
    with closing(sqlite3.connect(tmp_path / "m.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            TrackingUnavailable, match=r"/m\.db could not .*: OperationalError: database is locked.*can be written"
        ):
            score(Tracking(f"sqlite:///{tmp_path}/m.db", patience_seconds=0.05), "locked")


def test_a_file_that_is_no_store_is_named_and_kept(tmp_path):
    (tmp_path / "m.db").write_text("notes of mine " * 100)
    with pytest.raises(TrackingUnavailable, match=r"m\.db could not be used .* not a database"):
        score(Tracking(f"sqlite:///{tmp_path}/m.db"), "foreign")
    assert (tmp_path / "m.db").read_text() == "notes of mine " * 100


def test_a_store_in_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrackingUnavailable, match=r"file/m\.db could not be used to log the score of chat on 2026-01-05"):
        score(Tracking(f"sqlite:///{tmp_path}/file/m.db"), "chat")


@pytest.fixture(scope="module")
def server(tmp_path_factory, tracking):
    """The address of a real MLflow server on a store of its own."""
    folder = tmp_path_factory.mktemp("server")
    Tracking(f"sqlite:///{folder}/m.db").prepare()
    port = closed_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        assert any("startup complete" in line for line in process.stderr), "the MLflow server did not start"
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()
        process.stderr.close()


@contextmanager
def faltering(port, failures):
    """A server in front of another one that answers so many requests with 500 before it passes them on."""
    left = iter(range(failures))

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if next(left, None) is not None:
                self.send_error(500)
                return
            with closing(HTTPConnection("127.0.0.1", port)) as behind:
                behind.request(self.command, self.path, body, dict(self.headers))
                answer = behind.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{front.server_port}"
        finally:
            front.shutdown()
            thread.join()


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_falters_gets_scores_and_models_in_the_end(server, capfd):
    from mlflow import MlflowClient

    with faltering(server, failures=3) as address:
        tracking = Tracking(address.replace("//", "//ann:hunter2@"))
        logged = score(tracking, "remote")
        assert score(tracking, "remote", metrics={"smape": 0.1}).run_id == logged.run_id
        registered = register(tracking, "remote")
    assert "hunter2" not in "".join(capfd.readouterr())
    client = MlflowClient(f"http://127.0.0.1:{server}")
    run = client.get_run(logged.run_id)
    assert run.data.metrics == {"smape": 0.1}
    assert {artifact.path for artifact in client.list_artifacts(logged.run_id)} == {"hours.json", "forecast.png"}
    assert logged.url == f"{address}/#/experiments/{run.info.experiment_id}/runs/{logged.run_id}"
    assert client.get_model_version_by_alias(registered.name, "champion").version == "1"


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_only_fails_is_given_up(server):
    with faltering(server, failures=1000) as address, pytest.raises(TrackingUnavailable, match="500"):
        score(Tracking(address), "failing")
