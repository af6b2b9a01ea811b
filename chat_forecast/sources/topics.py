"""A topic of a forum as a source: its messages are taken out of the forum's stored days.

Belongs here: selecting the topic's messages, and what to do if the forum lacks a day.
Does not belong here: how a message's topic is found (:mod:`chat_forecast.domain.topics`).

Nothing is read twice: a topic's day is a part of the forum's stored day, and has the same read intervals.
"""

from collections.abc import Callable, Iterator, Sequence

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.placeholder_messages import are_placeholders
from chat_forecast.domain.topics import are_topics_known, counts_of_topics, of_topic
from chat_forecast.settings.topics import Topic
from chat_forecast.sources.base import SourceError
from chat_forecast.storage.partitions import ChatStorage

ASSET = "merged_history"
"""The forum's asset from which its topics are made."""
_SHOWN = 12


class TopicSource:
    """A topic as a :class:`~chat_forecast.sources.base.MessageSource`."""

    def __init__(self, topic: Topic, forum: ChatStorage, own: ChatStorage, say: Callable[[str], object]) -> None:
        """``forum`` and ``own`` are the partitions of the forum and of the topic."""
        self._topic, self._forum, self._own, self._say = topic, forum, own, say

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Take the topic's messages out of the forum's days; of one that keeps only counts, nothing is known.

        Raises:
            NotStored: the forum lacks a day.
            SourceError: it was read before topics were kept, or holds no such topic.
            StoredFileError: a day of the forum is damaged.
        """
        is_seen = False
        for day in days:
            batch = self._forum.required_messages(ASSET, day)
            if are_placeholders(batch.messages):
                self._say(self._too_old(day))
                yield MessageBatch()
                continue
            if not are_topics_known(batch.messages):
                raise SourceError(self._without_topics(day))
            messages = of_topic(batch.messages, self._topic.topic_id)
            is_seen = is_seen or not messages.empty or self._is_known()
            yield MessageBatch(messages, batch.read_intervals)

    def _is_known(self) -> bool:
        """Whether the forum has the topic at all; a quiet topic is one that it had on another day.

        Raises:
            SourceError: it has others.
        """
        own = self._own.days("hourly_series")
        if own and any(not self._own.messages(ASSET, day).messages.empty for day in reversed(own)):
            return True
        stored = self._forum.days(ASSET)
        tables = [self._forum.messages(ASSET, day).messages for day in stored]
        counts = counts_of_topics(tables)
        if self._topic.topic_id in counts or not counts:
            return True
        seen = ", ".join(f"{topic} ({count})" for topic, count in list(counts.items())[:_SHOWN])
        raise SourceError(
            f"{self._topic.slug}: {self._topic.forum.slug} has no message in the topic {self._topic.topic_id} on any of its "
            f"{len(stored)} stored days. Those with the most messages: {seen}. Put the right id into "
            f"[chats.{self._topic.forum.slug}.topics], or read more of the forum first: chat-forecast backfill "
            f"{self._topic.forum.slug}"
        )

    def _without_topics(self, day: LocalDay) -> str:
        forum = self._topic.forum
        again = (
            f"Read the day again: chat-forecast backfill {forum.slug} --from {day.key} --to {day.key}"
            if forum.source == "telegram"
            else f"Import an export of the forum by Telegram Desktop (JSON) again: chat-forecast import {forum.slug} FILE"
        )
        return (
            f"{self._topic.slug}: the stored messages of {forum.slug} of {day.key} tell no topic: they were read before "
            f"topics were kept, or from a file without them, or the chat is no forum. {again}"
        )

    def _too_old(self, day: LocalDay) -> str:
        forum = self._topic.forum.slug
        return (
            f"{self._topic.slug}: of {day.key} {forum} keeps counts and no messages (retention_days): what the topic did "
            "not take before then is missing"
        )
