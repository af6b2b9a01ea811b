"""The session: a login at Telegram, as a file that only its owner can read, used by one client at a time.

Belongs here: where it is kept, and the lock around its use.
Does not belong here: making one (:mod:`.account`).

It is kept as a session *string* in a file, not as Telethon's SQLite file: it never changes while it is used, so that a crash
cannot damage it and two processes cannot find it locked; whoever may use it is decided by a lock of our own.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from chat_forecast.masking import keep_secret
from chat_forecast.settings.paths import DATABASE_VARIABLE
from chat_forecast.sources.telegram.credentials import SESSION, Credentials, write_secret
from chat_forecast.sources.telegram.faults import SessionLost, TelegramError
from chat_forecast.storage.locks import Locks, LockTaken

SESSION_FILE = "telegram.session"
LOCK = "telegram-session"
HOLDER_FILE = "telegram-session.json"


class SessionBusy(TelegramError):
    """Another process uses the session."""


def session_path(home: Path) -> Path:
    """Where the session is kept."""
    return home / SESSION_FILE


def load_session(home: Path, credentials: Credentials) -> str:
    """The session's string: from the variable, else from the file.

    Raises:
        SessionLost: there is none, or it is damaged.
    """
    path = session_path(home)
    if credentials.session:
        text, place = credentials.session.strip(), SESSION
    elif path.exists():
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)  # a copy, perhaps: it is a login, and nobody else's business
        text, place = path.read_text(encoding="utf-8").strip(), str(path)
    else:
        raise SessionLost(f"there is no login at Telegram: expected {path}, or {SESSION}. Log in: chat-forecast login")
    keep_secret(text)
    if not _is_session(text):
        raise SessionLost(f"{place} is no session, or only a part of one. Log in again: chat-forecast login")
    return text


def store_session(home: Path, text: str) -> Path:
    """Keep a session; returns where."""
    write_secret(session_path(home), text + "\n")
    return session_path(home)


def remove_session(home: Path) -> None:
    """Forget the session."""
    session_path(home).unlink(missing_ok=True)


@contextmanager
def holding_session(home: Path, what: str, wait_seconds: float, say: Callable[[str], object]) -> Iterator[None]:
    """Hold the session for the block, so that nobody else opens it; it is freed when its holder dies.

    Nobody else on this machine; or on all machines, if they share the database of ``CHAT_FORECAST_DATABASE``.

    Raises:
        SessionBusy: another process did not let go of it in time.
    """
    locks = Locks(home / "locks", os.environ.get(DATABASE_VARIABLE) or None)
    holder = locks.folder / HOLDER_FILE
    with ExitStack() as stack:
        try:
            try:
                stack.enter_context(locks.hold(LOCK, 0.0))
            except LockTaken:
                say(f"Telegram's session is in use {_described(holder)}; waiting up to {wait_seconds:.0f} s for it")
                stack.enter_context(locks.hold(LOCK, wait_seconds))
        except LockTaken:
            raise SessionBusy(
                f"{what}: Telegram's session is in use {_described(holder)}, and one session has one client at a time. "
                f"Waited {wait_seconds:.0f} s. Wait until it has ended, and try again."
            ) from None
        since = datetime.now(UTC).isoformat(timespec="seconds")
        write_secret(holder, json.dumps({"process": os.getpid(), "what": what, "since": since}))
        stack.callback(holder.unlink, missing_ok=True)
        yield


def _described(holder: Path) -> str:
    """Who holds it, as far as is known."""
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f"by process {found['process']} ({found['what']}, since {found['since']})"
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # gone, or damaged
        return "by another process"


def _is_session(text: str) -> bool:
    import binascii
    import struct

    from telethon.sessions import StringSession

    try:
        return bool(text) and bool(StringSession(text).auth_key)
    except (ValueError, struct.error, binascii.Error):
        return False
