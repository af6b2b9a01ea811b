"""Topics of forums as chats of their own: ``[chats.<slug>.topics]``.

Belongs here: the chats that a forum's settings make of its topics, and which chats belong together.
Does not belong here: the table itself (:mod:`.topic_table`), or which messages are a topic's
(:mod:`chat_forecast.sources.topics`).
"""

from collections.abc import Iterable

from chat_forecast.settings.models import Chat


class Topic(Chat):
    """A topic as a chat: with a name, days, models and a report of its own, and all settings of its forum."""

    forum: Chat
    topic_id: int


def topic_of(forum: Chat, named: Chat, topic_id: int) -> Topic:
    """A forum's topic; ``named`` has the settings of the forum and the topic's own slug."""
    settings = {name: getattr(named, name) for name in Chat.model_fields}
    return Topic.model_construct(**{**settings, "topics": {}, "forum": forum, "topic_id": topic_id})


def topics_of(forum: Chat, chats: Iterable[Chat]) -> list[Topic]:
    """The chats that are a forum's topics, in the file's order."""
    return [chat for chat in chats if isinstance(chat, Topic) and chat.forum.slug == forum.slug]
