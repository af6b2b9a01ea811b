"""``login``, ``logout``, ``chats``, ``add``, ``import`` and ``status`` as a person uses them; nothing secret is shown."""

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from telethon.crypto import rsa

from chat_forecast.cli import main
from chat_forecast.cli.printing import console
from chat_forecast.settings.reading import load_chats
from chat_forecast.sources.telegram.credentials import load_credentials
from chat_forecast.sources.telegram.peers import Peer, Peers
from chat_forecast.sources.telegram.session import session_path, store_session
from chat_forecast_tests.loopback import Account, LoopbackChat, error
from chat_forecast_tests.loopback.wire import public_key
from chat_forecast_tests.sources.telegram.conftest import API_HASH, NOTHING_LEFT_OPEN

pytestmark = NOTHING_LEFT_OPEN

A_LATER_DAY = date(2026, 7, 1)
PHONE, CODE, PASSWORD = "+49 1511 2345678", "12345", "correct horse"
SET_BY_COMMANDS = (
    "CHAT_FORECAST_HOME", "CHAT_FORECAST_STORAGE", "DAGSTER_HOME", "MLFLOW_TRACKING_URI", "DAGSTER_DISABLE_TELEMETRY",
    "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK",
)  # fmt: skip


@pytest.fixture
def command(telegram, tmp_path, monkeypatch):
    """Run a command in a home of its own, against the server; returns its result."""
    for name in SET_BY_COMMANDS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TELEGRAM_SERVER", telegram.address)
    monkeypatch.setattr(console, "width", 200)
    monkeypatch.chdir(tmp_path)
    rsa.add_key(public_key(), old=False)

    def run(*arguments: str, says: str = ""):
        return CliRunner().invoke(main, arguments, input=says)

    yield run
    for name in SET_BY_COMMANDS:
        os.environ.pop(name, None)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def logged_in(command, telegram, home, monkeypatch):
    """The command, with a login made beforehand."""
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)
    store_session(home, telegram.session())
    return command


def a_chat(**settings) -> LoopbackChat:
    """A group whose people write by day in Moscow, since 2026-02-01."""
    chat = LoopbackChat(500, title="Our group", **settings)
    begin = datetime(2026, 2, 1, 5, tzinfo=UTC)  # eight in Moscow
    chat.add(begin + timedelta(days=day, hours=hour, minutes=7) for day in range(20) for hour in range(17))
    return chat


def test_a_login_from_nothing_asks_step_by_step_and_keeps_the_session(command, telegram, home):
    telegram.world.account = Account(password=PASSWORD)
    answers = ["77777", API_HASH, PHONE, "54321", CODE, "wrong horse", PASSWORD]
    result = command("login", says="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "log in at https://my.telegram.org" in result.output
    assert "that is not the code" in result.output
    assert "that is not the two-step password" in result.output
    assert "Logged in as Test." in result.output
    for secret in (API_HASH, CODE, "54321", PASSWORD, "wrong horse", session_path(home).read_text().strip()):
        assert secret not in result.output
    assert oct((home / ".env").stat().st_mode)[-3:] == oct(session_path(home).stat().st_mode)[-3:] == "600"
    assert load_credentials(home, {}).api_hash == API_HASH
    assert telegram.world.sessions == 1
    # The session that was kept is one.
    assert "Logged in already, as Test." in command("login").output

    result = command("logout")
    assert (result.exit_code, result.output) == (0, "Logged out.\n")
    assert not session_path(home).exists()
    assert telegram.world.sessions == 0
    result = command("logout")
    assert result.exit_code == 1
    assert "there is no login at Telegram" in result.output


def test_a_login_without_a_password_can_be_printed_for_a_secret_store(command, telegram, home, monkeypatch):
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)
    telegram.world.chats.append(a_chat())
    result = command("login", "--print", says=f"{PHONE}\n{CODE}\n")
    assert result.exit_code == 0, result.output
    *words, session = result.output.splitlines()
    assert "Whoever has the following line can read and write in your name" in " ".join(words)
    assert not session_path(home).exists()
    assert not (home / ".env").exists()
    monkeypatch.setenv("TELEGRAM_SESSION", session)
    assert "Our group" in command("chats").output
    result = command("logout")
    assert "Remove TELEGRAM_SESSION from where it is set" in result.output
    assert telegram.world.sessions == 0


