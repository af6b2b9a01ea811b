"""Which files may join an archive: another chat's, one chat in two halves, several accounts', and parts of a chat."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.sources.message_files import account, chat, entry, instant, service, write_json

PSEUDONYMS = Pseudonyms(b"a key of the tests")
HALF = 600
"""Minutes: when the group became a supergroup."""


@pytest.fixture
def archive(tmp_path):
    return Archive(str(tmp_path / "home"), "my-chat")


def do_import(archive, *files, live=(), timezone="UTC", now=None, **options):
    said = ImportOptions(**options)
    return import_files(archive, files, timezone=timezone, pseudonyms=PSEUDONYMS, options=said, live=live, now=now)


def ids(archive):
    return archive.read().messages["message_id"].tolist()


def talk(count, *, first_id=1, begin=0, step=5, senders=3):
    """Messages of several people, one every few minutes, with ids in order."""
    return [entry(first_id + n, begin + n * step, f"user{n % senders}") for n in range(count)]


def group(*, entries=None, chat_id=777, is_migrated=True):
    """A basic group, whose ids are the account's, up to when it became a supergroup."""
    messages = entries or [entry(4 + 3 * n, n * 10, f"user{n % 3}") for n in range(43)]
    end = [service(999, HALF) | {"action": "migrate_to_supergroup"}] if is_migrated else []
    return chat(*messages, *end, chat_id=chat_id, name="The group", type="private_group")


def supergroup(*, chat_id=1777, is_migrated=True, old_title="The group"):
    """What it became: its ids begin anew."""
    begin = [service(1, HALF) | {"action": "migrate_from_group", "title": old_title}] if is_migrated else []
    messages = talk(43, first_id=2, begin=HALF + 7)
    return chat(*begin, *messages, chat_id=chat_id, name="The group", type="private_supergroup")


# Another chat's file.


@pytest.mark.parametrize("first_id", [1, 40, 1000])
def test_another_chats_file_is_refused_with_both_ids_and_titles_and_accepted_as_the_same_it_counts(
    archive, tmp_path, first_id
):
    this = write_json(tmp_path / "a.json", chat(*talk(86), chat_id=111, name="Chat A"))
    other = write_json(tmp_path / "b.json", chat(*talk(86, first_id=first_id, begin=7), chat_id=222, name="Chat B"))
    do_import(archive, this)
    before = archive.read()
    with pytest.raises(RefusedFileError, match=r'it holds the chat 222 "Chat B", but my-chat is the chat 111 "Chat A"'):
        do_import(archive, other)
    assert archive.read().messages.equals(before.messages)

    assert do_import(archive, other, is_same_chat=True).new == 86
    assert len(set(ids(archive))) == 172
    assert set(range(1, 87)) <= set(ids(archive))
    assert do_import(archive, other).new == 0  # known from now on
    assert do_import(archive, this).new == 0


def test_files_of_two_chats_in_one_import_are_refused(archive, tmp_path):
    files = [write_json(tmp_path / f"{number}.json", chat(*talk(5), chat_id=number)) for number in (1, 2)]
    with pytest.raises(RefusedFileError, match=r"it holds the chat 2 .*, but my-chat is the chat 1 "):
        do_import(archive, *files)
    assert not archive.is_there


