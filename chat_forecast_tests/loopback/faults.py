"""What can go wrong between a request and its answer.

A fault is a coroutine function of the wire, the request and its answer; it sends what it likes instead of the answer.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

Fault = Callable[[Any, "Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """A request and the bytes of its answer."""

    message_id: int
    request: Any
    result: Any
    body: bytes


@dataclass
class Planned:
    """A fault that is to happen at the ``at``-th request of a name from now on, ``times`` times in a row."""

    request: str
    fault: Fault
    at: int
    times: int
    seen: int = 0
    happened: int = 0

    def applies(self, name: str) -> bool:
        """Whether it is this request's turn."""
        if name != self.request:
            return False
        self.seen += 1
        return self.at <= self.seen < self.at + self.times


def error(code: int, text: str) -> Fault:
    """An error instead of the answer."""

    async def fault(wire, exchange):
        await wire.send_error(exchange.message_id, code, text)

    return fault


def flood(seconds: int) -> Fault:
    """Telegram asks to wait."""
    return error(420, f"FLOOD_WAIT_{seconds}")


async def drop_before(wire, _exchange):
    """The connection ends before anything is answered."""
    wire.drop()


async def drop_in(wire, exchange):
    """The connection ends in the middle of the answer."""
    await wire.send_part(exchange)
    wire.drop()


async def drop_after(wire, exchange):
    """The connection ends right after the answer."""
    await wire.send_answer(exchange)
    wire.drop()


async def duplicate(wire, exchange):
    """The answer comes twice: as the same packet again, and as another message."""
    packet = await wire.send_answer(exchange)
    await wire.send_packet(packet)
    await wire.send_answer(exchange)


def slow(seconds: float) -> Fault:
    """The answer comes late."""

    async def fault(wire, exchange):
        await asyncio.sleep(seconds)
        await wire.send_answer(exchange)

    return fault


async def silent(_wire, _exchange):
    """The answer never comes."""


async def empty_page(wire, exchange):
    """A page of history without messages, although there are some."""
    await wire.send_result(exchange.message_id, _with_messages(exchange.result, []))


async def only_deleted(wire, exchange):
    """A page of history in which every message is said to be none."""
    gone = [types.MessageEmpty(message.id, peer_id=message.peer_id) for message in exchange.result.messages]
    await wire.send_result(exchange.message_id, _with_messages(exchange.result, gone))


async def unknown_constructor(wire, exchange):
    """A page with something that this version of Telethon does not know."""
    known = struct.pack("<I", types.Message.CONSTRUCTOR_ID)
    await wire.send_body(exchange.message_id, exchange.body.replace(known, struct.pack("<I", 0x0BADCAFE), 1))


def transport_error(code: int) -> Fault:
    """The transport itself refuses: 404 for an unknown key, 429 for too many connections."""

    async def fault(wire, _exchange):
        await wire.send_packet(struct.pack("<i", -code))

    return fault


def _with_messages(result, messages):
    if isinstance(result, types.messages.ChannelMessages):
        return types.messages.ChannelMessages(result.pts, result.count, messages, [], [], [])
    return types.messages.MessagesSlice(len(messages), messages, [], [], [])
