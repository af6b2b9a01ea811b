"""Many chats: what is built of them, and that it is what Dagster would build itself."""

from datetime import date

import dagster as dg
import pytest

from chat_forecast.definitions import build_definitions
from chat_forecast.pipeline import run_launcher
from chat_forecast.pipeline.compat import IMPLICIT_ASSET_JOB_NAME
from chat_forecast.pipeline.repository import ChatRepository, chats_of, confine
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS, asset_keys
from chat_forecast.settings.models import Chat

CHATS = [
    Chat(slug=f"chat-{number}", source="simulated", timezone=zone, first_day=date(2026, 1, 1 + number))
    for number, zone in enumerate(("Europe/Moscow", "Asia/Kathmandu", "Europe/Moscow", "America/New_York"))
]


@pytest.fixture
def built(stores):
    """A repository of four chats, and the slugs of what it has built so far."""
    log: list[list[str]] = []

    def build(chats):
        log.append([chat.slug for chat in chats])
        return build_definitions(chats, stores)

    return ChatRepository(CHATS, build), log


def test_the_job_of_a_run_is_built_of_its_own_chat_alone(built):
    repository, log = built
    job = repository.get_maybe_subset_job_def(IMPLICIT_ASSET_JOB_NAME, asset_selection=set(asset_keys(CHATS[2], DAY_ASSETS)))
    assert log == [["chat-2"]]
    assert {key.path[-1] for key in job.asset_layer.selected_asset_keys} == set(DAY_ASSETS)


def test_a_run_over_two_chats_is_built_of_both(built):
    repository, log = built
    keys = {*asset_keys(CHATS[0], DAY_ASSETS), *asset_keys(CHATS[2], DAY_ASSETS)}
    repository.get_maybe_subset_job_def(IMPLICIT_ASSET_JOB_NAME, asset_selection=keys)
    assert log == [["chat-0", "chat-2"]]


def test_every_asset_is_described_in_words_with_the_picture_of_its_newest_day(stores):
    specs = build_definitions(CHATS[:1], stores).resolve_all_asset_specs()
    assert {spec.key.path[-1] for spec in specs} >= set(DAY_ASSETS)
    for spec in specs:
        words, picture, *_ = spec.description.split("\n\n")
        chat, name = spec.key.path
        assert words[0].isupper()
        assert picture == f"![the newest day of {name}]({stores.reports_url}/pictures/{chat}/{name}/newest.png)"


@pytest.fixture
def unconfined():
    """Let this process know all chats again."""
    yield
    confine(set())


@pytest.mark.usefixtures("unconfined")
def test_the_process_of_a_launched_run_builds_the_chats_of_the_run_alone(stores, monkeypatch, tmp_path):
    """Even when it is asked for a whole job, which Dagster does before it asks for the run's part."""
    log = []

    def build(chats):
        log.append([chat.slug for chat in chats])
        return build_definitions(chats, stores)

    class Command:
        def main(self, _arguments):
            ChatRepository(CHATS, build).get_maybe_subset_job_def(IMPLICIT_ASSET_JOB_NAME)

    run = dg.DagsterRun(
        job_name=IMPLICIT_ASSET_JOB_NAME,
        asset_selection=frozenset({dg.AssetKey(["chat-1", "hourly_series"])}),
        asset_check_selection=frozenset({dg.AssetCheckKey(dg.AssetKey(["chat-2", "daily_score"]), "score")}),
    )
    monkeypatch.setattr(run_launcher, "run_command", Command)
    run_launcher.execute("what is executed", str(tmp_path), run.run_id, chats_of(run))
    assert log == [["chat-1", "chat-2"]]


def test_the_whole_is_built_once_when_it_is_first_asked_for(built, stores):
    repository, log = built
    assert log == []
    assert [schedule.name for schedule in repository.schedule_defs] == [
        "nightly_america_new_york",
        "nightly_asia_kathmandu",
        "nightly_europe_moscow",
    ]
    names = {"retraining", "catch_up", "reports", "notify", "today", "abandoned_runs", "heartbeat"}
    assert {sensor.name for sensor in repository.sensor_defs} == names
    assert log == [["chat-0", "chat-1", "chat-2", "chat-3"]]
    whole = build_definitions(CHATS, stores).get_repository_def()
    assert set(repository.asset_graph.get_all_asset_keys()) == set(whole.asset_graph.get_all_asset_keys())
    assert list(repository.job_names) == list(whole.job_names)
    assert repository.name == whole.name
    assert len(log) == 1


def test_the_part_of_one_chat_is_the_job_that_the_whole_gives(built, stores):
    repository, _ = built
    keys = set(asset_keys(CHATS[1], ALL_ASSETS))
    part = repository.get_maybe_subset_job_def(IMPLICIT_ASSET_JOB_NAME, asset_selection=keys)
    whole = build_definitions(CHATS, stores).get_repository_def()
    expected = whole.get_maybe_subset_job_def(IMPLICIT_ASSET_JOB_NAME, asset_selection=keys)
    steps = [sorted(node.name for node in job.nodes) for job in (part, expected)]
    assert steps[0] == steps[1]


def test_each_asset_has_a_version_an_owner_and_its_columns(stores):
    assets = build_definitions(CHATS[:1], stores).resolve_asset_graph()
    for key in asset_keys(CHATS[0], ALL_ASSETS):
        node = assets.get(key)
        assert node.code_version
        assert node.owners == ["team:chat_forecast"]
        columns = node.metadata["dagster/column_schema"].columns
        assert all(column.description for column in columns)


def test_the_tag_of_the_chat_is_given_to_runs_of_one_chat_alone():
    from chat_forecast.pipeline.run_coordinator import chat_of

    def run_of(*chats):
        keys = frozenset(key for chat in chats for key in asset_keys(chat, DAY_ASSETS))
        return dg.DagsterRun(job_name=IMPLICIT_ASSET_JOB_NAME, asset_selection=keys)

    assert chat_of(run_of(CHATS[0])) == "chat-0"
    assert chat_of(run_of(CHATS[0], CHATS[1])) is None
    assert chat_of(dg.DagsterRun(job_name="other")) is None


def test_where_no_chat_can_be_used_the_rest_of_the_pipeline_is_there_and_says_so(stores):
    whole = build_definitions([], stores, put_aside=["book-club"]).get_repository_def()
    assert {sensor.name for sensor in whole.sensor_defs} == {"abandoned_runs", "heartbeat"}
    assert not whole.schedule_defs
