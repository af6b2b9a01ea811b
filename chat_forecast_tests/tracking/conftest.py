import itertools

import pytest

from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.tracking.stored import make_chat, make_storage

NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def tracking(tmp_path_factory, with_mlflow):
    """MLflow on an SQLite store that all tests share, each with a chat of its own."""
    folder = with_mlflow(tmp_path_factory.mktemp("home")) / "mlflow"
    return Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))


@pytest.fixture(scope="package")
def client(tracking):
    from mlflow import MlflowClient

    return MlflowClient(tracking.tracking_uri)


@pytest.fixture
def chat():
    return make_chat(f"chat-{next(NUMBERS)}")


@pytest.fixture
def storage(tmp_path, chat):
    return make_storage(tmp_path, chat)


@pytest.fixture
def no_waiting(monkeypatch):
    """MLflow asks a server again at once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
