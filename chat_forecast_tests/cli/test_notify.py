"""Notifications from the command line."""

import pytest

from chat_forecast_tests import at_home
from chat_forecast_tests.receiver import SECRET, receiving


@pytest.fixture
def command(monkeypatch):
    """Run ``chat-forecast`` for a home, with notifications to a URL, or to none."""

    def run(home, url, *words):
        monkeypatch.setenv("CHAT_FORECAST_NOTIFY_URL", url)
        ended = at_home.command(home, *words)
        assert SECRET not in ended.output
        return ended

    return run


def test_a_test_message_says_whether_each_service_took_it(tmp_path, command):
    with receiving() as good, receiving() as bad:
        bad.status = 404
        ended = command(tmp_path, f"{good.url} {bad.url}", "notify", "--test")
        assert ended.exit_code == 1
        assert "to json://*** (number 1 of CHAT_FORECAST_NOTIFY_URL)" in ended.stdout
        assert "Refused by json://*** (number 2 of CHAT_FORECAST_NOTIFY_URL)." in ended.stdout
        assert good.titles == ["chat_forecast: a test"]
    nobody = command(tmp_path, "", "notify")
    assert nobody.exit_code == 1
    assert "nothing can be sent: CHAT_FORECAST_NOTIFY_URL is not set" in nobody.stderr


def test_a_run_without_a_daemon_sends_its_day_once_and_a_dead_service_fails_nothing(tmp_path, today, command, with_mlflow):
    (with_mlflow(tmp_path) / "chats.toml").write_text(
        f'[chats.lone]\nsource = "simulated"\ntimezone = "{today.timezone}"\nfirst_day = {today.plus(-1).key}\n'
    )
    with receiving() as receiver:
        receiver.status = 500
        ended = command(tmp_path, receiver.url, "run", "lone")
        assert ended.exit_code == 0, ended.stderr
        assert "Refused by" in ended.stdout
        receiver.status = 200
        receiver.messages.clear()
        (tmp_path / "notified.json").unlink()  # instead of waiting for a minute
        assert "Sent: lone (simulated): " in command(tmp_path, receiver.url, "notify").stdout
        assert {title.split(" ", 2)[1] for title in receiver.titles} == {"(simulated):"}
        assert sum("messages expected on" in title for title in receiver.titles) == 1
        assert sum("was retrained" in title for title in receiver.titles) == 1
        count = len(receiver.messages)
        assert "Nothing new to send." in command(tmp_path, receiver.url, "notify").stdout
    assert len(receiver.messages) == count
