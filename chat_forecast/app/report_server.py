"""Serving the reports' folder on this machine: ``python -m chat_forecast.app.report_server --port 3001``.

Belongs here: which files are given out, with which headers, to whom.
Does not belong here: starting and ending the process (:mod:`chat_forecast.app.serving`).

The index is made anew when the server starts; the pages themselves are made by whatever makes the forecasts.
"""

import argparse
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.links import LOOPBACK
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats

PAGE = re.compile(r"/([a-z][a-z0-9_-]*(?:\.[a-z]{2,3})?\.html)")
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the pages carry the rest of their policy themselves
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ReportServer(ThreadingHTTPServer):
    """Gives out the pages of one folder, on loopback."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def hosts(self) -> set[str]:
        """What a browser of this machine calls it. Any other name is a foreign page's trick to read it."""
        return {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the index and the reports; everything else is not found."""

    server: ReportServer
    server_version = "chat_forecast"
    sys_version = ""

    def do_GET(self) -> None:
        """Give a page."""
        self._answer(is_head=False)

    def do_HEAD(self) -> None:
        """Give a page's headers."""
        self._answer(is_head=True)

    def _answer(self, *, is_head: bool) -> None:
        if self.headers.get("Host") not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        path = self.path.partition("?")[0]
        name = PAGE.fullmatch("/index.html" if path == "/" else path)
        try:
            content = (self.server.folder / name[1]).read_bytes() if name else None
        except FileNotFoundError:
            content = None
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def end_headers(self) -> None:
        """Add the headers that every answer carries."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()


def main() -> None:
    """Serve the home that the environment names, until interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    home = Home.from_environment(os.environ)
    resources_of(home).reports.make_index(load_chats(home.chats_file, datetime.now(UTC).date()))
    with ReportServer(home.reports, port) as server, suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
