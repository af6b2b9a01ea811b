"""Forums for tests: an export as Telegram Desktop writes it, with the topic of each message."""

import random
from dataclasses import dataclass

from chat_forecast_tests.sources.message_files import chat, entry, service

NEWS, HELP, GENERAL = 17, 19, 1


@dataclass(frozen=True)
class Forum:
    """The entries of an export, ascending, and the topic of each that is a message."""

    entries: list[dict[str, object]]
    topics: dict[int, int]

    def export(self, **more: object) -> dict[str, object]:
        """The whole export."""
        return chat(*self.entries, **more)

    def count(self, topic: int) -> int:
        """How many messages the topic has."""
        return sum(each == topic for each in self.topics.values())


def make_forum(messages: int, *, minutes: float, first_minute: float = 0, seed: int = 1) -> Forum:
    """A forum of General and two topics, of which one is renamed; half of the messages are replies, in chains."""
    rng, entries, topics = random.Random(seed), list[dict[str, object]](), dict[int, int]()  # noqa: S311 - no secret
    written: dict[int, list[int]] = {GENERAL: [], NEWS: [], HELP: []}
    for number in range(2, messages + 2):
        when = first_minute + (number - 2) * minutes
        if number in (NEWS, HELP):
            title = {NEWS: "News", HELP: "Help & support"}[number]
            entries.append({**service(number, when), "action": "topic_created", "title": title})
            continue
        topic = rng.choice([GENERAL, *(each for each in (NEWS, HELP) if each < number)])
        before = written[topic]
        more: dict[str, int] = {} if topic == GENERAL else {"reply_to_message_id": topic}
        if before and rng.random() < 0.5:
            more = {"reply_to_message_id": rng.choice(before[-9:])}
        entries.append(entry(number, when, f"user{rng.randrange(5)}", **more))
        topics[number] = topic
        before.append(number)
    renamed = {
        **service(messages + 2, (messages + 1) * minutes + first_minute),
        "action": "topic_edit",
        "new_title": "Old news",
    }
    return Forum([*entries, renamed], topics)
