"""``status``, ``show`` and ``rescore`` on a home, as commands."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast.definitions import build_repository
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.paths import Home
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.damage import WAYS, copy_beside, cut_in_half, give_foreign_columns, make_a_folder
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_whole_chat

SAMPLE = Path(__file__).parents[1] / "samples" / "v0_1_0"
CHATS = [make_chat("ill-chat"), make_chat("well-chat")]
NEWEST = FIRST.plus(79)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A home with two chats of which everything is stored."""
    root = tmp_path_factory.mktemp("stored")
    for chat in CHATS:
        add_chat(root / "chats.toml", chat.slug, source="simulated", timezone=chat.timezone, first_day=FIRST.date)
        store_whole_chat(Storages(str(root), Locks(root / "locks")).of(chat))
    return root


@pytest.fixture
def home(stored, tmp_path, monkeypatch):
    """A copy of that home, named by the environment."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    shutil.copytree(stored, tmp_path / "home")
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def chat_forecast(*words):
    ended = CliRunner().invoke(main, words)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended


def concerns(ended) -> dict[str, list[str]]:
    return {health["chat"]: health["concerns"] for health in json.loads(ended.stdout)}


@pytest.mark.parametrize(
    ("asset", "damage"),
    [("hourly_series", cut_in_half), ("trained_model", make_a_folder), ("daily_score", give_foreign_columns)],
)
def test_one_unusable_file_silences_nothing(home, asset, damage):
    folder = home / "ill-chat" / asset
    path = max(folder.iterdir())
    damage(path)
    ended = chat_forecast("status")
    assert ended.exit_code == 1
    assert f"ill-chat: {path} {WAYS[damage]}" in ended.output
    assert "│ ill-chat " in ended.output
    assert "│ well-chat" in ended.output
    found = concerns(chat_forecast("status", "--json"))
    assert not any(str(path) in concern for concern in found["well-chat"])
    assert found["ill-chat"][0].startswith(f"{path} {WAYS[damage]}")


@pytest.mark.parametrize("words", [("status",), ("show", "my-chat"), ("backfill", "my-chat")])
def test_a_home_without_chats_says_how_to_begin(tmp_path, monkeypatch, words):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path / "new"))
    ended = chat_forecast(*words)
    said = " ".join(ended.output.split())
    assert ended.exit_code == 1
    for command in ("chat-forecast demo", "chat-forecast import my-chat result.json", "chat-forecast add"):
        assert command in said
    assert "has no chat" not in said
    assert "nothing has been read yet" not in said


def test_a_mistake_in_one_chats_settings_silences_nothing(home):
    settings = home / "chats.toml"
    settings.write_text(settings.read_text().replace("timezone", "timezon", 1))
    ended = chat_forecast("status")
    assert ended.exit_code == 1
    assert f"✗ ill-chat: it is put aside: {settings}: chat ill-chat: timezon: unknown key, expected one of: " in ended.output
    assert f"✗ ill-chat: it is put aside: {settings}: chat ill-chat: timezone: missing, expected: " in ended.output
    assert "│ well-chat" in ended.output
    found = concerns(chat_forecast("status", "--json"))
    assert len(found["ill-chat"]) == 2
    assert chat_forecast("show", "well-chat").exit_code == 0
    loaded = build_repository(Home.from_environment(os.environ)).assets_defs_by_key
    assert {key.path[0] for key in loaded} == {"well-chat"}


def test_a_copy_and_a_damaged_history_are_named_with_what_to_do(home):
    storage = Storages(str(home), Locks(home / "locks")).of(CHATS[0])
    copy_beside(Path(storage.url("hourly_series", NEWEST)))
    history = home / "ill-chat" / "merged_history" / f"{NEWEST.key}.parquet"
    history.parent.mkdir()
    history.write_bytes(b"half a file")
    found = concerns(chat_forecast("status", "--json"))["ill-chat"]
    assert any("(copy).parquet is not a partition" in concern and "Move it out" in concern for concern in found)
    (damaged,) = [concern for concern in found if str(history) in concern]
    assert "restore it from a backup" in damaged
    assert f"chat-forecast backfill ill-chat --from {NEWEST.key} --to {NEWEST.key}" in damaged


def test_show_names_a_damaged_file_shows_the_rest_and_ends_with_1(home):
    assert chat_forecast("show", "ill-chat").exit_code == 0
    path = home / "ill-chat" / "daily_score" / f"{NEWEST.plus(-2).key}.parquet"
    cut_in_half(path)
    ended = chat_forecast("show", "ill-chat")
    assert ended.exit_code == 1
    assert "143 messages expected" in ended.output
    assert f"✗ {path} is damaged" in ended.output
    figures = chat_forecast("show", "ill-chat", "--json")
    assert figures.exit_code == 1
    assert [fault.partition(" ")[0] for fault in json.loads(figures.stdout)["faults"]] == [str(path)]
    assert "model_version" not in figures.stdout


def test_rescore_names_a_damaged_score_judges_the_others_and_ends_with_1(home):
    path = home / "ill-chat" / "daily_score" / f"{NEWEST.plus(-2).key}.parquet"
    cut_in_half(path)
    ended = chat_forecast("rescore", "ill-chat", "--from", NEWEST.plus(-4).key)
    assert ended.exit_code == 1
    assert f"✗ {path} is damaged" in ended.output
    assert "ill-chat: 4 scores judged by the rule relative" in ended.output
    figures = json.loads(chat_forecast("rescore", "ill-chat", "--json").stdout)
    assert [fault.partition(" ")[0] for fault in figures["faults"]] == [str(path)]


def test_a_changed_rule_concerns_old_scores_only_after_rescore(home):
    text = (home / "chats.toml").read_text()
    (home / "chats.toml").write_text(text + '\n[chats.well-chat.check]\nrule = "smape"\nsmape_threshold = 0.0001\n')
    before = json.loads(chat_forecast("show", "well-chat", "--json").stdout)
    assert before["check"]["rule"] == "relative"
    ended = chat_forecast("rescore", "well-chat", "--from", NEWEST.plus(-1).key, "--json")
    assert ended.exit_code == 0
    figures = json.loads(ended.stdout)
    assert figures["rule"] == "smape"
    assert [row["day"] for row in figures["scores"]] == [NEWEST.plus(-1).key, NEWEST.key]
    assert "2 scores judged by the rule smape: " in ended.stderr
    after = json.loads(chat_forecast("show", "well-chat", "--json").stdout)
    assert (after["check"]["passed"], after["check"]["rule"]) == (False, "smape")
    assert [row["verdict_rule"] for row in after["scores"]] == ["relative"] * 5 + ["smape"] * 2
    without = [{name: row[name] for name in row if "verdict" not in name} for row in before["scores"]]
    assert [{name: row[name] for name in row if "verdict" not in name} for row in after["scores"]] == without


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--from", "2026-05-02", "--to", "2026-05-01"], "--from 2026-05-02 is after --to 2026-05-01"),
        (["--from", "1999-01-01"], "--from 1999-01-01: ill-chat has the days 2026-03-01 to "),
        (["--to", (datetime.now(UTC) + timedelta(days=2)).date().isoformat()], "ill-chat has the days"),
    ],
)
def test_a_range_that_cannot_be_is_refused(home, words, expected):
    ended = chat_forecast("rescore", "ill-chat", *words)
    assert ended.exit_code == 2
    assert expected in " ".join(ended.output.split())


@pytest.mark.parametrize(
    "words", [["show"], ["rescore"], ["gaps"], ["imports"], ["imports", "--remove", "1"], ["import", "a.csv"]]
)
def test_a_chat_whose_days_are_of_another_zone_is_put_aside_by_every_command_that_names_it(home, words):
    settings = home / "chats.toml"
    text = settings.read_text().replace("simulated", "export")
    settings.write_text(text.replace(CHATS[0].timezone, "Asia/Tokyo", 1))
    ended = chat_forecast(words[0], "ill-chat", *words[1:])
    assert ended.exit_code == 1
    assert "ill-chat: its time zone is Asia/Tokyo in chats.toml, but its days were counted in Europe/Berlin" in ended.output
    assert "chat-forecast timezone ill-chat Asia/Tokyo; or put Europe/Berlin back" in ended.output
    assert chat_forecast("show", "well-chat").exit_code == 0


def test_what_version_0_1_0_stored_is_shown_and_gets_its_verdicts(home):
    shutil.copytree(SAMPLE / "old-chat", home / "old-chat")
    with (home / "chats.toml").open("a") as file:
        file.write("\n" + (SAMPLE / "chats.toml").read_text())
    ended = chat_forecast("show", "old-chat")
    assert ended.exit_code == 0
    assert "make it: chat-forecast rescore old-chat" in ended.output
    status = chat_forecast("status")
    assert "– old-chat: no verdict is stored with the score of " in status.output
    rescored = chat_forecast("rescore", "old-chat")
    assert "0 verdicts changed" in rescored.output
    assert "3 had no verdict before." in " ".join(rescored.output.split())
    assert "rescore" not in chat_forecast("show", "old-chat").output
