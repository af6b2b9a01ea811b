"""Secrets kept out of every text that is shown, logged or stored.

Belongs here: what is a secret, its mask, and the logs of a process.
Does not belong here: where secrets come from. Whoever reads one says so, by :func:`keep_secret` or :func:`keep_url`.

Passwords in addresses are masked wherever an address has one. What else is secret is known by its value, since it may turn
up in any text: an error of another library may quote the request that it made.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from urllib.parse import quote, unquote

from chat_forecast.plain_text import harmless

MASK = "***"
SHORTEST = 6
"""Characters of a secret that is known by its value: a shorter one would be found in any text."""
SECRET_NAMES = re.compile(r"(?i)token|secret|passw|api_?hash|api_?key|private_?key|pseudonym_?key|^TELEGRAM_SESSION$")
"""Environment variables that hold a secret."""
SECRET_URLS = re.compile(r"(NOTIFY|HEARTBEAT)_URL(_|$)")
"""Environment variables that hold addresses which are secrets themselves."""
URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")
_USERINFO = re.compile(r"//[^/\s'\"]*@")
_SETTING = re.compile(r"(?i)\b(password|passwd|pwd|token|secret)=[^&\s'\"]+")
_LOCAL = re.compile(r"(?i)localhost|127(\.\d{1,3}){3}")
_HOST = re.compile(r"(?i)localhost|[\d.]+|([a-z0-9-]+\.)+[a-z]{2,}")

_known: set[str] = set()


def keep_secret(value: str) -> None:
    """Let a value be masked from now on, however it is quoted in an address; this machine's own address is no secret."""
    if _LOCAL.fullmatch(value):
        return
    _known.update(each for each in (value, quote(value, safe=""), unquote(value)) if len(each) >= SHORTEST)


def keep_url(url: str) -> None:
    """Let what is secret in an address be masked: passwords, and parts that look like tokens, for addresses as such too."""
    _scheme, _, rest = url.partition("://")
    keep_secret(rest)
    userinfo, has_userinfo, place = rest.rpartition("@")
    for part in re.split(r"[:/]", userinfo) if has_userinfo else []:
        keep_secret(part)
    for part in re.split(r"[/?&=#]", place):
        name = part.rpartition(":")[0] if re.search(r":\d{1,5}$", part) else part
        if _is_token(name):
            keep_secret(name)


def keep_environment(environ: Mapping[str, str]) -> None:
    """Let the secrets of an environment be masked."""
    for name, value in environ.items():
        if SECRET_NAMES.search(name):
            keep_secret(value)
        for url in URL.findall(value):
            if SECRET_URLS.search(name):
                keep_url(url)
            elif "@" in url:
                keep_secret(url.partition("://")[2].rpartition("@")[0].partition(":")[2])


def without_secrets(text: str) -> str:
    """Hide every known secret, and the user names and passwords of any addresses, in a text.

    >>> without_secrets("postgresql://ann:p@ss@host/mlflow?password=other&x=1 refused")
    'postgresql://***@host/mlflow?password=***&x=1 refused'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _SETTING.sub(rf"\1={MASK}", _USERINFO.sub(f"//{MASK}@", text))


def shown(text: str) -> str:
    """A text as it may be shown and logged: without secrets, and harmless to a terminal."""
    return harmless(without_secrets(text))


def mask_output(environ: Mapping[str, str]) -> None:
    """Let whatever this process logs, and what it says when it fails, be as :func:`shown`; calling it again adds secrets."""
    keep_environment(environ)
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _MaskedRecords):
        logging.setLogRecordFactory(_MaskedRecords(factory))
        sys.excepthook = _say_failure


class _MaskedRecords:
    """Makes the records of all loggers, with texts as :func:`shown`."""

    def __init__(self, factory: Callable[..., logging.LogRecord]) -> None:
        self._factory = factory

    def __call__(self, *arguments: object, **settings: object) -> logging.LogRecord:
        record = self._factory(*arguments, **settings)
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the handler says so
            return record
        if (safe := shown(text)) != text:
            record.msg, record.args = safe, ()
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            failure = logging.Formatter().formatException(record.exc_info)
            if (safe := shown(failure)) != failure:
                record.exc_text = safe  # what a formatter takes instead of formatting
        return record


def _say_failure(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(shown("".join(traceback.format_exception(kind, error, trace))))


def _is_token(part: str) -> bool:
    """Whether a part of an address looks like one: no word, and no host."""
    is_mixed = bool(re.search(r"\d", part)) or (part != part.lower() and part != part.title())
    return len(part) >= 2 * SHORTEST - 4 and is_mixed and not _HOST.fullmatch(part)
