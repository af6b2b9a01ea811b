"""The endpoint of one of the three servers: where it listens, and under which names it may be called.

Belongs here: address, port, path prefix and host names, as options of a process and as URLs.
Does not belong here: which requests are answered (:mod:`.guard`).
"""

import argparse
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from chat_forecast.settings.links import LOOPBACK

WILDCARD_ADDRESSES = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - what a user may ask for
"""An address that stands for all of this machine's addresses -> the one by which the machine reaches itself."""


@dataclass(frozen=True)
class Endpoint:
    """The address, port, path prefix and host names of one server."""

    port: int
    address: str = LOOPBACK
    prefix: str = ""
    """The path below which everything is served; empty, or such as ``/forecast/dagster``."""
    names: tuple[str, ...] = ()
    """The host names by which others reach this machine: ``allowed_hosts``."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def url(self) -> str:
        """The URL by which this machine reaches it.

        >>> Endpoint(3000, "0.0.0.0", "/forecast/dagster").url
        'http://127.0.0.1:3000/forecast/dagster'
        """
        return f"http://{WILDCARD_ADDRESSES.get(self.address, self._written)}:{self.port}{self.prefix}"

    @property
    def hosts(self) -> frozenset[str]:
        """The only values that a request's ``Host`` may have.

        A name without a port may stand behind a proxy, which listens on another port, or before this one.

        >>> sorted(Endpoint(3000, names=("forecast.example.org",)).hosts)
        ['127.0.0.1:3000', 'forecast.example.org', 'forecast.example.org:3000', 'localhost:3000']
        """
        own = {LOOPBACK, "localhost"} | ({self._written} - set(WILDCARD_ADDRESSES) - {"[::]"})
        found = {f"{name}:{self.port}" for name in own} | set(self.names)
        # Behind the bracket of an IPv6 address, or in a name, a colon begins a port.
        found |= {f"{name}:{self.port}" for name in self.names if ":" not in name.rpartition("]")[2]}
        return frozenset(name.lower() for name in found)

    @property
    def options(self) -> list[str]:
        """The command-line options that describe it; :func:`parse_endpoint` reads them."""
        named = [part for name in self.names for part in ("--name", name)]
        return ["--port", str(self.port), "--address", self.address, "--prefix", self.prefix, *named]

    @property
    def _written(self) -> str:
        return f"[{self.address}]" if ":" in self.address else self.address


def parse_endpoint(arguments: Sequence[str]) -> Endpoint:
    """Read the command-line options that :attr:`Endpoint.options` gives.

    >>> endpoint = Endpoint(3000, names=("forecast.example.org",))
    >>> parse_endpoint(endpoint.options) == endpoint
    True
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default=LOOPBACK)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--name", action="append", default=[])
    found = parser.parse_args(list(arguments))
    return Endpoint(found.port, found.address, found.prefix, tuple(found.name))
