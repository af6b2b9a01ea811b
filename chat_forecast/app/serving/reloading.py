"""Reloading the definitions while ``up`` runs: after a chat was added or changed, or files were imported.

Belongs here: noticing the change, and having the webserver reload the code location.
Does not belong here: what is loaded (:mod:`chat_forecast.definitions`).
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from chat_forecast.app.serving.commands import LOCATION
from chat_forecast.settings.paths import Home

ASK_SECONDS = 60.0
LOOK_SECONDS = 5.0
"""Between two looks at the files."""
RELOAD = "mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }"


@dataclass
class DefinitionsWatch:
    """What the definitions are made from, as it was when they were last loaded."""

    home: Home
    dagster_url: str
    """Where the webserver listens on this machine."""
    _seen: dict[str, tuple[int, int]] = field(init=False)
    _looked_at: float = 0.0

    def __post_init__(self) -> None:
        self._seen = self._state()

    def reload_if_changed(self) -> bool:
        """Reload the definitions if the settings or an archive changed since the last time; returns whether it was done.

        A webserver that does not take the request is asked again the next time.
        """
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        state = self._state()
        if state == self._seen:
            return False
        question: dict[str, Any] = {"query": RELOAD, "variables": {"name": LOCATION}}
        try:
            requests.post(f"{self.dagster_url}/graphql", json=question, timeout=ASK_SECONDS).raise_for_status()
        except requests.RequestException:
            return False
        self._seen = state
        return True

    def _state(self) -> dict[str, tuple[int, int]]:
        """Time and size of the settings and of every archive below the root; one on other storage is not watched."""
        files = [self.home.chats_file, *Path(self.home.root).glob("*/archive/messages.parquet")]
        found = {}
        for path in files:
            try:
                status = path.stat()
            except OSError:
                continue
            found[str(path)] = (status.st_mtime_ns, status.st_size)
        return found
