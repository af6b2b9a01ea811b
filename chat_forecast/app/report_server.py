"""Serving the reports, and the plot of any stored day: ``python -m chat_forecast.app.report_server --port 3001``.

Belongs here: which pages and plots are given out, with which headers.
Does not belong here: who may come in (:mod:`chat_forecast.app.serving.guard`), starting and ending the process
(:mod:`chat_forecast.app.serving.up`), or drawing a plot (:mod:`chat_forecast.presentation.plots`).

The index is made when the server starts; the pages themselves are made by whatever makes the forecasts. A plot is drawn when
somebody looks at it, and kept in memory until its day is stored again.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chat_forecast.app.serving.door import Door, door_of
from chat_forecast.app.serving.guard import HEADERS, Guard, Request
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.masking import mask_output
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.today_sensor import ASSET as TODAY
from chat_forecast.pipeline.watching import is_watchable, look
from chat_forecast.presentation.today import draw_look
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.schemas import PARTITION_SCHEMAS

PAGE = re.compile(r"/([a-z][a-z0-9_-]*(?:\.[a-z]{2,3})?\.html)")
PLOT = re.compile(r"/plots/([a-z][a-z0-9_-]*)/([a-z_]+)/(\d{4}-\d\d-\d\d)\.png")
PLOTS_KEPT = 256
"""In memory; one has about 20 kB."""
OWN_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the pages carry the rest of their policy themselves
    "X-Frame-Options": "DENY",
}
Draw = Callable[[str, str, str], bytes | None]
"""Draws the stored day (its key) of an asset of a chat (its slug); None where there is nothing to draw."""


class PlotDrawer:
    """Draws the stored days of a home's chats, each once until it is stored again."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._drawing = threading.Lock()  # drawing is not made for several threads at once
        self._drawn = lru_cache(PLOTS_KEPT)(self._draw)

    def __call__(self, slug: str, asset: str, day: str) -> bytes | None:
        """See :data:`Draw`.

        Raises:
            ChatForecastError: the settings or the stored files cannot be used.
        """
        chats = {chat.slug: chat for chat in load_chats(self._home.chats_file, datetime.now(UTC).date())}
        if slug in chats and asset == TODAY:
            return self._draw_today(chats[slug], day)
        if slug not in chats or asset not in PARTITION_SCHEMAS:
            return None
        try:
            LocalDay.parse(day, chats[slug].timezone)
        except ValueError:
            return None
        stored = resources_of(self._home).storages.of(chats[slug])
        version = stored.version(asset, LocalDay.parse(day, chats[slug].timezone))
        if version is None:
            return None
        with self._drawing:
            return self._drawn(slug, asset, day, version)

    def _draw_today(self, chat: Chat, day: str) -> bytes | None:
        """The day that is not over, as far as it was read; None where it is another one, or is not looked at."""
        now = datetime.now(UTC)
        if not is_watchable(chat) or day != LocalDay.containing(now, chat.timezone).key:
            return None
        with self._drawing:
            return draw_look(look(chat, resources_of(self._home), now))

    def _draw(self, slug: str, asset: str, day: str, _version: str) -> bytes | None:
        from chat_forecast.presentation.plots.stored_days import draw_stored_day

        chats = {chat.slug: chat for chat in load_chats(self._home.chats_file, datetime.now(UTC).date())}
        chat = chats[slug]
        return draw_stored_day(chat, resources_of(self._home).storages.of(chat), asset, LocalDay.parse(day, chat.timezone))


class ReportServer(ThreadingHTTPServer):
    """Gives out the pages of one folder and the plots of stored days."""

    daemon_threads = True

    def __init__(self, folder: Path, door: Door, draw: Draw) -> None:
        self.folder = folder
        self.draw = draw
        self.address_family = door.family
        super().__init__((door.address, door.port), _Handler)
        self.door = replace(door, port=self.server_port)
        images = re.compile(re.escape(door.prefix) + PLOT.pattern)
        self.guard = Guard(self.door.hosts, images=images)


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
        prefix = self.server.door.prefix
        if prefix and path == prefix:  # the links in the index are relative to what is below it
            self.send_response(HTTPStatus.PERMANENT_REDIRECT)
            self.send_header("Location", f"{prefix}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._give(path.removeprefix(prefix) if path.startswith(f"{prefix}/") else "", is_head=is_head)

    def _give(self, path: str, *, is_head: bool) -> None:
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
            return (self.server.folder / name[1]).read_bytes() if name else None
        except FileNotFoundError:
            return None

    def end_headers(self) -> None:
        """Add the headers that every answer carries."""
        for name, value in {**HEADERS, **OWN_HEADERS, **self._special}.items():
            self.send_header(name, value)
        super().end_headers()


def main() -> None:
    """Serve the home that the environment names, until interrupted."""
    door, home = door_of(sys.argv[1:]), Home.from_environment(os.environ)
    mask_output(os.environ)
    reports = resources_of(home).reports
    if reports.unavailable:
        print(f"Only plots are served. {reports.unavailable}.", file=sys.stderr)  # noqa: T201 - goes to the server's log
    else:
        reports.make_index(load_chats(home.chats_file, datetime.now(UTC).date()))
    with ReportServer(home.reports, door, PlotDrawer(home)) as server, suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
