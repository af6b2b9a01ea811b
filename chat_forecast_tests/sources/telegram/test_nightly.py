"""A chat of Telegram through the pipeline: in one process, and the whole night through Dagster's daemon."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd

from chat_forecast.app.health import examine
from chat_forecast.app.runs import range_tags
from chat_forecast.definitions import build_definitions
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import DAY_ASSETS
from chat_forecast.pipeline.schedules import schedule_name
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.sources.telegram.peers import Peer, Peers
from chat_forecast.sources.telegram.session import session_path
from chat_forecast.storage.inspection import StoredChat
from chat_forecast_tests.loopback import LoopbackChat, error, flood
from chat_forecast_tests.served import served, wait_for
from chat_forecast_tests.sources.telegram.conftest import API_HASH, QUICK

FIRST = LocalDay.parse("2026-05-10", "Europe/Moscow")
FRESHNESS = """{ assetNodes { assetKey { path } internalFreshnessPolicy {
    ... on CronFreshnessPolicy { deadlineCron timezone } } } }"""


def half_hourly(first: LocalDay, chat_id: int, **settings) -> LoopbackChat:
    """A supergroup with a message each half hour, from the day before the first until now."""
    chat = LoopbackChat(chat_id, **settings)
    begin = first.plus(-1).start.timestamp()
    chat.add(int(begin + 1800 * number) for number in range(int((datetime.now(UTC).timestamp() - begin) // 1800)))
    return chat


def test_a_long_wait_lets_the_step_be_tried_again_then_and_it_goes_on_where_it_was(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(int(FIRST.start.timestamp() + 120 * number) for number in range(-1, 1441))
    reader.server.plan("GetHistoryRequest", flood(1), at=14)
    configured = Chat(slug="my-chat", source="telegram", timezone=FIRST.timezone, first_day=FIRST.date)
    resources = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(reader.home)}))
    quick_to_give_up = type(QUICK)(**{**vars(QUICK), "flood_seconds": 0.5})
    shown = []
    definitions = build_definitions(
        [configured],
        replace(resources, sources=replace(resources.sources, limits=quick_to_give_up)),
        progress=lambda words, done, _total: shown.append((words, done)),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(["my-chat", "raw_messages"])],
            tags=range_tags(FIRST, FIRST.plus(1)),
            raise_on_error=False,
        )
        assert result.success
        (restarted,) = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
        assert restarted.step_retry_data.seconds_to_wait == 1
    stored = resources.storages.of(configured)
    assert [len(stored.messages("raw_messages", day).messages) for day in (FIRST, FIRST.plus(1))] == [720] * 2
    (kept, of_day), (words, done) = [each for each in shown if each[0] != "raw_messages"]
    assert re.match(rf"my-chat, .*: 2\d\d messages of {FIRST.plus(1).key} are read", kept)
    assert re.match(r"my-chat, .*: Telegram asks to wait 1 s, until .* UTC\.", words)
    assert of_day == done == 1
    # 13 of the first try, the refused one, and of the rest of the day its start, end, pages and count.
    assert reader.server.asked["GetHistoryRequest"] == 14 + 2 + 5 + 1


def test_a_day_that_is_read_in_part_is_stored_so_and_never_as_covered(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(int(FIRST.start.timestamp() + 8 * number) for number in range(10_800))
    reader.server.plan("GetHistoryRequest", error(500, "INTERNAL"), at=60, times=QUICK.tries)
    configured = Chat(slug="my-chat", source="telegram", timezone=FIRST.timezone, first_day=FIRST.date)
    resources = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(reader.home)}))
    definitions = build_definitions(
        [configured], replace(resources, sources=replace(resources.sources, limits=QUICK)), progress=lambda *_: None
    )
    storage = resources.storages.of(configured)

    def run(*assets):
        with dg.DagsterInstance.ephemeral() as instance:
            return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(["my-chat", asset]) for asset in assets],
                tags=range_tags(FIRST, FIRST),
                raise_on_error=False,
            )

    history = ("raw_messages", "merged_history", "hourly_series")
    assert not run(*history).success
    ((start, end),) = storage.messages("raw_messages", FIRST).read_intervals.intervals
    assert start == FIRST.start
    assert FIRST.start < end < FIRST.end
    assert storage.frame("hourly_series", FIRST) is None
    assert run(*history[1:]).success  # whoever counts what there is finds the rest missing
    counts = storage.frame("hourly_series", FIRST)["messages"]
    whole_hours = (end - start) // pd.Timedelta("1h")
    assert counts.notna().tolist() == [True] * whole_hours + [False] * (24 - whole_hours)

    asked = reader.server.asked["GetHistoryRequest"]
    assert run(*history).success
    assert storage.frame("hourly_series", FIRST)["messages"].tolist() == [450] * 24
    assert reader.server.asked["GetHistoryRequest"] - asked < 80


def test_runs_that_open_the_session_are_one_pool_and_other_chats_have_their_own():
    chats = [
        Chat(slug=name, source=source, timezone=FIRST.timezone, first_day=FIRST.date)
        for name, source in (("one", "telegram"), ("two", "telegram"), ("other", "simulated"))
    ]
    definitions = build_definitions(chats, resources_of(Home.from_environment({})))
    pools = {
        tuple(key.path): definition.node_def.pool
        for definition in definitions.resolve_asset_graph().assets_defs
        for key in definition.keys
        if definition.is_executable and not definition.check_keys
    }
    assert pools["one", "raw_messages"] == pools["two", "raw_messages"] == "telegram_session"
    assert pools["one", "merged_history"] == "chat_one"
    assert pools["other", "raw_messages"] == "chat_other"


def test_the_whole_night_through_the_daemon_and_a_chat_that_cannot_be_read_stays_missing(
    telegram, tmp_path, monkeypatch, with_all_made, today
):
    yesterday, first = today.plus(-1), today.plus(-3)
    for name in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION", "TELEGRAM_SERVER", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = with_all_made(tmp_path / "home")
    telegram.world.chats += [half_hourly(first, 500), half_hourly(first, 600, is_member=False)]
    for slug, number in (("our-group", 500), ("left-group", 600)):
        Peers(home).put(slug, Peer("channel", number, 77))
    settings = f'source = "telegram"\ntimezone = "{today.timezone}"\nfirst_day = {first.key}\n'
    (home / "chats.toml").write_text(f"[chats.our-group]\n{settings}\n[chats.left-group]\n{settings}")
    (home / ".env").write_text(f"TELEGRAM_API_ID=12345\nTELEGRAM_API_HASH={API_HASH}\n")
    session = telegram.session()
    session_path(home).write_text(session)
    telegram.plan("GetHistoryRequest", flood(2), at=2)

    with served(home) as system:
        requested = system.dry_run(schedule_name(today.timezone), today.start.timestamp() + 60)
        assert [tags["chat_forecast/chat"] for tags in requested] == ["our-group", "left-group"]
        for tags in requested:
            assert tags["dagster/partition"] == yesterday.key
            system.launch(tags["chat_forecast/chat"], DAY_ASSETS, {**tags, "dagster/max_retries": "0"})
        tags_of = {slug: [{"key": "chat_forecast/chat", "value": slug}] for slug in ("our-group", "left-group")}
        for slug, tags in tags_of.items():
            wait_for(lambda tags=tags: system.have_ended(tags=tags), 180, f"the night of {slug}")
        (ours,), (left,) = (system.runs(tags=tags) for tags in tags_of.values())
        failures = " ".join(system.failures())
        assert ours["status"] == "SUCCESS", failures
        assert left["status"] == "FAILURE"
        assert "the chat is private, and the account is not (or no longer) a member of it" in failures
        assert session not in failures
        nodes = {tuple(node["assetKey"]["path"]): node for node in system.ask(FRESHNESS)["assetNodes"]}
        policy = nodes["our-group", "hourly_series"]["internalFreshnessPolicy"]
        assert policy == {"deadlineCron": "0 6 * * *", "timezone": today.timezone}

    series = pd.read_parquet(home / "our-group" / "hourly_series" / f"{yesterday.key}.parquet")
    assert series["messages"].tolist() == [2] * 24
    assert not (home / "left-group" / "raw_messages").exists()
    logs = "".join(path.read_text(errors="replace") for path in (home / "logs").iterdir())
    assert not {secret for secret in (session, API_HASH, "words that nobody needs") if secret in logs}

    opened = Home.from_environment({"CHAT_FORECAST_HOME": str(home)})
    resources = resources_of(opened)
    later = yesterday.end.to_pydatetime() + timedelta(hours=7)
    chats = load_chats(opened.chats_file, today.date)
    stored = [StoredChat.inspect(resources.storages.of(chat), yesterday) for chat in chats]
    ours, left = (examine(chat, each, resources.sources, later) for chat, each in zip(chats, stored, strict=True))
    assert (ours.last_day_read, ours.missing_days) == (yesterday.key, [first.key, first.plus(1).key])
    assert f"2 days were never read: chat-forecast backfill our-group --from {first.key}" in ours.concerns[0]
    assert (left.last_day_read, left.concerns) == (None, ["nothing has been read yet: chat-forecast backfill left-group"])
