"""A web application behind the guard: Dagster's and MLflow's.

Belongs here: asking the guard about each request and websocket, and serving.
Does not belong here: the rules (:mod:`.guard`), and the applications (:mod:`.dagster_ui`, :mod:`.mlflow_ui`).
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from chat_forecast.app.serving.endpoint import Endpoint
from chat_forecast.app.serving.guard import HEADERS, WEBSOCKET, Guard, Refusal, Request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ENDING_SECONDS = 3
"""For answers under way, and websockets of open pages, when the server is asked to end."""
POLICY_VIOLATION = 1008
LOGGED_CHARACTERS = 100
LOGGER = logging.getLogger("chat_forecast.guard")


class GuardedApp:
    """Hands on to an ASGI application what the guard lets in; HTTP and websockets alike."""

    def __init__(self, app: App, guard: Guard, prefix: str = "") -> None:
        self._app = app
        self._guard = guard
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or open a websocket."""
        if scope["type"] not in ("http", "websocket"):  # the server's own start and end
            await self._app(scope, receive, send)
            return
        request = _request_of(scope)
        refusal = self._guard.refusal(request)
        if refusal is None and self._prefix and scope["path"] == self._prefix:
            await _lead_below(self._prefix, send)
            return
        if refusal is None:
            await self._app(scope, receive, lambda message: send(_with_headers(message)))
            return

        if refusal.status != HTTPStatus.NOT_FOUND:  # which pages of MLflow ask for again and again
            LOGGER.warning("refused %s %r: %s", request.method, request.path[:LOGGED_CHARACTERS], refusal.reason)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await _answer(refusal, send)


def serve_app(app: App, guard: Guard, endpoint: Endpoint) -> None:
    """Serve until the process is asked to end."""
    import uvicorn

    LOGGER.warning("serving %s", endpoint.url)
    with suppress(KeyboardInterrupt):  # uvicorn has ended by then, and tells its caller
        uvicorn.run(
            GuardedApp(app, guard, endpoint.prefix),
            host=endpoint.address,
            port=endpoint.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )


def _request_of(scope: Scope) -> Request:
    return Request(
        method=WEBSOCKET if scope["type"] == "websocket" else scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
    )


def _with_headers(message: Message) -> Message:
    """An answer's beginning with the headers that it lacks."""
    if message["type"] == "http.response.start":
        headers = list(message.get("headers", []))
        there = {bytes(name).lower() for name, _ in headers}
        added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        message["headers"] = [*headers, *(each for each in added if each[0] not in there)]
    return message


async def _answer(refusal: Refusal, send: Send) -> None:
    text = f"{refusal.status.phrase}: {refusal.reason}.\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send(_with_headers({"type": "http.response.start", "status": int(refusal.status), "headers": headers}))
    await send({"type": "http.response.body", "body": text})


async def _lead_below(prefix: str, send: Send) -> None:
    """Lead from the prefix to what is below it; without naming a host, which may be a proxy's."""
    headers = [(b"location", f"{prefix}/".encode()), (b"content-length", b"0")]
    await send(_with_headers({"type": "http.response.start", "status": 308, "headers": headers}))
    await send({"type": "http.response.body", "body": b""})
