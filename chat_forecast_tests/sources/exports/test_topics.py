"""Files that tell of each message in which topic it is: of Telegram Desktop by its replies, of Telethon and tdl by name."""

import json

import pytest

from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions
from chat_forecast.domain.topics import GENERAL, NOBODY_KNOWS
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.forums import NEWS, make_forum
from chat_forecast_tests.sources.message_files import chat, entry, instant, write_json

TOPICS = {20: NEWS, 21: NEWS, 22: GENERAL, 23: GENERAL}
"""Of four messages: posted into a topic, a reply in it, posted in General, a reply there."""


def topics_of(tmp_path, *files, is_forum=False):
    archive = Archive(str(tmp_path), "forum")
    options = ImportOptions(is_partial_accepted=True, is_forum=is_forum)
    import_files(archive, files, timezone="UTC", pseudonyms=Pseudonyms.load(tmp_path), options=options)
    messages = archive.read().messages
    assert "topic_id" in messages, "no topic is known"
    assert messages["topic_id"].notna().all()
    return dict(zip(messages["message_id"], messages["topic_id"], strict=True))


def header(number):
    """What the reply of one of the four says, as Telethon names it."""
    return {
        20: {"forum_topic": True, "reply_to_msg_id": NEWS, "reply_to_top_id": None},
        21: {"forum_topic": True, "reply_to_msg_id": 20, "reply_to_top_id": NEWS},
        22: None,
        23: {"forum_topic": False, "reply_to_msg_id": 22, "reply_to_top_id": None},
    }[number]


def test_an_export_of_telegram_desktop_tells_topics_by_its_replies(tmp_path):
    forum = make_forum(500, minutes=3)
    assert topics_of(tmp_path, write_json(tmp_path / "a.json", forum.export())) == forum.topics


def test_a_part_in_which_no_topic_begins_is_of_a_forum_if_the_settings_say_so(tmp_path):
    forum = make_forum(500, minutes=3)
    part = write_json(tmp_path / "part.json", chat(*forum.entries[300:-1]))
    found = topics_of(tmp_path, part, is_forum=True)
    lost = {number for number, topic in found.items() if topic not in (GENERAL, *set(forum.topics.values()))}
    assert all(found[number] < 302 for number in lost), "where replies end at a message that is not in the part"
    assert all(found[number] == forum.topics[number] for number in found if number not in lost)
    whole = write_json(tmp_path / "whole.json", forum.export())
    assert topics_of(tmp_path, whole) == forum.topics


def test_odd_replies_leave_the_topic_unknown_and_the_file_is_read(tmp_path):
    odd = [NEWS, "17", True, 2**40, -3, {"a": 1}, [17], 17.5]
    entries = [entry(20 + number, number, reply_to_message_id=reply) for number, reply in enumerate(odd)]
    abroad = entry(40, 40, reply_to_message_id=NEWS, reply_to_peer_id="channel5")
    created = {**entry(NEWS, -1), "type": "service", "action": "topic_created"}
    found = topics_of(tmp_path, write_json(tmp_path / "a.json", chat(created, *entries, abroad)))
    assert found == {20: NEWS} | {20 + number: NOBODY_KNOWS for number in range(1, len(odd))} | {40: NOBODY_KNOWS}


@pytest.mark.parametrize("program", ["telethon", "tdl"])
def test_programs_that_name_the_topic_are_believed(program, tmp_path):
    peer, path = 1234567890, tmp_path / "dump.json"
    if program == "telethon":
        lines = [
            {
                "_": "Message",
                "id": number,
                "peer_id": {"_": "PeerChannel", "channel_id": peer},
                "from_id": {"_": "PeerUser", "user_id": 5},
                "date": instant(number).isoformat(),
                "reply_to": header(number),
            }
            for number in TOPICS
        ]
        path.write_text("\n".join(map(json.dumps, lines)))
    else:
        names = {"forum_topic": "ForumTopic", "reply_to_msg_id": "ReplyToMsgID", "reply_to_top_id": "ReplyToTopID"}
        messages = []
        for number in TOPICS:
            reply = {names[name]: value or 0 for name, value in (header(number) or {}).items()} or None
            raw = {"PeerID": {"ChannelID": peer}, "FromID": {"UserID": 5}, "ReplyTo": reply}
            sent = int(instant(number).timestamp())
            messages.append({"id": number, "type": "message", "file": "", "date": sent, "text": "a", "raw": raw})
        write_json(path, {"id": peer, "messages": messages})
    assert topics_of(tmp_path, path) == TOPICS
