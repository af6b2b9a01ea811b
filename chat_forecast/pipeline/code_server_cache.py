"""What the code server tells of its definitions: put together once for all who ask.

Belongs here: remembering its great answers.
Does not belong here: what the definitions are (:mod:`chat_forecast.definitions`).

Webserver and daemon ask for all definitions at the same time, when they start and whenever these were loaded again. Of a
thousand chats that is 56 MB and seven seconds of the code server's one processor, for each of them. A process of the code
server loads its definitions once, since another one takes its place to load them again, so that its answer stays true.
"""

import threading
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

from chat_forecast.pipeline.compat import code_server_class

ANSWERS = ("ExternalRepository", "ExternalJob")
"""Those that tell of all chats."""
GREAT_BYTES = 1_000_000
"""What is less is found at once; so an error, which may pass, is never remembered."""
QUICKLY = 1
"""The level of compression: to a twentieth in a fifth of a second."""


class Message(Protocol):
    """A question or an answer."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's own names
        """Pack it."""

    @classmethod
    def FromString(cls, packed: bytes) -> Self:  # noqa: N802
        """Unpack one."""


Server = TypeVar("Server")
Answer = TypeVar("Answer", bound=Message)


def tell_once() -> None:
    """Let the code server, if this process is one, put its great answers together once."""
    server = code_server_class()
    if server is not None:
        for name in ANSWERS:
            answer = getattr(server, name)
            if not hasattr(answer, "__wrapped__"):
                setattr(server, name, once(answer))


def once(answer: Callable[[Server, Message, object], Answer]) -> Callable[[Server, Message, object], Answer]:
    """A method of a server that gives its great answers again; who asks while one is put together waits for it."""
    remembered: WeakKeyDictionary[Server, dict[bytes, tuple[type[Answer], bytes]]] = WeakKeyDictionary()
    asking = threading.Lock()

    @wraps(answer)
    def answer_once(server: Server, question: Message, context: object) -> Answer:
        key = question.SerializeToString()
        with asking:
            answers = remembered.setdefault(server, {})
            if key not in answers:
                found = answer(server, question, context)
                packed = found.SerializeToString()
                if len(packed) >= GREAT_BYTES:
                    answers[key] = type(found), zlib.compress(packed, QUICKLY)
                return found
        kind, compressed = answers[key]
        return kind.FromString(zlib.decompress(compressed))

    return answer_once
