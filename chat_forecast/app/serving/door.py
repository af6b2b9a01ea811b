"""Where a server of ours listens, and what it is called there: the same for all three.

Belongs here: address, port, path and names, as options of a process and as addresses.
Does not belong here: which requests are answered (:mod:`.guard`).
"""

import argparse
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from chat_forecast.settings.links import LOOPBACK

EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - what a user may ask for
"""An address that stands for all of this machine's -> the one by which the machine itself asks."""


@dataclass(frozen=True)
class Door:
    """One server's address, port, path and names."""

    port: int
    address: str = LOOPBACK
    prefix: str = ""
    """The path below which everything is; empty, or such as ``/forecast/dagster``."""
    names: tuple[str, ...] = ()
    """What others call this machine: ``allowed_hosts``."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")

    @property
    def family(self) -> socket.AddressFamily:
        """What kind of address it is."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def url(self) -> str:
        """Where this machine reaches it.

        >>> Door(3000, "0.0.0.0", "/forecast/dagster").url
        'http://127.0.0.1:3000/forecast/dagster'
        """
        return f"http://{EVERYWHERE.get(self.address, self._written)}:{self.port}{self.prefix}"

    @property
    def hosts(self) -> frozenset[str]:
        """What a browser may call it: the only values of a request's ``Host``.

        A name without a port may stand behind a proxy, which listens on another port, or before this one.

        >>> sorted(Door(3000, names=("forecast.example.org",)).hosts)
        ['127.0.0.1:3000', 'forecast.example.org', 'forecast.example.org:3000', 'localhost:3000']
        """
        own = {LOOPBACK, "localhost"} | ({self._written} - set(EVERYWHERE) - {"[::]"})
        found = {f"{name}:{self.port}" for name in own} | set(self.names)
        # Behind the bracket of an IPv6 address, or in a name, a colon begins a port.
        found |= {f"{name}:{self.port}" for name in self.names if ":" not in name.rpartition("]")[2]}
        return frozenset(name.lower() for name in found)

    @property
    def options(self) -> list[str]:
        """The command line options that hand it to a process."""
        named = [part for name in self.names for part in ("--name", name)]
        return ["--port", str(self.port), "--address", self.address, "--prefix", self.prefix, *named]

    @property
    def _written(self) -> str:
        return f"[{self.address}]" if ":" in self.address else self.address


def door_of(arguments: Sequence[str]) -> Door:
    """The door that a process was told of by :attr:`Door.options`.

    >>> door = Door(3000, names=("forecast.example.org",))
    >>> door_of(door.options) == door
    True
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default=LOOPBACK)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--name", action="append", default=[])
    found = parser.parse_args(list(arguments))
    return Door(found.port, found.address, found.prefix, tuple(found.name))
