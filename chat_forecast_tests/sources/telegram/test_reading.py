"""What a day holds, whatever goes wrong on the way; the client is Telethon's own, over a real socket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MIGRATED_SHIFT, MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.base import SourceAsksToWait, SourceError
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.sources.telegram import connection
from chat_forecast.sources.telegram.peers import Peer, Peers
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast_tests.factories import make_messages
from chat_forecast_tests.loopback import (
    LoopbackChat,
    drop_after,
    drop_before,
    drop_in,
    duplicate,
    empty_page,
    error,
    flood,
    only_deleted,
    silent,
    slow,
    transport_error,
    unknown_constructor,
)
from chat_forecast_tests.sources.telegram.conftest import NOTHING_LEFT_OPEN

pytestmark = NOTHING_LEFT_OPEN

DAY = LocalDay.parse("2026-03-10", "Europe/Berlin")
HISTORY = "GetHistoryRequest"


def every(seconds: float, first: LocalDay, last: LocalDay | None = None, *, start: float = 0):
    """Instants so many seconds apart, from a day's start to its end, or another's."""
    begin, end = first.start.timestamp() + start, (last or first).end.timestamp()
    return [begin + seconds * number for number in range(int((end - begin - 1e-9) // seconds) + 1)]


def busy_chat(**settings) -> LoopbackChat:
    """A supergroup with a message every four minutes for three days, of which DAY is the middle one: 360 a day."""
    chat = LoopbackChat(500, **settings)
    chat.add(map(int, every(240, DAY.plus(-1), DAY.plus(1))))
    return chat


def ids(batch: MessageBatch) -> list[int]:
    return batch.messages["message_id"].tolist()


def covered(batch: MessageBatch) -> ReadIntervals:
    return batch.read_intervals


def whole(day: LocalDay) -> ReadIntervals:
    return ReadIntervals.of((day.start, day.end))


def test_a_day_holds_just_its_own_messages_and_is_covered_whole(reader):
    chat = reader.knows("my-chat", busy_chat())
    (batch,) = reader.read(DAY)
    assert ids(batch) == list(range(361, 721))
    assert covered(batch) == whole(DAY)
    assert batch.messages["sent_at"].iloc[0] == DAY.start
    assert batch.messages["sender"].iloc[0] == Pseudonyms.load(reader.home).of(f"user{chat.sender_of(361)}")


QUICK_FAULTS = {
    "drop before": drop_before,
    "drop in": drop_in,
    "drop after": drop_after,
    "duplicate": duplicate,
    "empty page": empty_page,
    "only deleted": only_deleted,
    "too many connections": transport_error(429),
}
PLACES = {"looking for the start": 1, "looking for the end": 2, "first page": 3, "a page in the middle": 5, "counting": 7}


@pytest.mark.parametrize("fault", QUICK_FAULTS)
@pytest.mark.parametrize("place", PLACES)
def test_the_day_comes_back_exact_after_a_fault_anywhere(fault, place, reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, QUICK_FAULTS[fault], at=PLACES[place])
    (batch,) = reader.read(DAY)
    assert ids(batch) == list(range(361, 721))
    assert covered(batch) == whole(DAY)


@pytest.mark.parametrize(
    "fault",
    [slow(0.3), silent, error(500, "INTERNAL"), error(-503, "Timeout")],
    ids=["slow", "silent", "server error", "timeout"],
)
def test_the_day_comes_back_exact_after_a_while(fault, reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, fault, at=4)
    (batch,) = reader.read(DAY)
    assert ids(batch) == list(range(361, 721))
    assert covered(batch) == whole(DAY)


def test_short_waits_are_slept_and_told_with_the_time_they_end(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, flood(1), at=4)
    assert ids(reader.read(DAY)[0]) == list(range(361, 721))
    (words,) = reader.said
    assert words.startswith("my-chat, 2026-03-10: Telegram asks to wait 1 s, until ")


def test_a_long_wait_ends_the_read_with_how_long_it_is_and_keeps_what_was_read(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(map(int, every(120, DAY, DAY.plus(1))))  # 720 a day; a stretch of pages whose count is checked has 1000
    reader.server.plan(HISTORY, flood(600), at=16)
    days = reader.source().read_days([DAY, DAY.plus(1)])
    assert len(next(days).messages) == 720
    with pytest.raises(SourceAsksToWait, match=r"asks to wait 600 s, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC") as raised:
        next(days)
    assert raised.value.seconds == 600


def test_twenty_thousand_messages_are_exactly_the_right_ones_although_much_goes_wrong(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    first, last = DAY, DAY.plus(5)
    all_times = list(map(int, every(26, first.plus(-1), last.plus(1))))
    all_ids = chat.add(all_times)
    gone = all_ids[5000:5150] + all_ids[9000:9001]
    chat.delete(*gone)
    chat.services.update(all_ids[7000:7010])
    for fault, at in [
        (flood(1), 20), (drop_in, 60), (duplicate, 100), (drop_before, 101), (empty_page, 130), (silent, 150),
        (drop_after, 151), (only_deleted, 170),
    ]:  # fmt: skip
        reader.server.plan(HISTORY, fault, at=at)
    batches = reader.read(first, last)
    sent = pd.Series(all_times, index=all_ids).drop([*gone, *chat.services])
    expected = [
        set(sent[sent.between(day.start.timestamp(), day.end.timestamp(), inclusive="left")].index)
        for day in first.until(last)
    ]
    assert sum(map(len, expected)) == 19_777
    assert [set(ids(batch)) for batch in batches] == expected
    assert [len(batch.messages) for batch in batches] == [len(day) for day in expected]
    assert [covered(batch) for batch in batches] == [whole(day) for day in first.until(last)]


def test_a_great_day_is_read_in_pieces_over_as_many_reads_as_telegram_asks_for(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(map(int, every(2.88, DAY)))  # 30,000
    for at in (60, 140, 141, 300):
        reader.server.plan(HISTORY, flood(600), at=at)
    known = [pd.Timestamp(0, tz="UTC")]
    for _ in range(4):
        with pytest.raises(SourceAsksToWait):
            reader.read(DAY)
        partly = reader.stored[DAY]
        ((start, end),) = covered(partly).intervals
        assert start == DAY.start
        assert known[-1] <= end < DAY.end
        known.append(end)
        assert len(partly.messages) == sum(sent < end.timestamp() for sent in chat.times)
        counts = count_by_hour(partly, DAY)["messages"]
        read = (DAY.hours + pd.Timedelta("1h") <= end).tolist()
        assert counts.notna().tolist() == read
        assert set(counts.dropna()) == {1250}
    assert known[-1] > known[1] > DAY.start
    (batch,) = reader.read(DAY)
    assert ids(batch) == chat.ids
    assert covered(batch) == whole(DAY)
    assert any("messages of 2026-03-10 are read" in words for words in reader.said)
    # 300 pages and 30 counts; a read that goes on finds its place by two requests, and reads what was not yet counted again.
    assert reader.server.asked[HISTORY] < 330 + 5 * (2 + 12)


def test_a_read_that_takes_longer_than_it_may_goes_on_later_if_it_came_forward(reader, monkeypatch):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(map(int, every(20, DAY)))
    reader.limits = replace(reader.limits, read_seconds=155, step_seconds=60)
    # Each request takes ten seconds of this clock, however busy the machine is: a read has time for fifteen.
    clock = SimpleNamespace(monotonic=lambda: 10.0 * reader.server.asked[HISTORY])
    monkeypatch.setattr(connection, "time", clock)
    waits, batches = [], []
    while not batches:
        try:
            batches = reader.read(DAY)
        except SourceAsksToWait as wait:
            waits.append(str(wait))
    assert 3 <= len(waits) < 20
    said = "there is more to read than 155 s allow. What was read until now is kept; the rest is read next."
    assert set(waits) == {f"my-chat, 2026-03-10: {said}"}
    assert ids(batches[0]) == chat.ids
    assert covered(batches[0]) == whole(DAY)


def test_of_a_day_whose_first_hours_are_in_the_archive_only_the_rest_is_asked_for(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(map(int, every(60, DAY)))  # 1440: a page holds 100
    evening = DAY.start + timedelta(hours=20)
    before = make_messages([pd.Timestamp(sent, unit="s", tz="UTC") for sent in chat.times if sent < evening.timestamp()])
    Archive(str(reader.home), "my-chat").add(NewImport(MessageBatch(before, ReadIntervals.of((DAY.start, evening)))))
    (batch,) = reader.read(DAY)
    assert ids(batch) == chat.ids
    assert covered(batch) == whole(DAY)
    assert reader.server.asked[HISTORY] == 2 + 3 + 1  # its place, three pages, their count


@pytest.mark.parametrize("key", ["2026-03-29", "2026-10-25"], ids=["23 hours", "25 hours"])
def test_days_of_clock_changes_have_all_their_hours(reader, key):
    day = LocalDay.parse(key, "Europe/Berlin")
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add(map(int, every(600, day.plus(-1), day.plus(1))))
    reader.server.world.now = (day.end + timedelta(days=2)).to_pydatetime()
    (batch,) = reader.read(day)
    counts = count_by_hour(batch, day)
    assert counts["messages"].tolist() == [6] * len(day.hours)


def test_messages_of_the_boundary_s_own_seconds_are_on_the_right_side(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    start, end = int(DAY.start.timestamp()), int(DAY.end.timestamp())
    chat.add([start - 61, start - 60, start - 1, start, start + 1, end - 1, end, end + 1, end + 60, end + 61])
    assert ids(reader.read(DAY)[0]) == [4, 5, 6]


def test_service_entries_are_not_counted_and_each_part_of_an_album_is(reader):
    chat = reader.knows("my-chat", busy_chat())
    chat.services.update(range(361, 371))
    chat.albums.update(dict.fromkeys(range(400, 410), 9))
    assert ids(reader.read(DAY)[0]) == list(range(371, 721))


def test_posts_of_a_channel_have_the_channel_as_sender(reader):
    reader.knows("my-chat", busy_chat(kind="channel"))
    (batch,) = reader.read(DAY)
    assert set(batch.messages["sender"]) == {Pseudonyms.load(reader.home).of("channel500")}


def test_a_quiet_day_is_covered_and_empty(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add([int(DAY.start.timestamp()) - 90_000, int(DAY.end.timestamp()) + 90_000])
    (batch,) = reader.read(DAY)
    assert batch.messages.empty
    assert covered(batch) == whole(DAY)


def test_days_before_the_first_visible_message_are_missing_and_not_quiet(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    begin = DAY.start + timedelta(hours=9, minutes=30)
    chat.add([int(begin.timestamp()), int(DAY.end.timestamp()) + 100])
    before, partly = reader.read(DAY.plus(-1), DAY)
    assert covered(before).is_empty
    assert covered(partly) == ReadIntervals.of((begin, DAY.end))
    assert ids(partly) == [1]


def test_a_chat_without_messages_covers_nothing(reader):
    reader.knows("my-chat", LoopbackChat(500))
    (batch,) = reader.read(DAY)
    assert batch.messages.empty
    assert covered(batch).is_empty


def test_a_day_that_has_not_ended_is_covered_until_telegram_s_own_now_and_read_again_later(reader):
    reader.knows("my-chat", busy_chat())
    noon = (DAY.start + timedelta(hours=12)).to_pydatetime()
    reader.server.world.now = noon
    reader.stored[DAY] = reader.read(DAY)[0]
    assert covered(reader.stored[DAY]) == ReadIntervals.of((DAY.start, noon))
    reader.server.world.now = None
    assert covered(reader.read(DAY)[0]) == whole(DAY)


def test_a_day_in_the_future_covers_nothing(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.world.now = (DAY.start - timedelta(hours=12)).to_pydatetime()
    assert covered(reader.read(DAY)[0]).is_empty


def test_days_that_were_wholly_read_are_not_asked_for_again(reader):
    reader.knows("my-chat", busy_chat())
    reader.stored[DAY] = MessageBatch(make_messages([DAY.start]), whole(DAY))
    before, known, after = reader.read(DAY.plus(-1), DAY.plus(1))
    assert (len(before.messages), len(known.messages), len(after.messages)) == (360, 1, 360)
    reader.stored |= {DAY.plus(-1): before, DAY.plus(1): after}
    asked = reader.server.asked.copy()
    assert [len(batch.messages) for batch in reader.read(DAY.plus(-1), DAY.plus(1))] == [360, 1, 360]
    assert reader.server.asked == asked


def test_days_of_the_archive_are_not_asked_for_and_a_day_of_both_is_joined_by_ids(reader):
    reader.knows("my-chat", busy_chat())
    archive = Archive(str(reader.home), "my-chat")
    live = every(240, DAY.plus(-1), DAY.plus(1))
    noon = DAY.start + timedelta(hours=12)
    # The archive ends at noon of DAY; its message 400 was deleted from Telegram since.
    known = make_messages([pd.Timestamp(sent, unit="s", tz="UTC") for sent in live if sent < noon.timestamp()])
    archive.add(NewImport(MessageBatch(known, ReadIntervals.of((DAY.plus(-1).start, noon)))))
    reader.server.world.chats[0].delete(400)
    before, joined = reader.read(DAY.plus(-1), DAY)
    assert ids(before) == list(range(1, 361))
    assert ids(joined) == list(range(361, 721))
    assert covered(joined) == whole(DAY)
    assert reader.server.asked["GetStateRequest"] == 2  # one by the client, one read: of DAY alone


def test_pages_that_stay_empty_although_there_are_messages_fail_and_do_not_make_a_quiet_day(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, empty_page, at=3, times=50)
    with pytest.raises(SourceError, match=r"Telegram (gives empty pages after message|says that there is no message)"):
        reader.read(DAY)
    reader.server._plan.clear()


def test_a_page_that_lacks_messages_is_found_out_by_the_count_and_read_again(reader):
    reader.knows("my-chat", busy_chat())

    async def shortened(wire, exchange):
        exchange.result.messages[40:60] = []
        await wire.send_result(exchange.message_id, exchange.result)

    reader.server.plan(HISTORY, shortened, at=4)
    assert ids(reader.read(DAY)[0]) == list(range(361, 721))
    assert reader.said == []


def test_no_answer_at_all_ends_after_a_bounded_number_of_deadlines(reader):
    reader.knows("my-chat", busy_chat())
    reader.limits = replace(reader.limits, step_seconds=0.3)
    reader.server.plan(HISTORY, silent, at=4, times=3)
    with pytest.raises(SourceError, match=r"cannot be reached: no answer in 0.3 s, tried 3 times"):
        reader.read(DAY)


def test_a_server_that_always_drops_ends_after_a_bounded_number_of_connections(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, drop_before, at=1, times=3)
    with pytest.raises(SourceError, match=r"cannot be reached: the connection was lost .*tried 3 times"):
        reader.read(DAY)
    assert reader.server.connections == 3


def test_nobody_listening_is_said_so(reader, telegram):
    from chat_forecast.sources.telegram.session import store_session
    from chat_forecast_tests.served import free_ports

    reader.knows("my-chat", busy_chat())
    port, telegram.port = telegram.port, free_ports(1)[0]
    store_session(reader.home, telegram.session())
    telegram.port = port
    with pytest.raises(SourceError, match=r"my-chat, 2026-03-10: Telegram cannot be reached"):
        reader.read(DAY)


def test_the_whole_read_has_a_deadline_of_its_own(reader):
    reader.knows("my-chat", busy_chat())
    reader.limits = replace(reader.limits, read_seconds=0.5)
    reader.server.plan(HISTORY, slow(0.4), at=1, times=2)
    with pytest.raises(SourceError, match=r"(reading took longer than 0.5 s|no answer)"):
        reader.read(DAY)


REFUSED = {
    "CHANNEL_PRIVATE": "the chat is private, and the account is not (or no longer) a member",
    "CHANNEL_INVALID": "If you logged in as somebody else, add it again",
    "USER_BANNED_IN_CHANNEL": "banned from the chat",
    "AUTH_KEY_UNREGISTERED": "the session was logged out",
    "SESSION_REVOKED": "the session was ended on another device",
    "USER_DEACTIVATED": "the account was deleted",
    "USER_DEACTIVATED_BAN": "the account was banned by Telegram",
    "BOT_METHOD_INVALID": "bots cannot read a chat's history",
    "SOMETHING_NEW": "Telegram answers SOMETHING_NEW",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_refusal_in_mid_read_is_said_in_words_and_gives_no_day(text, reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan(HISTORY, error(401 if "AUTH" in text or "SESSION" in text or "DEACT" in text else 400, text), at=5)
    with pytest.raises(SourceError) as raised:
        reader.read(DAY)
    assert REFUSED[text] in str(raised.value)
    assert "my-chat, 2026-03-10" in str(raised.value)


def test_a_session_used_from_two_places_is_said_so(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.plan("GetStateRequest", error(406, "AUTH_KEY_DUPLICATED"))
    with pytest.raises(SourceError, match=r"used from two places at once.*Log in again: chat-forecast login"):
        reader.read(DAY)


def test_a_session_that_telegram_has_forgotten_is_said_so(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.world.forget_keys()
    with pytest.raises(SourceError, match=r"Telegram does not know the session's key"):
        reader.read(DAY)


def test_a_session_that_was_logged_out_is_said_so(reader):
    reader.knows("my-chat", busy_chat())
    reader.server.world.log_out_all()
    with pytest.raises(SourceError, match=r"the session was logged out"):
        reader.read(DAY)


def test_something_that_telethon_does_not_know_is_said_without_what_it_was(reader):
    reader.knows("my-chat", busy_chat(text="a secret of the chat"))
    reader.server.plan(HISTORY, unknown_constructor, at=4)
    with pytest.raises(SourceError, match=r"Update it: pip install -U telethon") as raised:
        reader.read(DAY)
    chain, texts = raised.value, []
    while chain is not None:
        texts.append(str(chain))
        chain = chain.__cause__ or chain.__context__
    assert "secret" not in " ".join(texts)


def migrated() -> tuple[LoopbackChat, LoopbackChat]:
    """A group that became a supergroup at noon of DAY, with as many messages in both."""
    group, supergroup = LoopbackChat(300, kind="group"), LoopbackChat(500)
    noon = DAY.start.timestamp() + 12 * 3600
    group.add([int(each) for each in every(240, DAY.plus(-1), DAY) if each < noon], first_id=1001)
    supergroup.add([int(each) for each in every(240, DAY, DAY.plus(1)) if each >= noon])
    group.becomes_supergroup(supergroup)
    return group, supergroup


def test_both_parts_of_a_migrated_group_are_one_history_with_the_ids_of_an_export(reader):
    group, supergroup = migrated()
    reader.server.world.chats.append(group)
    reader.knows("my-chat", supergroup)
    before, day, after = reader.read(DAY.plus(-1), DAY.plus(1))
    assert ids(before) == [number + MIGRATED_SHIFT for number in range(1001, 1361)]
    assert ids(day) == [*(number + MIGRATED_SHIFT for number in range(1361, 1541)), *range(1, 181)]
    assert ids(after) == list(range(181, 541))
    assert [covered(each) for each in (before, day, after)] == [
        ReadIntervals.of((DAY.plus(-1).start, DAY.plus(-1).end)), whole(DAY), whole(DAY.plus(1)),
    ]  # fmt: skip


def test_a_group_that_migrates_in_mid_life_is_followed_and_what_was_stored_of_it_stays_one(reader):
    from chat_forecast.domain.deduplication import merge_batches

    group, supergroup = migrated()
    group.migrated_to = None
    reader.knows("my-chat", group)
    stored = reader.read(DAY.plus(-1))[0]
    assert ids(stored) == list(range(1001, 1361))

    group.migrated_to = supergroup
    reader.server.world.chats.append(supergroup)
    again, day = reader.read(DAY.plus(-1), DAY)
    assert len(day.messages) == 360
    assert reader.said == ["my-chat: Telegram's group -300 is now -1000000000500; its older part is read too"]
    assert Peers(reader.home).get("my-chat") == Peer("channel", 500, 77, before=300)
    # Read again under the new ids, the messages stored under the old ones are the same.
    merged = merge_batches([stored, again])
    assert ids(merged) == ids(again)
    assert len(merged.messages) == 360


def test_an_older_part_that_the_account_never_saw_is_missing_and_the_newer_one_is_read(reader):
    group, supergroup = migrated()
    group.is_member = False
    reader.server.world.chats.append(group)
    reader.knows("my-chat", supergroup)
    before, day = reader.read(DAY.plus(-1), DAY)
    assert covered(before).is_empty
    assert covered(day) == ReadIntervals.of((DAY.start + timedelta(hours=12), DAY.end))
    assert len(day.messages) == 180
    assert "cannot read the group that it once was" in reader.said[0]


def test_a_group_that_the_account_was_removed_from_is_said_so(reader):
    chat = reader.knows("my-chat", busy_chat(kind="group"))
    chat.is_member = False
    with pytest.raises(SourceError, match=r"the account was removed from the group"):
        reader.read(DAY)


def test_telegram_s_dates_are_utc_whatever_the_chat_s_zone(reader):
    chat = reader.knows("my-chat", LoopbackChat(500))
    chat.add([datetime(2026, 3, 10, 22, 59, 59, tzinfo=UTC), datetime(2026, 3, 10, 23, 0, tzinfo=UTC)])
    assert reader.read(DAY)[0].messages["sent_at"].tolist() == [pd.Timestamp("2026-03-10T22:59:59Z")]
