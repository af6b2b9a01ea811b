import json
import uuid
from pathlib import Path

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.tracking.backlog import Backlog, count_backlog
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger, Logged, unlogged
from chat_forecast.tracking.links import chat_links
from chat_forecast_tests.damage import copy_beside
from chat_forecast_tests.tracking.stored import FIRST, ZONE, store_scored_day

LEDGER = Ledger(
    store="http://mlflow.example",
    experiment="7",
    run="a" * 32,
    registered_at=1_700_000_000_000,
    scores={"2026-03-21": Logged("1-2", "d1", "b" * 32, 2), "2026-03-22": Logged("3-4")},
    trainings={"2026-03-20": Logged("5-6", "d2", "c" * 32, model="m-1", version="3")},
)
TRACKING = Tracking("http://ann:hunter2@mlflow.example")


def file_of(storage):
    return Path(storage.root, storage.chat, "mlflow_ledger.json")


def test_what_is_saved_is_loaded_on_any_storage(storage, tmp_path):
    for each in (storage, ChatStorage(f"memory://{uuid.uuid4().hex}", "my-chat", ZONE, Locks(tmp_path / "locks"))):
        assert Ledger.load(each) == Ledger()
        LEDGER.save(each)
        assert Ledger.load(each) == LEDGER


def test_a_year_of_days_is_a_small_file(storage):
    days = [LocalDay.parse("2025-01-01", ZONE).plus(number).key for number in range(365)]
    scores = {day: Logged("1a2b-18ec351c6a8b22c8", "0123456789abcdef", uuid.uuid4().hex, 1) for day in days}
    Ledger(scores=scores).save(storage)
    assert file_of(storage).stat().st_size < 60_000


def test_a_stored_day_is_unlogged_until_its_file_was_looked_at_and_again_when_it_is_replaced(storage):
    store_scored_day(storage, FIRST)
    [(day, file)] = unlogged(storage, "daily_score", {}).items()
    assert day == FIRST
    assert unlogged(storage, "daily_score", {FIRST.key: Logged(file)}) == {}
    store_scored_day(storage, FIRST)
    assert list(unlogged(storage, "daily_score", {FIRST.key: Logged(file)})) == [FIRST]


def test_a_copy_of_a_file_is_owed_to_nobody(storage):
    store_scored_day(storage, FIRST)
    copy_beside(Path(storage.url("daily_score", FIRST)))
    assert list(unlogged(storage, "daily_score", {})) == [FIRST]
    assert count_backlog(TRACKING, storage) == Backlog(scores=1, trainings=0)


def test_what_is_owed_is_counted_on_any_storage_without_a_ledger(tmp_path):
    storage = ChatStorage(f"memory://{uuid.uuid4().hex}", "my-chat", ZONE, Locks(tmp_path / "locks"))
    assert count_backlog(TRACKING, storage) == Backlog(0, 0)
    assert not count_backlog(TRACKING, storage)
    store_scored_day(storage, FIRST)
    assert count_backlog(TRACKING, storage) == Backlog(scores=1, trainings=0)
    assert count_backlog(TRACKING, storage)


def test_links_lead_to_what_was_logged_and_nowhere_else(storage):
    links = chat_links(TRACKING, storage)
    assert links.metrics() is links.score(FIRST) is links.training("2026-03-20") is links.model("2026-03-20") is None
    LEDGER.save(storage)
    links = chat_links(TRACKING, storage)
    runs = "http://mlflow.example/#/experiments/7/runs"
    mode = "?workflowType=machine_learning"
    assert links.metrics() == f"{runs}/{'a' * 32}/model-metrics{mode}"
    assert links.score(FIRST.plus(1)) == f"{runs}/{'b' * 32}{mode}"
    assert links.score(FIRST.plus(2)) is None
    assert links.training("2026-03-20") == f"{runs}/{'c' * 32}{mode}"
    assert links.model("2026-03-20") == f"http://mlflow.example/#/models/chat_forecast-{storage.chat}/versions/3{mode}"
    assert links.model("2026-03-21") is None


def test_the_pages_of_an_sqlite_store_are_where_its_ui_is_served(storage):
    LEDGER.save(storage)
    links = chat_links(Tracking("sqlite:///x/mlflow.db", ui_url="http://127.0.0.1:5001/"), storage)
    assert links.metrics().startswith("http://127.0.0.1:5001/#/experiments/7/")


def test_the_ledger_is_readable_by_a_person(storage):
    LEDGER.save(storage)
    stored = json.loads(file_of(storage).read_text())
    assert stored["trainings"]["2026-03-20"] == {
        "file": "5-6",
        "digest": "d2",
        "run": "c" * 32,
        "model": "m-1",
        "version": "3",
    }
