"""Sending a notice to one service, through Apprise.

Belongs here: the services that the environment names, and sending to one of them.
Does not belong here: what was sent already (:mod:`.ledger`).

A service's URL is a secret. It is never logged, stored or shown: services are told apart by a hash of it, and shown by their
kind and place. Apprise's own private form keeps the path of an address, which of a webhook is the secret.
"""

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import MASK, keep_url
from chat_forecast.presentation.notifications.notices import Notice


class NotifyError(ChatForecastError):
    """A service cannot be used; the message says which of them by its place, never by its URL."""


@dataclass(frozen=True)
class Service:
    """One place to which notices go."""

    url: str = field(repr=False)
    place: str = field(default="", compare=False)
    """Which of several it is, in words."""

    @property
    def key(self) -> str:
        """What tells it from others without giving it away."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]

    @property
    def shown(self) -> str:
        """Its kind, and its place among the others."""
        return f"{self.url.partition('://')[0]}://{MASK}{self.place}"

    def send(self, notice: Notice) -> bool:
        """Send a notice; whether the service took it. It waits for some seconds at most."""
        with _quiet_apprise():
            from apprise import NotifyFormat
            from apprise.attachment.memory import AttachMemory

            plot = None
            if notice.plot is not None:
                plot = AttachMemory(  # type: ignore[no-untyped-call]  # Apprise has no types
                    content=notice.plot, name="forecast.png", mimetype="image/png"
                )
            sent = self._client().notify(body=notice.body, title=notice.title, body_format=NotifyFormat.TEXT, attach=plot)
        return bool(sent)

    def expect_usable(self) -> None:
        """See that Apprise knows such a URL.

        Raises:
            NotifyError: it does not.
        """
        self._client()

    def _client(self) -> Any:  # noqa: ANN401 - Apprise has no types
        from apprise import Apprise

        client = Apprise()
        if not client.add(self.url):
            raise NotifyError("not a URL of a service")
        return client


def services_of(text: str | None, variable: str) -> list[Service]:
    """The services of an environment variable's value: Apprise URLs, separated by white space.

    Raises:
        NotifyError: one of them is not a URL that Apprise knows.
    """
    urls = list(dict.fromkeys((text or "").split()))
    services = []
    for number, url in enumerate(urls, start=1):
        keep_url(url)
        services.append(Service(url, f" (number {number} of {variable})" if len(urls) > 1 else ""))
        try:
            with _quiet_apprise():
                services[-1].expect_usable()
        except NotifyError:
            raise NotifyError(
                f"{variable}: number {number} of its {len(urls)} URLs is not one that Apprise knows, expected such as "
                "tgram://TOKEN/CHAT, mailto://… or json://host/path, separated by spaces. It is a secret and not shown."
            ) from None
    return services


@contextmanager
def _quiet_apprise() -> Iterator[None]:
    """Keep Apprise from logging, since that may hold a part of a URL, and from warning about its own imports."""
    logger = logging.getLogger("apprise")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before
