"""``[chats.<slug>.topics]``: topics of a forum as chats, and every mistake in it."""

from pathlib import Path

import pytest

from chat_forecast.settings.editing import remove_chat
from chat_forecast.settings.reading import load_chats_file, parse_chats
from chat_forecast.settings.topics import Topic, topics_of
from chat_forecast_tests.settings.files import TODAY

FORUM = """
[chats.forum]
source = "export"
timezone = "Europe/Berlin"
first_day = 2026-01-01
retention_days = 90
[chats.forum.training]
holidays = "DE"
"""
PATH = Path("chats.toml")


def parsed(topics, others=""):
    return parse_chats(PATH, f"{FORUM}[chats.forum.topics]\n{topics}\n{others}")


def test_topics_are_chats_after_their_forum_with_its_settings():
    file = parsed("forum-news = 17\nforum-general = 1")
    assert [chat.slug for chat in file.chats] == ["forum", "forum-news", "forum-general"]
    forum, *topics = file.chats
    assert topics == topics_of(forum, file.chats)
    for topic, topic_id in zip(topics, (17, 1), strict=True):
        assert isinstance(topic, Topic)
        assert (topic.topic_id, topic.forum, topic.topics) == (topic_id, forum, {})
        assert (topic.timezone, topic.first_day, topic.retention_days) == (forum.timezone, forum.first_day, 90)
        assert topic.training.holidays == "DE"


@pytest.mark.parametrize(
    ("topics", "others", "wrong"),
    [
        ("forum = 17", "", "topics.forum: found a chat of that name too"),
        ("a-b = 17\na_b = 19", "", "topics.a_b: found a chat of that name too"),
        ("other = 17", FORUM.replace("forum", "other"), "topics.other: found a chat of that name too"),
        ('"Bad name" = 17', "", 'topics."Bad name": found "Bad name", expected 1 to 40 lowercase letters'),
        ("archive-of-forum = 0", "", "expected the topic's id such as archive-of-forum = 17, from 1 to 2147483647"),
        ('news = "News"', "", 'topics.news: found "News", expected a valid integer'),
        ("a = 17\nb = 17", "", "found an id twice"),
    ],
)
def test_a_mistake_puts_the_forum_aside_and_is_named(topics, others, wrong):
    file = parsed(topics, others)
    assert wrong in file.put_aside["forum"]
    assert "forum" not in {chat.slug for chat in file.chats}


def test_a_simulated_chat_has_no_topics():
    text = FORUM.replace('"export"', '"simulated"') + "[chats.forum.topics]\nnews = 17"
    assert "topics of a simulated chat" in parse_chats(PATH, text).put_aside["forum"]


def test_a_topic_is_taken_out_of_the_settings_and_the_forum_stays(tmp_path):
    path = tmp_path / "chats.toml"
    path.write_text(f"{FORUM}[chats.forum.topics]\n# what people ask for\nnews = 17\nhelp = 19\n")
    assert remove_chat(path, "news")
    assert [chat.slug for chat in load_chats_file(path, TODAY).chats] == ["forum", "help"]
    assert "# what people ask for" in path.read_text()
    assert remove_chat(path, "help")
    assert [chat.slug for chat in load_chats_file(path, TODAY).chats] == ["forum"]
    assert "topics" not in path.read_text()
