"""What Telegram needs to know of the program and its user, from the environment or a ``.env`` file.

Belongs here: the names of the variables, where they are looked for, and what to do about a missing one.
Does not belong here: the session's own file (:mod:`.session`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chat_forecast.masking import keep_secret
from chat_forecast.sources.base import SourceError
from chat_forecast.whole_files import SECRET, replace_file

API_ID, API_HASH, SESSION, SERVER = "TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_SESSION", "TELEGRAM_SERVER"
ENV_FILE = ".env"
WHERE_FROM = (
    "Telegram gives everybody an api_id and an api_hash: log in at https://my.telegram.org, choose "
    '"API development tools", fill in any title and short name, and copy both. They name the program that asks; keep '
    "them to yourself."
)


class CredentialsError(SourceError):
    """A variable is missing or cannot be what it should be; the message says which and where to put it."""


@dataclass(frozen=True)
class Credentials:
    """What is known of the program and its user; secrets are kept out of its ``repr``."""

    api_id: int
    api_hash: str = field(repr=False)
    session: str | None = field(default=None, repr=False)
    """A session string that replaces the session's file."""
    server: tuple[str, int] | None = None
    """Where a *new* session logs in, if not at Telegram's own first data centre: Telegram's test servers, for one."""


def load_variables(home: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find the variables: in the environment, else in ``.env`` in the current folder, else in ``.env`` in ``home``.

    An empty variable counts as unset. The process's environment is not changed.
    """
    from dotenv import dotenv_values

    set_here = os.environ if environ is None else environ
    found: dict[str, str] = {}
    for source in (
        dotenv_values(home / ENV_FILE, interpolate=False),
        dotenv_values(Path.cwd() / ENV_FILE, interpolate=False),
        set_here,
    ):
        found |= {name: value for name in (API_ID, API_HASH, SESSION, SERVER) if (value := source.get(name))}
    return found


def load_credentials(home: Path, environ: Mapping[str, str] | None = None) -> Credentials:
    """Read the credentials.

    Raises:
        CredentialsError: the api_id or the api_hash is missing or cannot be one.
    """
    variables = load_variables(home, environ)
    missing = [name for name in (API_ID, API_HASH) if name not in variables]
    if missing:
        raise CredentialsError(
            f"{' and '.join(missing)}: expected in the environment or in {home / ENV_FILE}, found nothing. "
            f"chat-forecast login asks for them and keeps them there. {WHERE_FROM}"
        )
    return make_credentials(variables)


def make_credentials(variables: Mapping[str, str]) -> Credentials:
    """Check the variables.

    Raises:
        CredentialsError: one cannot be what it should be.
    """
    for name in (API_HASH, SESSION):
        keep_secret(variables.get(name, "").strip())
    api_id, api_hash = variables[API_ID].strip(), variables[API_HASH].strip()
    if not api_id.isdecimal() or not 0 < int(api_id) < 2**31:
        raise CredentialsError(f"{API_ID}: expected a number such as 1234567, found something else. {WHERE_FROM}")
    if len(api_hash) != 32 or set(api_hash.lower()) - set("0123456789abcdef"):
        raise CredentialsError(f"{API_HASH}: expected 32 hexadecimal digits, found something else. {WHERE_FROM}")
    return Credentials(int(api_id), api_hash, variables.get(SESSION), _server(variables.get(SERVER)))


def keep_in_env_file(home: Path, variables: Mapping[str, str]) -> Path:
    """Add variables to ``.env`` in ``home``, of mode 0600; what stands there stays."""
    path = home / ENV_FILE
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "" if not before or before.endswith("\n") else "\n"
    added = "".join(f"{name}={value}\n" for name, value in variables.items())
    write_secret(path, before + gap + added)
    return path


def write_secret(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read: whole, or not at all."""
    replace_file(path, text.encode(), mode=SECRET)


def _server(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdecimal() or not all(part.isdecimal() for part in host.split(".")):
        raise CredentialsError(f"{SERVER}: expected address:port such as 149.154.167.40:443, found {text!r}")
    return host, int(port)
