import itertools

import pytest

from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.tracking.stored import make_chat, make_storage, make_store

NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def tracking(tmp_path_factory):
    """MLflow on an SQLite store that all tests share, each with a chat of its own: to make one takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    tracking = Tracking(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))
    make_store(tracking)
    return tracking


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
