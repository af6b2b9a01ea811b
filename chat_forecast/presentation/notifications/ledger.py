"""What was sent: a small file that survives restarts, so that nothing is sent twice.

Belongs here: each notice at each service, and when it may be tried again.
Does not belong here: sending.
"""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chat_forecast.errors import ChatForecastError
from chat_forecast.whole_files import replace_file

MOST_TRIES = 10
LONGEST_WAIT = timedelta(hours=1)
"""A service that does not take a notice is tried again after 1, 2, 4 … minutes, ten times at most: for five hours."""
KEPT = timedelta(days=400)
FILE = "notified.json"
NOTICES, EXAMINED = "notices", "examined"
NAMES_IN_0_1_0 = {NOTICES: "told", EXAMINED: "looked"}
"""The same tables under the names that version 0.1.0 gave them."""


class LedgerError(ChatForecastError):
    """The ledger is damaged; the message says what to do."""


@dataclass
class Ledger:
    """The file ``notified.json``, read once and replaced as a whole after every change."""

    path: Path
    _notices: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict, repr=False)
    """Cause -> service -> ``state``, ``tries``, ``at`` and, while it waits, ``again``."""
    _examined: dict[str, str] = field(default_factory=dict, repr=False)
    """Chat -> the state after which everything was sent."""

    @classmethod
    def load(cls, root: Path) -> "Ledger":
        """Read the ledger below a root; an empty one where there is none.

        Raises:
            LedgerError: the file is damaged.
        """
        path = root / FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            tables = {name: {**content.get(old, {}), **content.get(name, {})} for name, old in NAMES_IN_0_1_0.items()}
        except FileNotFoundError:
            return cls(path)
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise LedgerError(
                f"{path} is damaged: expected a JSON object with {NOTICES} and {EXAMINED} ({error}). Delete it: the newest "
                "day's notices are then sent again."
            ) from error
        return cls(path, tables[NOTICES], tables[EXAMINED])

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

    def is_known(self, cause: str) -> bool:
        """Whether a notice was sent to any service, or tried."""
        return cause in self._notices

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

    def is_examined(self, chat: str, state: str) -> bool:
        """Whether everything was sent that there is to send about a state of a chat."""
        return self._examined.get(chat) == state

    def note_examined(self, chat: str, state: str) -> None:
        """Note that everything was sent that there is to send about a state of a chat."""
        self._examined[chat] = state
        self._write()

    def forget(self, chat: str) -> None:
        """Forget what was sent about a chat."""
        self._notices = {cause: sent for cause, sent in self._notices.items() if cause.split("/")[1:2] != [chat]}
        self._examined.pop(chat, None)
        self._write()

    def _entry(self, cause: str, service: str) -> dict[str, Any] | None:
        return self._notices.get(cause, {}).get(service)

    def _note(self, cause: str, service: str, entry: dict[str, Any]) -> None:
        oldest = (datetime.fromisoformat(entry["at"]) - KEPT).isoformat()
        self._notices = {
            each: services
            for each, services in self._notices.items()
            if max(known["at"] for known in services.values()) > oldest
        }
        self._notices.setdefault(cause, {})[service] = entry
        self._write()

    def _write(self) -> None:
        replace_file(self.path, json.dumps({NOTICES: self._notices, EXAMINED: self._examined}, indent=1).encode())
