"""The login as a file, its one user at a time, and what comes from the environment."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.telegram.credentials import CredentialsError, load_credentials
from chat_forecast.sources.telegram.faults import TelegramError
from chat_forecast.sources.telegram.peers import Peer, Peers
from chat_forecast.sources.telegram.session import SessionBusy, holding_session, session_path, store_session
from chat_forecast_tests import forked
from chat_forecast_tests.loopback import LoopbackChat, silent
from chat_forecast_tests.served import wait_for
from chat_forecast_tests.sources.telegram.conftest import API_HASH, NOTHING_LEFT_OPEN

pytestmark = NOTHING_LEFT_OPEN

DAY = LocalDay.parse("2026-03-10", "Europe/Berlin")
ONE_A_QUARTER = 900
READING_PROCESS = """
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.app.runs import opened
place = Workplace()
chat = place.chat("my-chat")
with opened(place.home, place.chats) as runner:
    runner.materialise(chat, ["raw_messages"], *(LocalDay.parse(day, chat.timezone) for day in ("2026-03-10", "2026-03-24")))
"""


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_session_and_peers_are_readable_by_their_owner_alone(reader):
    Peers(reader.home).put("my-chat", Peer("channel", 5, 77))
    assert [mode(path) for path in (session_path(reader.home), Peers(reader.home).path)] == ["0o600", "0o600"]
    session_path(reader.home).chmod(0o644)  # restored from a backup, perhaps
    reader.knows("my-chat", LoopbackChat(500)).add([1])
    reader.read(DAY)
    assert mode(session_path(reader.home)) == "0o600"


def test_the_environment_stands_before_env_files_and_is_not_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text(f"TELEGRAM_API_ID=1\nTELEGRAM_API_HASH={API_HASH}\nOTHER=x\nTELEGRAM_SESSION=in-home\n")
    (tmp_path / ".env").write_text("TELEGRAM_API_ID=2\nTELEGRAM_SESSION=\n")
    before = dict(os.environ)
    here = load_credentials(home, {})
    assert (here.api_id, here.api_hash, here.session) == (2, API_HASH, "in-home")
    assert load_credentials(home, {"TELEGRAM_API_ID": "3", "TELEGRAM_SESSION": ""}).api_id == 3
    assert dict(os.environ) == before
    assert API_HASH not in repr(here)
    assert "in-home" not in repr(here)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, r"TELEGRAM_API_ID and TELEGRAM_API_HASH: expected in the environment or in .*\.env.*my\.telegram\.org"),
        ({"TELEGRAM_API_ID": "1"}, "^TELEGRAM_API_HASH: expected in the environment"),
        ({"TELEGRAM_API_ID": "x1", "TELEGRAM_API_HASH": API_HASH}, "TELEGRAM_API_ID: expected a number"),
        ({"TELEGRAM_API_ID": "1", "TELEGRAM_API_HASH": "abcde"}, "TELEGRAM_API_HASH: expected 32 hexadecimal digits"),
        (
            {"TELEGRAM_API_ID": "1", "TELEGRAM_API_HASH": API_HASH, "TELEGRAM_SERVER": "somewhere"},
            "TELEGRAM_SERVER: expected address:port",
        ),
    ],
)
def test_a_missing_or_impossible_variable_is_named_with_what_to_do(variables, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CredentialsError, match=words) as raised:
        load_credentials(tmp_path, variables)
    assert not any(f" {value} " in str(raised.value) for name, value in variables.items() if name != "TELEGRAM_SERVER")


def test_a_missing_a_damaged_and_a_foreign_session_are_told_apart_and_never_shown(reader):
    reader.knows("my-chat", LoopbackChat(500))
    whole = session_path(reader.home).read_text().strip()
    for text in (whole[:-20], "SQLite format 3", "1" + "A" * 351 + "="):
        store_session(reader.home, text)
        with pytest.raises(SourceError, match=r"is no session, or only a part of one. Log in again") as raised:
            reader.read(DAY)
        assert text not in str(raised.value)
    session_path(reader.home).unlink()
    with pytest.raises(SourceError, match=r"there is no login at Telegram: expected .*telegram.session.* chat-forecast"):
        reader.read(DAY)


def test_a_session_string_from_the_environment_needs_no_file(reader, monkeypatch):
    reader.knows("my-chat", LoopbackChat(500)).add([int(DAY.start.timestamp()) - 100, int(DAY.start.timestamp()) + 100])
    monkeypatch.setenv("TELEGRAM_SESSION", session_path(reader.home).read_text().strip())
    session_path(reader.home).unlink()
    assert len(reader.read(DAY)[0].messages) == 1


def test_a_chat_that_was_never_resolved_is_said_so_and_a_damaged_file_of_them(reader):
    with pytest.raises(
        TelegramError, match=r"my-chat: .*telegram-peers.json does not tell which chat.*chat-forecast add my-chat"
    ):
        reader.read(DAY)
    Peers(reader.home).path.write_text('{"my-chat": {"kind": "chan')
    with pytest.raises(TelegramError, match=r"telegram-peers.json is damaged"):
        reader.read(DAY)


def test_who_finds_the_session_in_use_waits_for_it(reader):
    reader.knows("my-chat", LoopbackChat(500)).add([1])
    held, done = threading.Event(), threading.Event()

    def hold():
        with holding_session(reader.home, "another chat", 1, print):
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with pytest.raises(SessionBusy, match=rf"in use by process {os.getpid()} \(another chat, since .*one client at a time"):
        reader.read(DAY)
    assert "waiting up to 0 s for it" in reader.said[0]
    threading.Timer(0.1, done.set).start()
    reader.read(DAY)
    holder.join()


def test_a_killed_backfill_frees_the_session_keeps_its_days_and_goes_on_where_it_was(reader, monkeypatch):
    from chat_forecast.settings.editing import add_chat
    from chat_forecast.settings.paths import Home
    from chat_forecast.storage.locks import Locks
    from chat_forecast.storage.partitions import Storages

    chat = reader.knows("my-chat", LoopbackChat(500))
    first, last = DAY, DAY.plus(14)
    begin = first.start.timestamp()
    chat.add(int(begin + ONE_A_QUARTER * number) for number in range(-1, 15 * 96 + 1))
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(reader.home)})
    home.prepare()
    add_chat(home.chats_file, "my-chat", source="telegram", timezone=DAY.timezone, first_day=first.date)
    storage = Storages(home.storage_url, Locks(home.locks)).of(_chat(home))

    reader.server.plan("GetHistoryRequest", silent, at=15)  # after the first ten pages and their count
    environment = {key: value for key, value in os.environ.items() if key not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    environment |= {"CHAT_FORECAST_HOME": str(home.root)}
    process = forked.Forked(READING_PROCESS, env=environment)
    try:
        wait_for(lambda: reader.server.asked["GetHistoryRequest"] >= 15, 60, "the backfill to be stuck")
        kept = storage.days("raw_messages")
        assert kept == [first.plus(number) for number in range(10)]
        with pytest.raises(
            SessionBusy, match=rf"in use by process {process.pid} \(my-chat, 2026-03-10 to 2026-03-24, since"
        ):
            reader.read(DAY)
    finally:
        process.kill()
        process.ended()

    asked = reader.server.asked["GetHistoryRequest"]
    ended = forked.run(READING_PROCESS, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert reader.server.asked["GetHistoryRequest"] - asked < 10  # and not the first ten pages again
    stored = [storage.messages("raw_messages", day) for day in first.until(last)]
    assert [batch.messages["message_id"].tolist() for batch in stored] == [
        list(range(96 * number + 2, 96 * number + 98)) for number in range(15)
    ]
    assert all(batch.read_intervals.covers(day.start, day.end) for day, batch in zip(first.until(last), stored, strict=True))


def _chat(home):
    from datetime import date

    from chat_forecast.settings.reading import load_chats

    return load_chats(home.chats_file, date(2026, 12, 31))[0]


def test_nothing_of_telethon_is_needed_to_look_for_a_session(tmp_path):
    code = "import sys, chat_forecast.sources, chat_forecast.cli; print('telethon' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
