"""What was told: a small file that survives restarts, so that nothing is told twice.

Belongs here: keeping count of each notice at each service, and when it may be tried again.
Does not belong here: sending.
"""

import json
import os
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chat_forecast.errors import ChatForecastError

MOST_TRIES = 10
LONGEST_WAIT = timedelta(hours=1)
"""A service that does not take a notice is tried again after 1, 2, 4 … minutes, ten times at most: for five hours."""
KEPT = timedelta(days=400)
FILE = "notified.json"


class LedgerError(ChatForecastError):
    """The ledger is damaged; the message says what to do."""


@dataclass
class Ledger:
    """The file ``notified.json``, read once and written after every change, aside and then renamed."""

    path: Path
    _content: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, root: Path) -> "Ledger":
        """Read the ledger below a root; an empty one where there is none.

        Raises:
            LedgerError: the file is damaged.
        """
        path = root / FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            content = {}
        except ValueError as error:
            raise LedgerError(
                f"{path} is damaged: it is not JSON ({error}). Delete it: the newest day's messages are then told again."
            ) from error
        return cls(path, {"told": {}, "looked": {}} | content)

    @staticmethod
    def lock(root: Path) -> AbstractContextManager[object]:
        """Hold the ledger against other processes of this machine; raises ``filelock.Timeout`` after some seconds."""
        from filelock import FileLock

        return FileLock(root / f".{FILE}.lock", timeout=5)

    def may_try(self, cause: str, service: str, now: datetime) -> bool:
        """Whether a notice should be sent to a service now: it was not yet, and it is not too early or too late."""
        entry = self._entry(cause, service)
        return entry is None or (entry["state"] == "waits" and now >= datetime.fromisoformat(entry["again"]))

    def is_settled(self, cause: str, service: str) -> bool:
        """Whether there is nothing left to do: it was sent, or given up."""
        entry = self._entry(cause, service)
        return entry is not None and entry["state"] != "waits"

    def begin(self, cause: str, service: str, now: datetime) -> None:
        """Note that a notice is about to be sent. Should the process die while it sends, it is not sent again."""
        tries = (self._entry(cause, service) or {"tries": 0})["tries"] + 1
        self._note(cause, service, {"state": "begun", "tries": tries, "at": now.isoformat()})

    def end(self, cause: str, service: str, now: datetime, *, was_sent: bool) -> None:
        """Note how it went."""
        tries = (self._entry(cause, service) or {"tries": 1})["tries"]
        if was_sent:
            entry = {"state": "sent"}
        elif tries >= MOST_TRIES:
            entry = {"state": "given up"}
        else:
            wait = min(timedelta(minutes=2 ** (tries - 1)), LONGEST_WAIT)
            entry = {"state": "waits", "again": (now + wait).isoformat()}
        self._note(cause, service, {**entry, "tries": tries, "at": now.isoformat()})

    def looked_at(self, chat: str) -> str | None:
        """The state of a chat about which everything was told."""
        return self._content["looked"].get(chat)

    def look(self, chat: str, state: str) -> None:
        """Note the state of a chat about which everything was told."""
        self._content["looked"][chat] = state
        self._write()

    def _entry(self, cause: str, service: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._content["told"].get(cause, {}).get(service)
        return found

    def _note(self, cause: str, service: str, entry: dict[str, Any]) -> None:
        oldest = (datetime.fromisoformat(entry["at"]) - KEPT).isoformat()
        told = {
            each: services
            for each, services in self._content["told"].items()
            if max(known["at"] for known in services.values()) > oldest
        }
        told.setdefault(cause, {})[service] = entry
        self._content["told"] = told
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.part")
        try:
            with aside.open("x", encoding="utf-8") as file:
                json.dump(self._content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
        finally:
            aside.unlink(missing_ok=True)
