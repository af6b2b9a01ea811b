"""Serving the reports, and the plot of any stored day: ``python -m chat_forecast.app.report_server --port 3001``.

Belongs here: which pages, plots and answers of the API are given out, with which headers.
Does not belong here: who may come in (:mod:`chat_forecast.app.serving.guard`), starting and ending the process
(:mod:`chat_forecast.app.serving.up`), or drawing a plot (:mod:`chat_forecast.presentation.plots`).

The index is made when the server starts; the pages themselves are made by whatever makes the forecasts. A plot is drawn when
somebody looks at it, and kept in memory until its day is stored again, for some minutes at most.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chat_forecast.app.api.access import TOKEN_VARIABLE
from chat_forecast.app.api.access import refusal as refusal_of_access
from chat_forecast.app.api.dispatch import METRICS, Answer, ApiDispatcher, no_api
from chat_forecast.app.api.metrics import CONTENT_TYPE
from chat_forecast.app.live_page import LivePages, PageUpdate, unchanged_page
from chat_forecast.app.plot_drawer import Draw, PlotDrawer
from chat_forecast.app.serving.endpoint import Endpoint, parse_endpoint
from chat_forecast.app.serving.guard import HEADERS, Guard, Request
from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import mask_output, without_secrets
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.locks import LockTaken

PAGE = re.compile(r"/([a-z][a-z0-9_-]*(?:\.[a-z]{2,3})?\.html)")
PLOT = re.compile(r"/(?:pictures|plots)/([a-z][a-z0-9_-]*)/([a-z_]+)/(\d{4}-\d\d-\d\d|newest)\.png")
"""The address of a plot, and the one that metadata of earlier materialisations links to."""
OWN_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the pages carry the rest of their policy themselves
    "X-Frame-Options": "DENY",
}
JSON = "application/json"


class ReportServer(ThreadingHTTPServer):
    """Gives out the pages of one folder and the plots of stored days."""

    daemon_threads = True

    def __init__(
        self,
        folder: Path,
        endpoint: Endpoint,
        draw: Draw,
        answer: Answer = no_api,
        token: str = "",
        update_page: PageUpdate = unchanged_page,
    ) -> None:
        """``token``: what programs have to send with what they ask; empty where none is set."""
        self.folder = folder
        self.draw = draw
        self.answer, self.token, self.update_page = answer, token, update_page
        self.address_family = endpoint.family
        super().__init__((endpoint.address, endpoint.port), _Handler)
        self.endpoint = replace(endpoint, port=self.server_port)
        images = re.compile(re.escape(endpoint.prefix) + PLOT.pattern)
        self.guard = Guard(self.endpoint.hosts, images=images)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the index, the reports and the plots; everything else is not found."""

    server: ReportServer
    server_version = "chat_forecast"
    sys_version = ""
    _special: Mapping[str, str] = {}
    """Headers of the answer in hand."""

    def do_GET(self) -> None:
        """Give a page or a plot."""
        self._answer(is_head=False)

    def do_HEAD(self) -> None:
        """Give the headers of a page or a plot."""
        self._answer(is_head=True)

    def _answer(self, *, is_head: bool) -> None:
        path, _, query = self.path.partition("?")
        refusal = self.server.guard.refusal(Request(self.command, path, query, tuple(self.headers.items())))
        if refusal is not None:
            self.send_error(refusal.status, explain=f"{refusal.reason}.")
            return
        prefix = self.server.endpoint.prefix
        if prefix and path == prefix:  # the links in the index are relative to what is below it
            self.send_response(HTTPStatus.PERMANENT_REDIRECT)
            self.send_header("Location", f"{prefix}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._give(path.removeprefix(prefix) if path.startswith(f"{prefix}/") else "", is_head=is_head)

    def _tell(self, path: str, *, is_head: bool) -> None:
        """Answer a program."""
        said = self.headers.get("Authorization", "")
        refused = refusal_of_access(said, self.server.token, is_local=self.server.endpoint.is_local)
        if refused is not None:
            self._send_json(refused.status, _error(refused.reason), is_head=is_head)
            return
        try:
            content = self.server.answer(path)
        except LockTaken:
            busy = _error("the chat's day is being read; ask again in some seconds")
            self._send_json(HTTPStatus.SERVICE_UNAVAILABLE, busy, is_head=is_head)
            return
        except ChatForecastError as error:
            self.log_error("%s", error)
            self._send_json(HTTPStatus.INTERNAL_SERVER_ERROR, _error(without_secrets(str(error))), is_head=is_head)
            return
        if content is None:
            self._send_json(HTTPStatus.NOT_FOUND, _error("there is no such chat, or nothing of it"), is_head=is_head)
            return
        self._send_json(HTTPStatus.OK, content, is_head=is_head, kind=CONTENT_TYPE if path == METRICS else JSON)

    def _send_json(self, status: HTTPStatus, content: bytes, *, is_head: bool, kind: str = JSON) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def _give(self, path: str, *, is_head: bool) -> None:
        if path == METRICS or path.startswith("/api/"):
            self._tell(path, is_head=is_head)
            return
        plot = PLOT.fullmatch(path)
        try:
            content = self.server.draw(*plot.groups()) if plot else self._page(path)
        except ChatForecastError as error:
            self.log_error("%s", error)
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain=str(error))
            return
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "image/png" if plot else "text/html; charset=utf-8")
        # Dagster's pages, on another port of this machine, show the plots. Under "same-site" Chromium would keep them from
        # those on 127.0.0.1, though it says when it asks that they are of one site; the guard has refused all others.
        self._special = {"Cross-Origin-Resource-Policy": "cross-origin"} if plot else {}
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def _page(self, path: str) -> bytes | None:
        """Read a page, if there is one of that path."""
        name = PAGE.fullmatch("/index.html" if path == "/" else path)
        try:
            return self.server.update_page(name[1], (self.server.folder / name[1]).read_bytes()) if name else None
        except FileNotFoundError:
            return None

    def end_headers(self) -> None:
        """Add the headers that every answer carries."""
        for name, value in {**HEADERS, **OWN_HEADERS, **self._special}.items():
            self.send_header(name, value)
        super().end_headers()


def _error(words: str) -> bytes:
    return json.dumps({"error": words}).encode()


def main() -> None:
    """Serve the home that the environment names, until interrupted."""
    endpoint, home = parse_endpoint(sys.argv[1:]), Home.from_environment(os.environ)
    mask_output(os.environ)
    reports = resources_of(home).reports
    if reports.unavailable:
        sys.stderr.write(f"Only plots are served. {reports.unavailable}.\n")
    else:
        reports.make_index(load_chats(home.chats_file, datetime.now(UTC).date()))
    parts = PlotDrawer(home), ApiDispatcher(home), os.environ.get(TOKEN_VARIABLE, ""), LivePages(home)
    with ReportServer(home.reports, endpoint, *parts) as server, suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
