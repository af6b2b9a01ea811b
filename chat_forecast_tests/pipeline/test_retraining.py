"""When the sensor requests a retraining: from what is stored, once, and for each chat on its own."""

import json

import dagster as dg
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.pipeline.retraining import Retraining, retraining_sensor, wanted_retraining
from chat_forecast.pipeline.runs import CHAT_TAG, KIND_TAG, REASON_TAG
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast_tests.factories import make_forecast, make_scores
from chat_forecast_tests.presentation.reports.stored import store_training

DAY = LocalDay.parse("2026-04-20", "Europe/Berlin")
GOOD = Verdict(passed=True, rule="relative", reason="fine")
BAD = Verdict(passed=False, rule="relative", reason="RMSE 4.10 is above 3.80")


def store_score(storage, day: LocalDay, verdict: Verdict | None) -> None:
    score = make_scores(day, [0.1])
    storage.write("daily_score", day, score if verdict is None else score.assign(**verdict.to_row()))


@pytest.fixture
def storage(stores, chat):
    return stores.storages.of(chat)


def test_nothing_new(storage):
    assert wanted_retraining(storage) is None
    store_score(storage, DAY, GOOD)
    assert wanted_retraining(storage) is None


def test_the_newest_verdict_decides_and_older_ones_do_not(storage):
    store_score(storage, DAY.plus(-1), BAD)
    assert wanted_retraining(storage) == Retraining(DAY.plus(-1), BAD.reason)
    store_score(storage, DAY, GOOD)
    assert wanted_retraining(storage) is None


def test_a_score_without_a_verdict_asks_for_nothing(storage):
    store_score(storage, DAY, None)
    assert wanted_retraining(storage) is None


def test_a_model_of_the_day_or_a_later_one_is_enough(storage):
    store_score(storage, DAY, BAD)
    store_training(storage, 49)  # through 2026-04-19
    assert wanted_retraining(storage) is not None
    store_training(storage, 50)
    assert wanted_retraining(storage) is None


def test_a_withheld_forecast_asks_for_a_training_though_the_verdict_passed(storage):
    store_score(storage, DAY, GOOD)
    storage.write(
        "next_day_forecast", DAY, NotedTable(make_forecast(DAY.plus(1)), {"withheld": "withheld: 28,373 messages"})
    )
    assert wanted_retraining(storage) == Retraining(DAY, "the forecast for 2026-04-21 is withheld: 28,373 messages")


@pytest.fixture
def tick(stores, chat, tmp_path):
    """Let the sensor tick as the daemon does, on an instance on disk, handing on its cursor; gives the run requests."""
    other = chat.model_copy(update={"slug": "other"})
    cursor = None
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:

        def tick() -> list[dg.RunRequest]:
            nonlocal cursor
            with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"stores": stores}) as context:
                result = retraining_sensor([chat, other])(context)
            cursor = result.cursor
            return list(result.run_requests or ())

        tick.cursor = lambda: json.loads(cursor)
        yield tick


def test_a_failed_verdict_is_asked_for_with_its_reason_until_a_model_is_there(storage, tick):
    store_score(storage, DAY, BAD)
    (request,) = tick()
    assert request.run_key == "my-chat/2026-04-20"  # by which Dagster starts one run, however often it is asked for
    assert [key.path for key in request.asset_selection] == [["my-chat", "trained_model"], ["my-chat", "next_day_forecast"]]
    assert request.tags == {
        CHAT_TAG: "my-chat",
        KIND_TAG: "retraining",
        REASON_TAG: BAD.reason,
        "dagster/partition": "2026-04-20",
    }
    assert [again.run_key for again in tick()] == [request.run_key]
    store_training(storage, 50)
    assert tick() == []
    assert set(tick.cursor()) == {"my-chat", "other"}


def test_one_chat_s_damaged_score_keeps_no_other_from_its_training(stores, chat, tick):
    for slug in ("my-chat", "other"):
        store_score(stores.storages.of(chat.model_copy(update={"slug": slug})), DAY, BAD)
    damaged = stores.storages.of(chat).url("daily_score", DAY)
    with open(damaged, "wb") as file:  # noqa: PTH123 - a text, not a Path
        file.write(b"not parquet")
    assert [request.tags[CHAT_TAG] for request in tick()] == ["other"]
