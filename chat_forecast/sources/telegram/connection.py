"""Asking Telegram one thing after another, without ever hanging.

Belongs here: opening and closing a client, deadlines, waiting when Telegram asks for it, and trying again.
Does not belong here: what is asked (:mod:`.reading`, :mod:`.account`).

Telethon alone waits for ever for an answer that does not come, and reconnects for ever to a server that always drops. So
its own reconnecting is off: a lost connection, and an answer that takes too long, end here, and the request is asked again
over a new client, a bounded number of times. All requests only read, so that asking twice does no harm.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chat_forecast.sources.telegram.credentials import Credentials
from chat_forecast.sources.telegram.faults import AGAIN, ReadTooLong, TelegramAsksToWait, TelegramError, explain
from chat_forecast.sources.telegram.session import holding_session

if TYPE_CHECKING:
    from telethon import TelegramClient

# Telethon's own log can hold parts of messages; what matters comes as an error.
_SILENT = logging.getLogger("chat_forecast.telethon")
_SILENT.setLevel(logging.CRITICAL)

_ITS_OWN_TROUBLE = frozenset(
    {
        "ServerError",
        "TimedOutError",
        "RpcCallFailError",
        "RpcMcgetFailError",
        "InterdcCallErrorError",
        "InterdcCallRichErrorError",
    }
)
_DATA_CENTRE = 2


@dataclass(frozen=True)
class Limits:
    """How long things may take."""

    step_seconds: float = 60
    """One request, its answer, or one connecting."""
    tries: int = 5
    """How often a request is asked over new connections, and an empty page asked for again."""
    pause_seconds: float = 2
    """Before the second try; doubled before each further one."""
    flood_seconds: float = 300
    """Telegram's own waits are slept up to this; longer ones end the read, to be retried then."""
    read_seconds: float = 900
    """The whole read of one day; each further day adds ``day_seconds``, up to ``longest_seconds``."""
    day_seconds: float = 300
    longest_seconds: float = 12 * 3600
    quick_pages: int = 10
    """That many pages are read without a pause; after them one in ``page_seconds``: about what Telegram allows."""
    page_seconds: float = 3
    session_seconds: float = 600
    """How long to wait for another process that uses the session."""

    def for_days(self, days: int) -> float:
        """How long reading that many days may take."""
        return min(self.longest_seconds, self.read_seconds + self.day_seconds * (days - 1))


