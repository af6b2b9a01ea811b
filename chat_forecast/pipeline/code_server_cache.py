"""A cache of the code server's large answers: what the definitions are, packed once for all who ask.

Belongs here: caching these answers.
Does not belong here: what the definitions are (:mod:`chat_forecast.definitions`).

Webserver and daemon ask for all definitions at the same time, when they start and whenever the definitions were reloaded.
With a thousand chats that is 56 MB, and seven seconds of the code server's one processor, for each of them. A cached answer
stays true, because a process of the code server loads its definitions once: a reload starts another process.
"""

import threading
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

from chat_forecast.pipeline.compat import code_server_class

ANSWERS = ("ExternalRepository", "ExternalJob")
"""The code server's methods whose answers cover all chats."""
LARGE_BYTES = 1_000_000
"""Smaller answers are quick to make. They are not cached, and neither is an error, which may pass."""
COMPRESSION = 1
"""The fastest level: to a twentieth, in a fifth of a second."""


class Message(Protocol):
    """A question or an answer."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's own names
        """Pack it."""

    @classmethod
    def FromString(cls, packed: bytes) -> Self:  # noqa: N802 - as above
        """Unpack one."""


Server = TypeVar("Server")
Answer = TypeVar("Answer", bound=Message)


def cache_large_answers() -> None:
    """Let the code server, if this process is one, cache its large answers; calling it again changes nothing."""
    server = code_server_class()
    if server is not None:
        for name in ANSWERS:
            answer = getattr(server, name)
            if not hasattr(answer, "__wrapped__"):
                setattr(server, name, cached(answer))


def cached(answer: Callable[[Server, Message, object], Answer]) -> Callable[[Server, Message, object], Answer]:
    """A server's method with its large answers cached; whoever asks while one is being made waits for it."""
    cache: WeakKeyDictionary[Server, dict[bytes, tuple[type[Answer], bytes]]] = WeakKeyDictionary()
    lock = threading.Lock()

    @wraps(answer)
    def cached_answer(server: Server, question: Message, context: object) -> Answer:
        key = question.SerializeToString()
        with lock:
            answers = cache.setdefault(server, {})
            if key not in answers:
                found = answer(server, question, context)
                packed = found.SerializeToString()
                if len(packed) >= LARGE_BYTES:
                    answers[key] = type(found), zlib.compress(packed, COMPRESSION)
                return found
        kind, compressed = answers[key]
        return kind.FromString(zlib.decompress(compressed))

    return cached_answer
