"""The loopback Telegram as a fixture, with a home that is logged in to it, and a look at what was left behind."""

import gc
import logging
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.sources.telegram.connection import Limits
from chat_forecast.sources.telegram.peers import Peer, Peers
from chat_forecast.sources.telegram.session import store_session
from chat_forecast.sources.telegram.source import TelegramSource
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.loopback import LoopbackChat, LoopbackTelegram

NOTHING_LEFT_OPEN = [
    pytest.mark.filterwarnings("error::ResourceWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]
"""Marks of modules in which a socket, a file or a task that is left behind fails the test."""
API_HASH = "0123456789abcdef0123456789abcdef"
QUICK = Limits(
    step_seconds=1, tries=3, pause_seconds=0.01, flood_seconds=2, read_seconds=20, day_seconds=5, page_seconds=0,
    session_seconds=0.2,
)  # fmt: skip


@pytest.fixture(scope="module")
def set_aside():
    """What was there before the module's tests is not looked through after each of them: that takes half a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what tests of other modules left open is not the fault of these
        gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def telegram(caplog, set_aside):
    """A server; at the end no handler has failed, every planned fault has happened, and nobody is still connected."""
    with LoopbackTelegram() as server:
        yield server
        gc.collect()
        left = [each for each in psutil.Process().net_connections("tcp") if each.raddr and each.raddr.port == server.port]
        assert not left, "a socket was left open"
    complaints = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not complaints, "asyncio complains of what nobody waited for"


@dataclass
class Reader:
    """A home that is logged in, and a way to read days as the pipeline does."""

    home: Path
    server: LoopbackTelegram
    said: list[str] = field(default_factory=list)
    stored: dict[LocalDay, MessageBatch] = field(default_factory=dict)
    limits: Limits = QUICK

    def knows(self, slug: str, chat: LoopbackChat) -> LoopbackChat:
        """Put a chat into the world, and into the peers' file."""
        self.server.world.chats.append(chat)
        kind = "group" if chat.is_group else "channel"
        Peers(self.home).put(slug, Peer(kind, chat.chat_id, 0 if chat.is_group else chat.access_hash))
        return chat

    def source(self, slug: str = "my-chat") -> TelegramSource:
        archive = Archive(str(self.home), slug)
        return TelegramSource(
            slug,
            self.home,
            archive,
            lambda day: self.stored.get(day, MessageBatch()),
            self.said.append,
            self.limits,
            self.keep,
        )

    def keep(self, day: LocalDay, piece: MessageBatch) -> None:
        self.stored[day] = merge_batches([self.stored.get(day, MessageBatch()), piece])

    def read(self, first: LocalDay, last: LocalDay | None = None, slug: str = "my-chat") -> list[MessageBatch]:
        return list(self.source(slug).read_days(list(first.until(last or first))))


@pytest.fixture
def reader(telegram, tmp_path, monkeypatch):
    """A home that is logged in to the server, in a process without variables of its own."""
    for name in ("TELEGRAM_SESSION", "TELEGRAM_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", API_HASH)
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    store_session(home, telegram.session())
    return Reader(home, telegram)