@pytest.mark.parametrize(
    ("account", "answers", "words"),
    [
        (Account(is_banned=True), [PHONE], "Telegram has banned this phone number"),
        (Account(), ["+49 1"], "no phone number that Telegram knows"),
        (Account(), [PHONE, "1", "2", "3"], "that is not the code"),
        (Account(), ["123:bot-token"], "a bot's token, and bots cannot read"),
        (Account(password=PASSWORD), [PHONE, CODE, "1", "2", "3"], "that is not the two-step password"),
    ],
)
def test_a_login_that_is_refused_is_said_in_words_and_keeps_nothing(
    account, answers, words, command, telegram, home, monkeypatch
):
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)
    telegram.world.account = account
    result = command("login", says="\n".join(answers) + "\n")
    assert result.exit_code == 1
    assert words in result.output
    assert not session_path(home).exists()


def test_an_api_id_that_belongs_to_another_hash_is_said_so(command, telegram):
    telegram.plan("SendCodeRequest", error(400, "API_ID_INVALID"))
    result = command("login", says=f"12345\n{API_HASH}\n{PHONE}\n")
    assert result.exit_code == 1
    assert "api_id and api_hash do not belong together" in result.output


def test_without_credentials_every_command_says_where_they_come_from(command):
    for arguments in (["chats"], ["logout"], ["add", "my-chat", "@name"]):
        result = command(*arguments)
        assert result.exit_code == 1
        assert "TELEGRAM_API_ID and TELEGRAM_API_HASH: expected in the environment" in result.output


def test_a_chat_is_listed_and_added_with_a_guess_of_its_zone(logged_in, telegram, home):
    telegram.world.chats += [a_chat(username="our_group"), LoopbackChat(600, title="Empty")]
    listing = logged_in("chats").output
    assert "-1000000000500" in listing
    assert "2026-02-20 21:07" in listing
    assert "@our_group" in listing
    result = logged_in("add", "my-chat", "-1000000000500", says="Moscow\n\n\n")
    assert result.exit_code == 0, result.output
    assert "may live near Europe/Moscow" in result.output
    assert "expected an IANA time zone such as Europe/Moscow; did you mean Europe/Moscow?" in result.output
    assert "Its oldest message is from 2026-02-01" in result.output
    (chat,) = load_chats(home / "chats.toml", A_LATER_DAY)
    assert (chat.slug, chat.source, chat.timezone) == ("my-chat", "telegram", "Europe/Moscow")
    assert chat.first_day >= datetime(2026, 2, 1, tzinfo=UTC).date()
    assert Peers(home).get("my-chat") == Peer("channel", 500, 77)
    assert "500" not in (home / "chats.toml").read_text()
    assert "means this Telegram chat" in logged_in("add", "my-chat", "Our group").output


def test_options_spare_the_questions_and_a_bad_slug_is_refused_before_any(logged_in, telegram, home):
    telegram.world.chats.append(a_chat())
    result = logged_in("add", "my-chat", "Our group", "--timezone", "Europe/Moscow", "--first-day", "2026-02-05")
    assert result.exit_code == 0, result.output
    asked = telegram.asked.copy()
    result = logged_in("add", "Bad Slug", "Our group")
    assert result.exit_code == 1
    assert "lowercase letters" in result.output
    assert telegram.asked == asked
    (chat,) = load_chats(home / "chats.toml", A_LATER_DAY)
    assert chat.first_day.isoformat() == "2026-02-05"


def test_an_export_can_be_imported_into_a_chat_of_telegram(logged_in, telegram, home, tmp_path):
    telegram.world.chats.append(a_chat())
    logged_in("add", "my-chat", "Our group", "--timezone", "Europe/Moscow", "--first-day", "2026-02-05")
    export = {
        "name": "Our group", "type": "private_supergroup", "id": 500,
        "messages": [
            {"id": number, "type": "message", "date": f"2025-12-0{number}T10:00:00",
             "date_unixtime": str(1764576000 + 86400 * number), "from_id": "user100", "text": ""}
            for number in range(1, 5)
        ],
    }  # fmt: skip
    (tmp_path / "result.json").write_text(json.dumps(export))
    result = logged_in("import", "my-chat", str(tmp_path / "result.json"))
    assert result.exit_code == 0, result.output
    (chat,) = load_chats(home / "chats.toml", A_LATER_DAY)
    assert (chat.source, chat.first_day.isoformat()) == ("telegram", "2025-12-02")


def test_status_tells_what_a_chat_of_telegram_lacks(logged_in, telegram, home):
    telegram.world.chats.append(a_chat())
    logged_in("add", "my-chat", "Our group", "--timezone", "Europe/Moscow", "--first-day", "2026-02-05")
    result = logged_in("status", "--json")
    assert result.exit_code == 1
    (health,) = json.loads(result.output)
    assert health["last_day_read"] is None
    assert health["concerns"] == ["nothing has been read yet: chat-forecast backfill my-chat"]
    session_path(home).unlink()
    result = logged_in("status")
    assert result.exit_code == 1
    assert "my-chat: there is no login at Telegram" in result.output
