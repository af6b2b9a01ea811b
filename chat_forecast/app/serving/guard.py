"""Who may come in: which requests our servers answer, whatever page or program makes them.

Belongs here: the rules, for all three servers.
Does not belong here: the servers (:mod:`.web_app`, :mod:`chat_forecast.app.report_server`), their names (:mod:`.endpoint`).

A web page of anybody, open in the browser of somebody who can reach a server, can send it requests: forms and plain text
without asking, and anything under a name of its own that it lets point here (DNS rebinding). So a request must name the
server as its owner does, and come from the server's own pages, or from no page at all. Programs send none of the headers
that tell of a page, and may come in; a person who comes from another page may look, by a link.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus

WEBSOCKET = "WEBSOCKET"
"""What stands for the method where a websocket is to be opened."""
READING = ("GET", "HEAD")
NEVER = re.compile(r"(?!)")
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
"""What every answer carries that does not say otherwise itself."""


@dataclass(frozen=True)
class Request:
    """What the rules look at."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Every value of a header, by its name in lower case."""
        return [value.strip() for each, value in self.headers if each.lower() == name]

    def value(self, name: str) -> str:
        """The one value of a header; empty where there is none."""
        return ", ".join(self.values(name))


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    reason: str


@dataclass(frozen=True)
class Guard:
    """The rules of one server."""

    hosts: frozenset[str]
    """The names by which it may be called, in lower case, with their ports."""
    is_json_only: bool = False
    """Whether whatever changes something must be JSON, which no form can send: Dagster reads GraphQL from anything."""
    images: re.Pattern[str] = NEVER
    """Paths of pictures that pages of the same machine or site may show."""
    closed: re.Pattern[str] = NEVER
    """Paths that nobody needs."""

    def refusal(self, request: Request) -> Refusal | None:
        """Why a request must not be answered; None if it may be."""
        hosts = [host.lower() for host in request.values("host")]
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "the server is called by a name that is none of its own; those that it may have beside this machine's are "
                "allowed_hosts in [serve] of chats.toml",
            )
        if self.closed.search(request.path):
            return Refusal(HTTPStatus.NOT_FOUND, "nothing is served here")
        if any(origin.lower() not in _origins(hosts[0]) for origin in request.values("origin")):
            return Refusal(HTTPStatus.FORBIDDEN, "the request comes from a page of another origin")
        if not self._is_from_here(request):
            return Refusal(HTTPStatus.FORBIDDEN, "the request comes from a page of another site")
        return self._refusal_of_content(request) if self.is_json_only else None

    def _is_from_here(self, request: Request) -> bool:
        """Whether no page sent it, or one of the server's own; or a person follows a link, or a picture is shown."""
        site = request.value("sec-fetch-site")
        if site in ("", "none", "same-origin"):
            return True
        if request.method != "GET":
            return False
        destination = request.value("sec-fetch-dest")
        is_link = request.value("sec-fetch-mode") == "navigate" and destination == "document"
        is_picture = site == "same-site" and destination == "image" and self.images.fullmatch(request.path) is not None
        return is_link or is_picture

    def _refusal_of_content(self, request: Request) -> Refusal | None:
        if request.method == WEBSOCKET:
            return None
        if request.method in READING:
            is_asked = request.path.rstrip("/").endswith("/graphql") and bool(request.query)
            return Refusal(HTTPStatus.FORBIDDEN, "GraphQL is asked by POST alone") if is_asked else None
        if request.value("content-type").partition(";")[0].strip().lower() != "application/json":
            return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "only application/json is taken")
        return None


def _origins(host: str) -> tuple[str, str]:
    """The origins of a server's own pages; a proxy before it may speak HTTPS."""
    return f"http://{host}", f"https://{host}"
