"""The server in a thread of its own, usable from synchronous tests, from several event loops and from other processes.

Belongs here: its life, the plan of faults, and the record of what was asked.
Does not belong here: what is answered (:mod:`.world`), and how it travels (:mod:`.wire`).
"""

import asyncio
import os
import threading
from collections import Counter
from types import TracebackType

from telethon.crypto import AuthKey
from telethon.sessions import StringSession
from telethon.tl import types

from chat_forecast_tests.loopback.faults import Fault, Planned
from chat_forecast_tests.loopback.wire import Wire
from chat_forecast_tests.loopback.world import DC, Refusal, World

HOST = "127.0.0.1"


class LoopbackTelegram:
    """A Telegram that lasts for a ``with`` block.

    At its end it sees that no handler failed (the client would have tried again for ever) and that every planned fault
    has happened.
    """

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.asked: Counter[str] = Counter()
        """How often each request came, by the name of its class."""
        self.connections = 0
        self.failures: list[str] = []
        self.port = 0
        self._plan: list[Planned] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopback-telegram")
        self._wires: set[asyncio.Task] = set()

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.port}"

    def session(self) -> str:
        """A session that is logged in, without a handshake: both sides know its key beforehand."""
        key = AuthKey(b"\x01" + os.urandom(255))
        self.world.learn(key, is_authorised=True)
        session = StringSession()
        session.set_dc(DC, HOST, self.port)
        session.auth_key = key
        return session.save()

    def plan(self, request: str, fault: Fault, *, at: int = 1, times: int = 1) -> None:
        """Let a fault happen at the ``at``-th such request from now on, and at those after it, ``times`` in all."""
        self._plan.append(Planned(request, fault, at, times))

    def answer(self, key: AuthKey, request):
        """Answer a request, and remember it."""
        self.asked[type(request).__name__] += 1
        try:
            return self.world.answer(key, request)
        except Refusal as refusal:
            return types.RpcError(refusal.code, refusal.text)
        except Exception as failure:
            self.failures.append(f"{type(request).__name__}: {failure!r}")
            return types.RpcError(500, "HANDLER_FAILED")

    def fault_for(self, request) -> Fault | None:
        """What goes wrong with this request, if anything."""
        applying = [planned for planned in self._plan if planned.applies(type(request).__name__)]
        for planned in applying:
            planned.happened += 1
        return applying[0].fault if applying else None

    def check(self) -> None:
        """See that no handler failed and every planned fault happened."""
        assert not self.failures, self.failures
        missed = [planned for planned in self._plan if planned.happened < planned.times]
        assert not missed, f"planned, but not happened: {missed}"

    def __enter__(self) -> "LoopbackTelegram":
        self._thread.start()
        assert self._ready.wait(10), "the loopback server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        if kind is None:
            self.check()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for wire in list(self._wires):
            wire.cancel()
        await asyncio.gather(*self._wires, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._wires.add(task)
        try:
            await Wire(self, reader, writer).run()
        except asyncio.CancelledError:
            pass  # the server ends
        except Exception as failure:
            self.failures.append(f"wire: {failure!r}")
        finally:
            self._wires.discard(task)
