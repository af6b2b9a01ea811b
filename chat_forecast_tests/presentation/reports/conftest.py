import pytest

from chat_forecast.presentation.reports import Reports
from chat_forecast.presentation.reports.library import javascript
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.presentation.reports.stored import make_chat, store_whole_chat


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The charts' JavaScript as a file: putting it together takes seconds."""
    folder = tmp_path_factory.mktemp("library")
    javascript(folder)
    return next(folder.glob(".charts-*"))


@pytest.fixture(scope="session")
def whole_chat(tmp_path_factory):
    """The stored days of a chat with everything, to be read only."""
    root = tmp_path_factory.mktemp("whole")
    storages = Storages(str(root), Locks(root / "locks"))
    store_whole_chat(storages.of(make_chat()))
    return storages


@pytest.fixture
def folder(tmp_path, library):
    """A folder for pages, with the charts' JavaScript in it."""
    made = tmp_path / "reports"
    made.mkdir()
    (made / library.name).symlink_to(library)
    return made


@pytest.fixture
def reports(tmp_path, folder):
    """The pages of chats of which nothing is stored yet."""
    return Reports(folder, Storages(str(tmp_path), Locks(tmp_path / "locks")))


@pytest.fixture
def whole(folder, whole_chat):
    """The pages of the chat with everything."""
    return Reports(folder, whole_chat)
