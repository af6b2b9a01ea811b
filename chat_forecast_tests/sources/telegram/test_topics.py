"""A forum read by the real Telethon: each message with its topic."""

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.topics import GENERAL
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast_tests.loopback import LoopbackChat
from chat_forecast_tests.sources.telegram.conftest import NOTHING_LEFT_OPEN, QUICK

pytestmark = NOTHING_LEFT_OPEN
DAY = LocalDay.parse("2026-03-10", "Europe/Berlin")
NEWS = 3


def forum() -> LoopbackChat:
    """Two messages a minute for two hours: each third one in General, the others in a topic, some of them as replies."""
    chat = LoopbackChat(500, topics={})
    for number in chat.add(int(DAY.start.timestamp()) + 30 * each for each in range(-240, 240)):
        if number == NEWS:
            chat.services.add(number)
        elif number > NEWS and number % 3:
            chat.topics[number] = NEWS
        if number > NEWS + 10 and number % 5 == 0:
            chat.replies[number] = number - 3  # of the same topic, since every third one is in General
    return chat


def test_each_message_of_a_forum_has_its_topic_and_a_reply_in_general_has_general(reader):
    chat = reader.knows("my-chat", forum())
    (batch,) = reader.read(DAY)
    found = dict(zip(batch.messages["message_id"], batch.messages["topic_id"], strict=True))
    assert len(found) == 240
    assert found == {number: chat.topics.get(number, GENERAL) for number in found}


def test_a_group_that_is_no_forum_has_no_topics(reader):
    chat = reader.knows("my-chat", forum())
    chat.topics = None
    (batch,) = reader.read(DAY)
    assert len(batch.messages) == 240
    assert "topic_id" not in batch.messages


def test_days_that_were_read_before_topics_were_kept_are_read_again_once_topics_are_wanted(reader):
    chat = reader.knows("my-chat", forum())
    (batch,) = reader.read(DAY)
    old = type(batch)(batch.messages.drop(columns="topic_id"), batch.read_intervals)
    storage = ChatStorage(str(reader.home), "my-chat", DAY.timezone, Locks(reader.home))
    configured = Chat(slug="my-chat", source="telegram", timezone=DAY.timezone, first_day=DAY.date)
    for topics, is_known in (({}, False), ({"news": NEWS}, True)):
        storage.write("raw_messages", DAY, old)
        settings = configured.model_copy(update={"topics": topics})
        source = Sources(str(reader.home), reader.home, QUICK).of(
            settings, lambda day: storage.messages("raw_messages", day)
        )
        (again,) = source.read_days([DAY])
        assert len(again.messages) == 240
        assert ("topic_id" in again.messages) == is_known
    assert chat.topics
