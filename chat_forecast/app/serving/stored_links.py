"""Links that stored events hold, led to where the plots and MLflow's pages are served now.

Belongs here: replacing addresses of this machine in what the Dagster UI is told.
Does not belong here: making links (:mod:`chat_forecast.settings.links`).

A run writes into its events where the UIs are served at that moment, or by default. `up` on other ports, later, would show
no plot of any day that is stored.
"""

import json
import re
from dataclasses import dataclass

from chat_forecast.settings.paths import Home

PLOT = re.compile(rb"http://127\.0\.0\.1:\d+[\w./-]*?(?=/(?:pictures|plots)/)")
MLFLOW_PAGE = re.compile(rb"http://127\.0\.0\.1:\d+[\w./-]*?(?=/#/(?:experiments|models)/)")


@dataclass(frozen=True)
class ServedAddresses:
    """Where plots are served, and MLflow's pages; None for a server of MLflow's, whose address does not change."""

    reports: str
    mlflow: str | None

    @classmethod
    def of(cls, home: Home) -> "ServedAddresses":
        """What the home that `up` serves has."""
        is_server = home.mlflow_uri.startswith(("http://", "https://"))
        return cls(home.reports_url, None if is_server else home.mlflow_url)

    def led_here(self, text: bytes) -> bytes:
        """An answer, as JSON, with the links of this machine leading here.

        >>> here = ServedAddresses("http://127.0.0.1:3101", "http://127.0.0.1:5100")
        >>> here.led_here(b"![](http://127.0.0.1:3001/pictures/my-chat/daily_score/2026-05-12.png)")
        b'![](http://127.0.0.1:3101/pictures/my-chat/daily_score/2026-05-12.png)'
        """
        text = _led(PLOT, text, self.reports)
        return text if self.mlflow is None else _led(MLFLOW_PAGE, text, self.mlflow)


def _led(pattern: re.Pattern[bytes], text: bytes, address: str) -> bytes:
    here = json.dumps(address.rstrip("/"))[1:-1].encode()  # the text is JSON
    return pattern.sub(lambda _found: here, text)
