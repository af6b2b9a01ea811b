"""Sending through Apprise to a real server on loopback."""

import base64
import logging

import pytest

from chat_forecast.presentation.notifications import services_of
from chat_forecast.presentation.notifications.delivery import NotifyError
from chat_forecast.presentation.notifications.notices import Notice
from chat_forecast_tests.receiver import SECRET, receiving

NOTICE = Notice("digest/my-chat/2026-05-12", "a title", "first line\nsecond line", b"\x89PNG plot")


def test_a_notice_arrives_with_its_plot():
    with receiving() as receiver:
        [service] = services_of(f"  {receiver.url}\n{receiver.url} ", "VARIABLE")
        assert service.send(NOTICE)
    [message] = receiver.messages
    assert (message["title"], message["message"]) == ("a title", "first line\nsecond line")
    [plot] = message["attachments"]
    assert (plot["filename"], plot["mimetype"]) == ("forecast.png", "image/png")
    assert base64.b64decode(plot["base64"]) == NOTICE.plot


def test_a_refusal_and_a_server_that_is_gone_are_failures_and_no_secret_is_said(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with receiving() as receiver:
        [service] = services_of(receiver.url, "VARIABLE")
        receiver.status = 500
        assert not service.send(NOTICE)
    assert not service.send(NOTICE)  # nothing listens any more
    said = caplog.text + repr(service) + service.shown + service.key + "".join(capfd.readouterr())
    assert service.shown == "json://***"
    assert SECRET not in said


def test_an_unusable_url_is_named_by_its_place_not_by_its_text():
    with pytest.raises(NotifyError, match=r"VARIABLE: number 2 of its 2 URLs") as refusal:
        services_of(f"json://127.0.0.1 nonsense-{SECRET}", "VARIABLE")
    assert SECRET not in str(refusal.value)
    assert services_of(None, "VARIABLE") == services_of(" ", "VARIABLE") == []
