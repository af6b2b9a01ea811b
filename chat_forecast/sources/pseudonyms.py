"""Pseudonyms of senders: the same person has the same one in every file and chat, and nobody can tell who it is.

Belongs here: the key, and the one spelling of a sender's identity that is hashed.
Does not belong here: where identities are read from.
"""

import hashlib
import os
import re
import secrets
from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import keep_secret
from chat_forecast.settings.paths import DATABASE_VARIABLE
from chat_forecast.whole_files import SECRET, create_file

KEY_FILE = "pseudonym.key"
KEY_VARIABLE = "CHAT_FORECAST_PSEUDONYM_KEY"
"""The variable of the environment that holds the key, where it is not a file's."""
KEY_BYTES = 32
PSEUDONYM_BYTES = 8
_WHOLE_NUMBER = re.compile(r"(-?\d{1,1000})(?:\.0)?")  # of more digits, Python makes no number
_FIRST_CHANNEL = 10**12  # Telegram's libraries write the channel 123 as -1000000000123


class PseudonymKeyError(ChatForecastError):
    """The key of the pseudonyms cannot be used; the message names its file and what to do."""


class Pseudonyms:
    """Keyed hashes of sender identities: 16 hexadecimal digits each."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def load(cls, home: Path) -> "Pseudonyms":
        """Use the key that the environment holds, or the one stored as ``pseudonym.key`` in the folder ``home``.

        Without either, the first call makes that file, with mode 0600.

        Raises:
            PseudonymKeyError: the key is damaged, or the machines that share a database are not told it.
        """
        if told := os.environ.get(KEY_VARIABLE):
            return cls._of_environment(told.strip())
        path = home / KEY_FILE
        if not path.exists() and os.environ.get(DATABASE_VARIABLE):
            raise PseudonymKeyError(
                f"{KEY_VARIABLE} is not set, and there is no {path}: many machines need one key, or a sender would "
                "have another pseudonym on each. Set it to 64 hexadecimal digits (openssl rand -hex 32), or copy that file."
            )
        if not path.exists():
            _make_key(path)
        text = path.read_bytes().strip()
        if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * KEY_BYTES), text):
            raise PseudonymKeyError(
                f"{path} is damaged: expected {2 * KEY_BYTES} hexadecimal digits, found {len(text)} bytes of something "
                "else. Restore it from a backup: with another key the same senders would get other pseudonyms. Only if "
                "nothing was imported yet, delete it, and a new one is made."
            )
        keep_secret(text.decode())
        return cls(bytes.fromhex(text.decode()))

    @classmethod
    def _of_environment(cls, text: str) -> "Pseudonyms":
        keep_secret(text)
        if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", text):
            raise PseudonymKeyError(
                f"{KEY_VARIABLE}: expected {2 * KEY_BYTES} hexadecimal digits in small letters, found {len(text)} signs "
                "of something else. Take it from where it is kept: with another key the same senders get other pseudonyms."
            )
        return cls(bytes.fromhex(text))

    def of(self, sender: str | int | None) -> str | None:
        """Give the pseudonym of a sender, None for an unknown one."""
        identity = identity_of(sender)
        if identity is None:
            return None
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), key=self._key, digest_size=PSEUDONYM_BYTES)
        return digest.hexdigest()


def identity_of(sender: str | int | None) -> str | None:
    """Spell a sender's identity in one way, whatever a file or a library calls it.

    >>> [identity_of(sender) for sender in (123, "123", "123.0", "user123", -1000000000045, "channel45", -6, "")]
    ['user123', 'user123', 'user123', 'user123', 'channel45', 'channel45', 'chat6', None]
    """
    text = "" if sender is None else str(sender).strip()
    found = _WHOLE_NUMBER.fullmatch(text)
    if not found:
        return text or None
    number = int(found[1])
    if number >= 0:
        return f"user{number}"
    return f"chat{-number}" if -number <= _FIRST_CHANNEL else f"channel{-number - _FIRST_CHANNEL}"


def _make_key(path: Path) -> None:
    """Store a new key, unless another process does so first; whoever reads the file sees a whole key."""
    create_file(path, f"{secrets.token_hex(KEY_BYTES)}\n".encode(), mode=SECRET)
