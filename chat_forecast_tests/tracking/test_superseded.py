"""Models that nobody needs any more go from MLflow with their files, and are not logged again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from chat_forecast.tracking.catch_up import CaughtUp, catch_up
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.ledger import Ledger
from chat_forecast.tracking.links import chat_links, registered_name
from chat_forecast.tracking.superseded import delete_superseded, find_superseded
from chat_forecast_tests.damage import cut_in_half, spoil_texts
from chat_forecast_tests.tracking.found import champion_of, runs_of, versions_of
from chat_forecast_tests.tracking.stored import FIRST, store_scored_day, store_training

LATER = datetime.now(UTC) + timedelta(days=1)
UNNAMED, NEWEST = FIRST.plus(1), FIRST.plus(3)


@pytest.fixture
def find(tracking, storage):
    """Find what may go of the chat, if all that was registered before ``oldest`` is old."""
    return lambda oldest=LATER: find_superseded(tracking, storage, Path(tracking.artifact_root), oldest)


@pytest.fixture
def logged(tracking, chat, storage):
    """Three trainings in MLflow: one that a forecast names, one that none names, and the champion."""
    for day in (FIRST, UNNAMED, NEWEST):
        store_training(storage, day)
    store_scored_day(storage, FIRST.plus(1), trained_through=FIRST.key)
    store_scored_day(storage, FIRST.plus(2), trained_through=FIRST.key)
    catch_up(tracking, chat, storage)


def days_of(versions):
    return [version.tags["chat_forecast.trained_through"] for version in versions]


def trained_through(models):
    return [model.trained_through for model in models]


@pytest.mark.usefixtures("logged")
def test_a_model_that_no_stored_forecast_names_goes_and_is_not_logged_again(tracking, client, chat, storage, find):
    [found] = find()
    assert found.trained_through == UNNAMED.key
    assert found.files.is_dir()
    assert found.size > 1000
    delete_superseded(tracking, storage, [found])
    assert days_of(versions_of(client, chat)) == [FIRST.key, NEWEST.key]
    assert champion_of(client, chat).tags["chat_forecast.trained_through"] == NEWEST.key
    assert not found.files.parent.exists()
    assert chat_links(tracking, storage).model(UNNAMED.key) is None
    assert find() == []
    assert storage.has("trained_model", UNNAMED)
    for is_known in (True, False):
        if not is_known:  # MLflow's own tags then say what was logged
            Path(storage.root, storage.chat, "mlflow_ledger.json").unlink()
        assert catch_up(tracking, chat, storage) == CaughtUp(0, 0)
        assert days_of(versions_of(client, chat)) == [FIRST.key, NEWEST.key]
        assert list(runs_of(client, chat, "training")) == [NEWEST.key, UNNAMED.key, FIRST.key]
        assert find() == []


@pytest.mark.usefixtures("logged")
def test_what_is_young_or_has_an_alias_stays(client, chat, find):
    assert find(datetime.now(UTC) - timedelta(days=1)) == []
    [version] = [each for each in versions_of(client, chat) if days_of([each]) == [UNNAMED.key]]
    client.set_registered_model_alias(version.name, "liked", version.version)
    assert find() == []


def test_of_a_day_that_was_trained_twice_the_stored_model_stays(tracking, client, chat, storage, find):
    store_scored_day(storage, FIRST.plus(1), trained_through=FIRST.key)
    store_training(storage, FIRST)
    catch_up(tracking, chat, storage)
    store_training(storage, FIRST, counts=lambda hour: hour.hour)
    catch_up(tracking, chat, storage)
    [found] = find()
    assert found.version == "1"
    delete_superseded(tracking, storage, [found])
    [version] = versions_of(client, chat)
    assert str(version.version) == Ledger.load(storage).trainings[FIRST.key].version == "2"
    assert find() == []
    assert catch_up(tracking, chat, storage) == CaughtUp(0, 0)


@pytest.mark.usefixtures("logged")
def test_a_version_that_a_forecast_of_version_0_1_0_names_stays(client, chat, storage, find):
    [version] = [each for each in versions_of(client, chat) if days_of([each]) == [UNNAMED.key]]
    path = Path(storage.url("next_day_forecast", FIRST.plus(1)))
    table = pq.read_table(path)
    old = table.to_pandas().assign(model_version=pd.array([int(version.version)] * len(table), "Int64"))
    pq.write_table(table.from_pandas(old, preserve_index=False), path)
    assert find() == []


@pytest.mark.usefixtures("logged")
def test_a_deletion_that_was_killed_is_finished_by_the_next_one(tracking, client, chat, storage, find):
    [found] = find()
    client.delete_logged_model(found.model)  # as if it was killed before the version went
    assert find() == [found]
    delete_superseded(tracking, storage, find())
    assert days_of(versions_of(client, chat)) == [FIRST.key, NEWEST.key]


@pytest.mark.usefixtures("logged")
def test_what_another_process_deleted_since_it_was_found_is_no_fault_and_counts_once(tracking, client, chat, storage, find):
    found = find()
    for _ in range(2):
        delete_superseded(tracking, storage, found)
    assert days_of(versions_of(client, chat)) == [FIRST.key, NEWEST.key]
    assert Ledger.load(storage).pruned == 1


@pytest.mark.usefixtures("logged")
def test_a_model_that_a_forecast_names_since_it_was_found_stays(tracking, client, chat, storage, find):
    found = find()
    store_scored_day(storage, UNNAMED.plus(1), trained_through=UNNAMED.key)
    delete_superseded(tracking, storage, found)
    assert days_of(versions_of(client, chat)) == [FIRST.key, UNNAMED.key, NEWEST.key]
    assert chat_links(tracking, storage).model(UNNAMED.key) is not None


@pytest.mark.usefixtures("logged")
def test_where_mlflow_lost_its_models_nothing_is_found_and_nothing_is_made(tracking, client, chat, storage, find):
    client.delete_registered_model(registered_name(chat.slug))
    assert find() == []
    unmade = Path(storage.root, "mlflow", "mlflow.db")
    ledger = Ledger.load(storage)
    elsewhere = Tracking(f"sqlite:///{unmade}", str(unmade.with_name("artifacts")))
    replace(ledger, store=elsewhere.store).save(storage)
    assert find_superseded(elsewhere, storage, unmade.with_name("artifacts"), LATER) == []
    assert not unmade.parent.exists()


@pytest.mark.usefixtures("logged")
def test_a_ledger_that_names_no_day_keeps_every_model(storage, find):
    ledger = Ledger.load(storage)
    ledger.trainings = {"2026-13-40": ledger.trainings[NEWEST.key]}
    replace(ledger, pruned=9).save(storage)
    assert find() == []


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("damage", [cut_in_half, spoil_texts])
def test_a_forecast_that_cannot_be_read_keeps_every_model(storage, find, damage):
    damage(Path(storage.url("next_day_forecast", FIRST)))
    assert find() == []
