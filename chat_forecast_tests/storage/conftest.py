"""What tests of storage share: an S3-compatible store that is started once."""

import pytest

from chat_forecast_tests.object_store import object_store


@pytest.fixture(scope="session")
def running_store(tmp_path_factory):
    with object_store(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture
def store(running_store, monkeypatch):
    """The store, which the environment of this process names."""
    for name, value in running_store.environment.items():
        monkeypatch.setenv(name, value)
    return running_store