def test_a_chat_that_telegram_desktop_numbered_otherwise_before_2021_is_the_same(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", chat(*talk(9), chat_id=1234567890 + 2**33)))
    assert do_import(archive, write_json(tmp_path / "b.json", chat(*talk(12), chat_id=1234567890))).new == 3


def test_a_chat_id_may_be_written_as_bots_do(archive, tmp_path):
    path = write_json(tmp_path / "a.json", account([chat(*talk(9), chat_id=55), chat(*talk(12), chat_id=66)]))
    assert do_import(archive, path, chat_id=-1000000000066).new == 12


def test_an_export_of_another_chat_than_the_one_read_live_is_refused(archive, tmp_path):
    live = [HeldChat(555, kind="private_supergroup"), HeldChat(44, kind="private_group")]
    path = write_json(tmp_path / "a.json", chat(*talk(9), chat_id=111))
    with pytest.raises(RefusedFileError, match=r"it holds the chat 111 .* but my-chat is the chat 555 and 44"):
        do_import(archive, path, live=live)
    do_import(archive, path, live=live, is_same_chat=True)
    assert max(ids(archive)) < -(2**53)  # ids such as the live ones would hide each other
    assert do_import(archive, write_json(tmp_path / "b.json", chat(*talk(9), chat_id=555)), live=live).new == 9
    assert {*range(1, 10)} <= set(ids(archive))


def test_a_table_whose_ids_number_other_messages_is_refused_or_counts_in_full(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", chat(*talk(43))))
    table = tmp_path / "b.csv"
    table.write_text("sent_at,message_id,sender\n" + "".join(f"{instant(9000 + n)},{n},user1\n" for n in range(1, 44)))
    with pytest.raises(RefusedFileError, match=r"43 of the 43 message ids that it shares .* other times.*--same-chat"):
        do_import(archive, table)
    assert do_import(archive, table, is_same_chat=True).new == 43
    assert do_import(archive, table, is_same_chat=True).new == 0


def test_a_table_in_which_ids_begin_anew_counts_in_full(archive, tmp_path):
    rows = [(n, 5 * n) for n in range(1, 44)] + [(n, 9000 + n) for n in range(1, 44)]
    table = tmp_path / "b.csv"
    table.write_text("sent_at,message_id\n" + "".join(f"{instant(minute)},{number}\n" for number, minute in rows))
    assert do_import(archive, table).new == 86
    assert do_import(archive, table).new == 0


def test_the_same_messages_read_in_another_zone_are_refused_with_the_difference(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", chat(*talk(43))))
    table = tmp_path / "b.csv"
    table.write_text("sent_at,message_id\n" + "".join(f"{instant(5 * n):%Y-%m-%d %H:%M:%S},{n + 1}\n" for n in range(43)))
    with pytest.raises(RefusedFileError, match=r"its times are 3 h earlier than those of the same .*--file-timezone ZONE"):
        do_import(archive, table, timezone="Europe/Moscow")
    assert do_import(archive, table, timezone="Europe/Moscow", file_timezone="UTC").new == 0


# Clock times.


def test_clock_times_are_read_in_the_files_zone_and_the_report_says_in_which(archive, tmp_path):
    table = tmp_path / "naive.csv"
    table.write_text("sent_at\n" + "".join(f"{instant(n):%Y-%m-%d %H:%M:%S}\n" for n in range(5)))
    other = Archive(archive.url + "-other", "other")
    said = do_import(other, table, timezone="Europe/Moscow")
    assert said.first_message == instant(-180)
    assert any("clock times without an offset: 5, read in the zone Europe/Moscow." in line for line in said.lines("my-chat"))
    told = do_import(archive, table, timezone="Europe/Moscow", file_timezone="UTC")
    assert told.first_message == instant(0)
    assert any("clock times without an offset: 5, read in the zone UTC." in line for line in told.lines("my-chat"))
    assert not any(
        "clock times" in line for line in do_import(archive, _export(tmp_path, 3), file_timezone="UTC").lines("my-chat")
    )


def _export(tmp_path, count, **more):
    return write_json(tmp_path / "export.json", chat(*talk(count), **more))


@pytest.mark.parametrize("seconds", [0, 86400, 2**31 + 10**8, 10**10])
def test_one_message_of_an_impossible_time_is_passed_over_counted_and_named(archive, tmp_path, seconds):
    wrong = entry(9, 0) | {"date": "1970-01-02T00:00:00", "date_unixtime": str(seconds)}
    path = write_json(tmp_path / "a.json", chat(wrong, *talk(86, first_id=10)))
    report = do_import(archive, path, now=datetime(2023, 6, 1, tzinfo=UTC))
    assert (report.new, report.impossible_times) == (86, 1)
    assert any(line.startswith("passed over: 1 with a time that cannot be right (") for line in report.lines("my-chat"))
    assert report.first_message == instant(0)


def test_more_than_one_in_a_hundred_impossible_times_are_refused(archive, tmp_path):
    wrong = [entry(900 + n, 0) | {"date_unixtime": str(n)} for n in range(3)]
    path = write_json(tmp_path / "a.json", chat(*wrong, *talk(199)))
    with pytest.raises(RefusedFileError, match=r"3 of its 153 messages have a time that cannot be right \(1970-01-01 00:00"):
        do_import(archive, _with(path, wrong + talk(150)))
    assert do_import(archive, _with(path, wrong + talk(250))).new == 250


def _with(path, entries):
    return write_json(path, chat(*entries))


# A group that became a supergroup.


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("at_once", [True, False])
def test_both_halves_of_a_group_that_became_a_supergroup_count(archive, tmp_path, order, at_once):
    files = [write_json(tmp_path / "a.json", group()), write_json(tmp_path / "b.json", supergroup())][::order]
    for some in [files] if at_once else [[file] for file in files]:
        do_import(archive, *some)
    assert len(ids(archive)) == 86
    assert set(range(2, 45)) <= set(ids(archive))  # the supergroup's own
    assert archive.read_intervals == ReadIntervals.of((instant(0), instant(HALF + 7 + 42 * 5)))


def test_the_group_exported_before_it_became_a_supergroup_is_known_by_its_title(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", group(is_migrated=False)))
    assert do_import(archive, write_json(tmp_path / "b.json", supergroup())).new == 43


@pytest.mark.parametrize("order", [1, -1])
def test_where_only_the_group_tells_the_supergroup_is_known_by_its_title_and_its_first_messages(archive, tmp_path, order):
    halves = [group(), supergroup(is_migrated=False)][::order]
    for number, half in enumerate(halves):
        do_import(archive, write_json(tmp_path / f"{number}.json", half))
    assert len(ids(archive)) == 86
    other = Archive(archive.url + "-other", "other")
    do_import(other, write_json(tmp_path / "a.json", account(halves)), chat_id=1777)
    assert ids(other) == ids(archive)


def test_without_service_entries_the_second_half_needs_to_be_said_to_be_the_same(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", group(is_migrated=False)))
    second = write_json(tmp_path / "b.json", supergroup(is_migrated=False))
    with pytest.raises(RefusedFileError, match="--same-chat"):
        do_import(archive, second)
    with pytest.raises(RefusedFileError, match="--same-chat"):
        do_import(archive, write_json(tmp_path / "c.json", supergroup(old_title="Another group")))
    assert do_import(archive, second, is_same_chat=True).new == 43
    assert len(ids(archive)) == 86


@pytest.mark.parametrize("chat_id", [777, 1777, None])
def test_an_account_with_both_halves_gives_both(archive, tmp_path, chat_id):
    others = [] if chat_id is None else [chat(*talk(20), chat_id=5)]
    path = write_json(tmp_path / "a.json", account([*others, supergroup()], [group()]))
    assert do_import(archive, path, chat_id=chat_id).new == 86
    assert len(archive.ledger.imports) == 2


def test_an_account_with_both_halves_and_another_chat_needs_a_choice(archive, tmp_path):
    path = write_json(tmp_path / "a.json", account([group(), supergroup(), chat(*talk(20), chat_id=5)]))
    with pytest.raises(RefusedFileError, match=r"several chats. Choose one with --chat-id"):
        do_import(archive, path)


# Ids that belong to an account.


@pytest.mark.parametrize("kind", ["private_group", "personal_chat"])
def test_two_accounts_exports_of_one_group_count_once(archive, tmp_path, kind):
    messages = [(n * 5 - n % 2 * 5, f"user{n % 3 % 2}") for n in range(86)]  # two in each minute, some of one sender
    for name, shift, step in (("mine", 100, 3), ("yours", 7, 5)):
        entries = [entry(shift + step * n, minute, sender) for n, (minute, sender) in enumerate(messages)]
        do_import(archive, write_json(tmp_path / f"{name}.json", chat(*entries, type=kind)))
    assert len(ids(archive)) == 86
    assert [record.new for record in archive.ledger.imports] == [86, 0]


def test_the_older_part_in_two_accounts_exports_of_a_supergroup_counts_once(archive, tmp_path):
    for shift in (100, 300):
        older = [entry(-999_999_000 + shift + n, 10 * n, f"user{n % 3}") for n in range(43)]
        do_import(archive, write_json(tmp_path / f"{shift}.json", chat(*older, *supergroup()["messages"])))
    assert len(ids(archive)) == 86


def test_the_title_of_a_private_chat_is_not_stored(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "a.json", chat(*talk(5), type="personal_chat", name="Jane Doe")))
    times = {"first_message": instant(0).to_pydatetime(), "last_message": instant(20).to_pydatetime()}
    assert archive.ledger.imports[0].chat == HeldChat(77, kind="personal_chat", first_id=1, **times)


# Exports that hold only a part.


@pytest.mark.parametrize("kind", ["private_group", "private_supergroup", "public_supergroup"])
def test_an_account_with_the_exporters_own_messages_alone_is_refused_with_the_option_to_tick(archive, tmp_path, kind):
    mine = [entry(1 + 10 * n, 50 * n, "user1") for n in range(9)]
    path = write_json(tmp_path / "a.json", account([chat(*mine, chat_id=111, name="G", type=kind)]))
    with pytest.raises(RefusedFileError, match=r'own 9 messages of 111 "G": .*untick "Only my messages".*--accept-partial'):
        do_import(archive, path, chat_id=111)
    assert do_import(archive, path, chat_id=111, is_partial_accepted=True).new == 9


def test_a_group_in_which_another_one_writes_alone_is_taken(archive, tmp_path):
    theirs = [entry(1 + 10 * n, 50 * n, "user2") for n in range(9)]
    content = account([chat(*theirs, type="private_group")]) | {"personal_information": {"user_id": 1, "first_name": "x"}}
    assert do_import(archive, write_json(tmp_path / "a.json", dict(sorted(content.items(), reverse=True)))).new == 9


def test_a_supergroup_in_which_nobody_else_wrote_is_taken(archive, tmp_path):
    path = write_json(tmp_path / "a.json", account([chat(*talk(12, senders=1))]))
    assert do_import(archive, path).new == 12


def test_a_topic_is_refused(archive, tmp_path):
    talks = [entry(300 * block + n, 60 * block + n, f"user{n % 3}") for block in range(1, 8) for n in range(6)]
    with pytest.raises(RefusedFileError, match=r"most messages of 77 .* a single topic.*--accept-partial"):
        do_import(archive, write_json(tmp_path / "a.json", chat(*talks)))
    report = do_import(archive, write_json(tmp_path / "a.json", chat(*talks)), is_partial_accepted=True)
    assert report.new == 42
    assert report.unread.is_empty


def test_in_a_topic_that_was_accepted_silences_are_silences(archive, tmp_path):
    talks = [entry(900 * block + n, 240 * block + n, f"user{n % 3}") for block in range(1, 30) for n in range(12)]
    report = do_import(archive, write_json(tmp_path / "a.json", chat(*talks)), is_partial_accepted=True)
    assert report.unread.is_empty
    assert len(archive.read_intervals.intervals) == 1


def test_deleted_messages_and_a_stretch_that_is_not_there_make_no_topic(archive, tmp_path):
    kept = [each for n, each in enumerate(talk(300)) if n % 5 not in (2, 3)]
    later = talk(100, first_id=90_000, begin=90_000)
    assert do_import(archive, write_json(tmp_path / "a.json", chat(*kept, *later))).new == 280


# Silences that were not read.


def test_a_silence_across_which_ids_jump_is_not_read_and_said_so(archive, tmp_path):
    before, after = talk(400), talk(400, first_id=701, begin=3500)
    report = do_import(archive, write_json(tmp_path / "a.json", chat(*before, *after)))
    silence = (instant(399 * 5), instant(3500))
    assert report.unread == ReadIntervals.of(silence)
    assert not archive.read_intervals.within(ReadIntervals.of(silence)).intervals
    assert any(
        "taken as not read: 1 silence across which message ids jump (2023-05-02 18:32 to" in line
        for line in report.lines("my-chat")
    )

    # Another file that says nothing of it leaves it so; one that has the messages fills it.
    times = "".join(f"{row}\n" for row in archive.read().messages["sent_at"])
    (tmp_path / "b.csv").write_text(f"sent_at\n{times}")
    do_import(archive, tmp_path / "b.csv")
    assert not archive.read_intervals.covers(*silence)
    do_import(archive, write_json(tmp_path / "c.json", chat(*talk(300, first_id=401, begin=2000))))
    assert archive.read_intervals.covers(instant(0), instant(3500 + 399 * 5))


@pytest.mark.parametrize("others", ["service", "unsupported"])
def test_ids_of_entries_that_are_no_messages_are_no_jump(archive, tmp_path, others):
    made = {
        "service": [service(401 + n, 2000 + n) for n in range(300)],
        "unsupported": [{"id": 401 + n, "type": "unsupported"} for n in range(300)],
    }[others]
    content = chat(*talk(400), *made, *talk(400, first_id=701, begin=3500))
    assert do_import(archive, write_json(tmp_path / "a.json", content)).unread.is_empty


def test_a_silence_may_be_trusted_and_messages_said_to_be_missing(archive, tmp_path):
    path = write_json(tmp_path / "a.json", chat(*talk(400), *talk(400, first_id=701, begin=3500)))
    missing = ReadIntervals.of((instant(60), instant(120)))
    report = do_import(archive, path, is_silence_trusted=True, missing=missing)
    assert report.unread.is_empty
    assert archive.read_intervals == ReadIntervals.of((instant(0), instant(60)), (instant(120), instant(3500 + 399 * 5)))


def test_statements_about_a_file_imported_before_are_taken(archive, tmp_path):
    path = write_json(tmp_path / "a.json", chat(*talk(400), *talk(400, first_id=701, begin=3500)))
    do_import(archive, path)
    report = do_import(archive, path, is_silence_trusted=True)
    assert report.unread.is_empty
    assert [day.key for day in report.changed_days] == ["2023-05-02", "2023-05-03"]
    assert len(archive.ledger.imports) == 1
    do_import(archive, path)
    assert archive.read_intervals.covers(instant(0), instant(3500))


def test_ids_of_an_account_show_no_unread_silence(archive, tmp_path):
    messages = [*talk(400), *talk(400, first_id=701, begin=3500)]
    report = do_import(archive, write_json(tmp_path / "a.json", chat(*messages, type="private_group")))
    assert report.unread.is_empty


# The days that change.


def test_the_days_that_an_import_changes_are_those_with_other_messages_or_hours(archive, tmp_path):
    day = timedelta(days=1) // timedelta(minutes=1)
    first = write_json(tmp_path / "a.json", chat(entry(1, 0), entry(2, 2 * day)))
    assert [each.key for each in do_import(archive, first).changed_days] == ["2023-05-01", "2023-05-02", "2023-05-03"]
    inside = write_json(tmp_path / "b.json", chat(entry(1, 0), entry(5, day), entry(2, 2 * day)))
    assert [each.key for each in do_import(archive, inside).changed_days] == ["2023-05-02"]
    assert do_import(archive, inside).changed_days == ()
    assert archive.known_until == pd.Timestamp(instant(2 * day))
