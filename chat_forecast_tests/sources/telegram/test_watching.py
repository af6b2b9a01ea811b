"""The day that is not over, of a chat of Telegram, through the real client: what is new is read, unread is not silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.watching import look, watch
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast_tests.loopback import LoopbackChat, error
from chat_forecast_tests.sources.telegram.conftest import QUICK


@pytest.fixture
def stores(reader):
    stores = resources_of(Home.from_environment({"CHAT_FORECAST_HOME": str(reader.home)}))
    return replace(stores, sources=replace(stores.sources, limits=QUICK))


@pytest.fixture
def chat(reader, today):
    """A supergroup with a message every five minutes since yesterday."""
    written = reader.knows("my-chat", LoopbackChat(500))
    minutes = int((datetime.now(UTC) - today.plus(-1).start).total_seconds() // 60)
    written.add(int((datetime.now(UTC) - timedelta(minutes=back)).timestamp()) for back in range(minutes, 0, -5))
    return written


@pytest.fixture
def configured(today):
    return Chat(slug="my-chat", source="telegram", timezone=today.timezone, first_day=today.date)


def test_a_look_reads_the_day_and_the_next_one_only_what_came_since(reader, chat, stores, configured, today):
    first = watch(configured, stores, datetime.now(UTC))
    sent = [second for second in chat.times if second >= today.start.timestamp()]
    assert first.today.so_far == len(sent)
    assert abs((first.read_until - datetime.now(UTC)).total_seconds()) < 30
    assert LocalDay.containing(first.read_until, today.timezone) == today
    pages = reader.server.asked["GetHistoryRequest"]
    second = watch(configured, stores, datetime.now(UTC))
    assert second.today.so_far == first.today.so_far
    assert second.read_until >= first.read_until
    assert reader.server.asked["GetHistoryRequest"] - pages <= 4


def test_while_telegram_does_not_answer_the_day_ends_where_it_was_read(reader, chat, stores, configured):
    first = watch(configured, stores, datetime.now(UTC))
    reader.server.plan("GetStateRequest", error(500, "INTERNAL"), at=2, times=QUICK.tries)
    with pytest.raises(ChatForecastError):
        watch(configured, stores, datetime.now(UTC))
    later = look(configured, stores, datetime.now(UTC) + timedelta(minutes=30))
    assert later.read_until == first.read_until
    assert later.today.table.equals(first.today.table)


def test_a_message_of_a_supergroup_has_an_address(reader, chat, stores, configured):
    assert stores.sources.link(configured, 42) == "https://t.me/c/500/42"
    assert stores.sources.link(configured.model_copy(update={"slug": "unknown"}), 42) is None
    reader.knows("group", LoopbackChat(600, kind="group"))
    assert stores.sources.link(configured.model_copy(update={"slug": "group"}), 42) is None
