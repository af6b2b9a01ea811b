"""Notifications from the command line, as processes."""

import os
import subprocess
import sys

from chat_forecast_tests.receiver import SECRET, receiving


def command(home, url, *arguments):
    """Run ``chat-forecast`` for a home, with notifications to the URL."""
    names = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_NOTIFY_URL")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"CHAT_FORECAST_HOME": str(home)} | ({"CHAT_FORECAST_NOTIFY_URL": url} if url else {})
    ended = subprocess.run(
        [sys.executable, "-m", "chat_forecast.cli", *arguments], env=environment, capture_output=True, text=True, timeout=200
    )
    assert SECRET not in ended.stdout + ended.stderr
    return ended


def test_a_test_message_says_whether_each_service_took_it(tmp_path):
    with receiving() as good, receiving() as bad:
        bad.status = 404
        ended = command(tmp_path, f"{good.url} {bad.url}", "notify", "--test")
        assert ended.returncode == 1
        assert "to json://*** (number 1 of CHAT_FORECAST_NOTIFY_URL)" in ended.stdout
        assert "Refused by json://*** (number 2 of CHAT_FORECAST_NOTIFY_URL)." in ended.stdout
        assert good.titles == ["chat_forecast: a test"]
    nobody = command(tmp_path, None, "notify")
    assert nobody.returncode == 1
    assert "nothing can be sent: CHAT_FORECAST_NOTIFY_URL is not set" in nobody.stderr


def test_a_run_without_a_daemon_sends_its_day_once_and_a_dead_service_fails_nothing(tmp_path, today):
    (tmp_path / "chats.toml").write_text(
        f'[chats.lone]\nsource = "simulated"\ntimezone = "{today.timezone}"\nfirst_day = {today.plus(-1).key}\n'
    )
    with receiving() as receiver:
        receiver.status = 500
        ended = command(tmp_path, receiver.url, "run", "lone")
        assert ended.returncode == 0, ended.stderr
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
