import logging

import pytest

from chat_forecast import masking
from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import keep_environment, keep_secret, keep_url, shown, without_secrets


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """No secret is known, and none is after the test."""
    monkeypatch.setattr(masking, "_known", set())


@pytest.mark.parametrize(
    ("url", "secrets", "words"),
    [
        ("tgram://123456:AAHdqTcvCH1vGWJxfSeof/-100987654", ["123456:AAHdqTcvCH1vGWJxfSeof", "-100987654"], []),
        ("json://ann:letmein-please@127.0.0.1:8080/hook", ["letmein-please"], ["127.0.0.1", "hook"]),
        ("https://hooks.example.org/services/T00/xoxb9Secret?key=abc123def", ["xoxb9Secret", "abc123def"],
         ["hooks.example.org", "services"]),
        ("https://hc.example.org/ping/eb095278-f28d-448d-87fb-7b75c171a6aa", ["eb095278-f28d-448d-87fb-7b75c171a6aa"],
         ["ping"]),
    ],
)  # fmt: skip
def test_what_looks_like_a_token_in_an_address_is_masked_anywhere_and_words_and_hosts_are_not(url, secrets, words):
    keep_url(url)
    for secret in secrets:
        assert secret not in without_secrets(f"POST /bot{secret}/send failed")
    for word in words:
        assert without_secrets(f"{word} is down") == f"{word} is down"
    assert without_secrets(f"cannot reach {url}").count("***") == 1


def test_secrets_of_the_environment_are_known_by_the_names_of_their_variables():
    keep_environment({
        "TELEGRAM_API_HASH": "0123456789abcdef", "CHAT_FORECAST_HEARTBEAT_URL": "https://hc.example.org/ping/a1b2c3d4e5",
        "MLFLOW_TRACKING_URI": "postgresql://ann:p%40ssword@db.example.org/mlflow", "HOME": "/home/ann", "MY_TOKEN": "tok",
    })  # fmt: skip
    said = without_secrets("0123456789abcdef a1b2c3d4e5 p@ssword p%40ssword /home/ann tok db.example.org")
    assert said == "*** *** *** *** /home/ann tok db.example.org"


def test_a_short_secret_masks_no_other_text_and_is_masked_in_its_address():
    keep_secret("a")
    assert without_secrets("a cat") == "a cat"
    assert without_secrets("ftp://ann:a@host/x") == "ftp://***@host/x"


def test_errors_and_logs_are_masked_at_birth(caplog):
    keep_secret("letmein-please")
    assert str(ChatForecastError("refused letmein-please")) == "refused ***"
    assert shown("letmein-please\x1b[2J") == "***\\x1b[2J"
    records = masking._MaskedRecords(logging.LogRecord)
    try:
        raise ValueError("letmein-please")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = records("x", logging.INFO, "f.py", 1, "said %s", ("letmein-please",), info)
    assert "letmein" not in logging.Formatter().format(record)
    assert "ValueError: ***" in logging.Formatter().format(record)


def test_the_address_of_this_machine_is_no_secret_even_where_it_is_all_that_there_is():
    for host in ("127.0.0.1", "localhost"):
        keep_url(f"json://{host}")
        assert without_secrets(f"MLflow at http://{host}:5000") == f"MLflow at http://{host}:5000"
