"""``[chats.<slug>.topics]``: which topics of a forum become chats of their own.

Belongs here: what the table may hold. Does not belong here: the chats that are made of it (:mod:`.topics`).
"""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

HIGHEST_TOPIC = 2**31 - 1

ABOUT_TOPICS = (
    "Topics of a forum of Telegram that become chats of their own, in a table `[chats.<slug>.topics]`: the new chat's slug "
    "= the topic's id, which is the number after the chat in the topic's address (17 in https://t.me/c/1234567890/17), and "
    "1 for General. They have all settings of the forum."
)


def _checked(topics: dict[str, int]) -> dict[str, int]:
    for slug, topic in topics.items():
        if not 0 < topic <= HIGHEST_TOPIC:
            raise PydanticCustomError(
                "topic", "the topic's id such as {slug} = 17, from 1 to {highest}", {"slug": slug, "highest": HIGHEST_TOPIC}
            )
    if len(set(topics.values())) < len(topics):
        raise PydanticCustomError("topic", "each topic as one chat: found an id twice")
    return topics


Topics = Annotated[dict[str, int], AfterValidator(_checked)]
"""Slug of a new chat -> id of a topic."""