class Connection:
    """A client that is opened when first needed, and again when it was lost; used in one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        session: str | None,
        *,
        what: str,
        say: Callable[[str], object],
        limits: Limits,
        seconds: float | None = None,
    ) -> None:
        self.what = what
        self.limits = limits
        self.say = say
        self._credentials = credentials
        self.session = session
        """The session's string; None logs in for the first time."""
        self._client: TelegramClient | None = None
        self._seconds = limits.read_seconds if seconds is None else seconds
        self._deadline = time.monotonic() + self._seconds

    async def ask(self, request: Any) -> Any:  # noqa: ANN401 - each request has an answer of its own
        """Ask one request.

        Raises:
            TelegramAsksToWait: later, and not soon.
            TelegramError: it cannot be answered; the message says why.
        """
        return await self.run(lambda client: client(request))

    async def run(self, step: "Callable[[TelegramClient], Awaitable[Any]]") -> Any:  # noqa: ANN401 - as above
        """Do one step with the client, again if the connection is lost on the way; raises as :meth:`ask`."""
        from telethon import errors

        lost = 0
        while True:
            try:
                async with asyncio.timeout(self._step_seconds()):
                    return await step(await self._opened())
            except errors.FloodError as flood:
                seconds, failure = max(1, getattr(flood, "seconds", 0)), explain(flood, self.what)
                if not hasattr(flood, "seconds"):
                    break
            except (OSError, EOFError, BufferError, TimeoutError) as error:
                seconds, failure = 0, self._unreachable(error)
            except asyncio.CancelledError:
                # Telethon cancels what waits for an answer when its connection ends without an error.
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                seconds, failure = 0, self._unreachable(ConnectionError())
            except (errors.RPCError, errors.TypeNotFoundError, errors.AuthKeyNotFound) as error:
                seconds, failure = 0, explain(error, self.what)
                if type(error).__name__ not in _ITS_OWN_TROUBLE:
                    break
            # Outside of the except clauses, so that no error of Telethon is kept with ours: some hold parts of messages.
            if seconds:
                await self._wait(seconds)
                continue
            lost += 1
            if lost == self.limits.tries:
                break
            await self.close()
            await self.pause(self.limits.pause_seconds * 2 ** (lost - 1))
        raise failure

    async def pause(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        self._expect_time(seconds)
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Disconnect; a client that does not let itself be closed is left behind."""
        client, self._client = self._client, None
        if client is not None:
            try:
                async with asyncio.timeout(10):
                    await client.disconnect()
            except (OSError, EOFError, BufferError, TimeoutError):
                self.say("Telegram's connection could not be closed in good order")
            # Why it ended is known from the request that failed; asyncio complains of errors that nobody looks at.
            if (ended := client.disconnected).done() and not ended.cancelled():
                ended.exception()

    async def _opened(self) -> "TelegramClient":
        if self._client is None:
            self._client = self._new_client()
            try:
                await self._client.connect()
            except BaseException:
                await self.close()  # half open: it would neither connect again nor answer
                raise
        return self._client

    def _new_client(self) -> "TelegramClient":
        from telethon import TelegramClient
        from telethon.sessions import StringSession

        session = StringSession(self.session)
        if self.session is None and self._credentials.server is not None:
            session.set_dc(_DATA_CENTRE, *self._credentials.server)
        return TelegramClient(
            session,
            self._credentials.api_id,
            self._credentials.api_hash,
            use_ipv6=":" in (session.server_address or ""),
            timeout=max(1, int(self.limits.step_seconds)),
            request_retries=2,
            connection_retries=1,
            retry_delay=0,
            auto_reconnect=False,
            flood_sleep_threshold=0,
            raise_last_call_error=True,
            receive_updates=False,
            base_logger=_SILENT,
        )

    async def _wait(self, seconds: float) -> None:
        if seconds > self.limits.flood_seconds or time.monotonic() + seconds > self._deadline:
            raise TelegramAsksToWait(self.what, seconds)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        self.say(f"{self.what}: Telegram asks to wait {seconds:.0f} s, until {until:%H:%M:%S} UTC")
        await asyncio.sleep(seconds)

    def _step_seconds(self) -> float:
        self._expect_time(0)
        return min(self.limits.step_seconds, self._deadline - time.monotonic())

    def _expect_time(self, seconds: float) -> None:
        if time.monotonic() + seconds >= self._deadline:
            raise ReadTooLong(
                f"{self.what}: reading took longer than {self._seconds:g} s. What was read until now is kept: start the "
                "same again, and it goes on from there."
            )

    def _unreachable(self, error: BaseException) -> TelegramError:
        if isinstance(error, TimeoutError):
            found = f"no answer in {self.limits.step_seconds:g} s"
        elif getattr(error, "code", None) == 429:
            found = "too many connections from this address"
        else:
            found = f"the connection was lost ({getattr(error, 'strerror', None) or type(error).__name__})"
        return TelegramError(
            f"{self.what}: Telegram cannot be reached: {found}, tried {self.limits.tries} times. Look at the network, or "
            f"try again later. {AGAIN}"
        )


@contextmanager
def connected(
    home: Path,
    credentials: Credentials,
    session: str | None,
    *,
    what: str,
    say: Callable[[str], object],
    limits: Limits,
    seconds: float | None = None,
) -> Iterator[tuple[asyncio.Runner, Connection]]:
    """A connection, and an event loop to use it in from synchronous code, holding the session for the block.

    Raises:
        SessionBusy: another process did not let go of the session in time.
    """
    with holding_session(home, what, limits.session_seconds, say), asyncio.Runner() as runner:
        connection = Connection(credentials, session, what=what, say=say, limits=limits, seconds=seconds)
        try:
            yield runner, connection
        finally:
            runner.run(connection.close())
