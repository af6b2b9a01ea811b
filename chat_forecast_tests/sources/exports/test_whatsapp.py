"""WhatsApp: which lines begin an entry, which entries are messages, and what a file covers."""

import pandas as pd
import pytest

from chat_forecast.sources.exports.whatsapp_lines import read_entry, sender_and_text
from chat_forecast_tests.sources import export_samples as samples
from chat_forecast_tests.sources.export_samples import ENGLISH, MARK, MESSAGES, Sent, write_text
from chat_forecast_tests.sources.exports.test_formats import read, refusal

IOS = "[13/07/2026, 09:{n:02}:00] "


def ios(*entries):
    """A file of iOS of so many entries, a minute after another."""
    return "".join(f"{IOS.format(n=number)}{entry}\r\n" for number, entry in enumerate(entries))


def taken(tmp_path, text, **asked):
    chat, messages, tally = read(write_text(tmp_path / "chat.txt", text), **asked)
    return chat, messages, tally


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("3/7/26, 12:07\u202fPM - Ann: x", 12 * 60 + 7),
        ("3/7/26, 12:31\u202fAM - Ann: x", 31),
        ("3/7/26, 12:31 a.\u00a0m. - Ann: x", 31),
        ("2026-07-03, 1:05 p.m. - Ann: x", 13 * 60 + 5),
        ("[3/7/26, 9:05:00 PM] Ann: x", 21 * 60 + 5),
        (f"{MARK}[3/7/26, 9:05:00 PM] Ann: x", 21 * 60 + 5),
        ("2026/7/3 下午3:05 - Ann: x", 15 * 60 + 5),
        ("2026/7/3 凌晨12:05 - Ann: x", 5),
        ("2026. 7. 3. 오후 3:05 - Ann: x", 15 * 60 + 5),
        ("3.7.2026 klo 15.05 - Ann: x", 15 * 60 + 5),
        ("3.07.26 г., 15:05 ч. - Ann: x", 15 * 60 + 5),
        ("2026. 07. 03. du. 3:05 - Ann: x", 15 * 60 + 5),
        ("3/7/26, 3:05 μ.μ. - Ann: x", 15 * 60 + 5),
        ("15:05, 03/07/2026 - Ann: x", 15 * 60 + 5),
        ("2026-07-03, 15 h 05 - Ann: x", 15 * 60 + 5),
        ("[2026-07-03, 15 h 05 min 09 s] Ann: x", 15 * 60 + 5),
        ("2026-07-03, 3:05\u202fnm. - Ann: x", 15 * 60 + 5),
        ("03/07/2026, 3:05 ከሰዓት - Ann: x", 15 * 60 + 5),
        ("3/7/26, 15:05 น. - Ann: x", 15 * 60 + 5),
        ("٣‏/٧‏/٢٠٢٦، ٣:٠٥ م - Ann: x", 15 * 60 + 5),
        ("03.07.2026 15:05 – Ann: x", 15 * 60 + 5),
    ],
)
def test_an_entry_begins_with_a_date_and_a_time_in_many_languages(line, second):
    entry = read_entry(line)
    assert entry.second // 60 == second
    assert sender_and_text(entry.rest) == ("Ann", "x")


@pytest.mark.parametrize(
    "line",
    ["", "12:30 - tea", "3/4 of it - next: blue", "[x] done: yes", "see 3/7/2026 at 9:05 - Ann: x",
     "3/7/2026, 25:05 - Ann: x", "3/7/2026, 13:05 PM - Ann: x", "3/7/2026 with 9:05 - Ann: x",
     "[3/7/2026, 9:05 - Ann: x", "1234567 - 9:05: x"],
)  # fmt: skip
def test_other_lines_belong_to_the_message_before(line):
    assert read_entry(line) is None


def test_a_line_that_begins_in_another_way_than_the_file_belongs_to_the_message_before(tmp_path):
    pasted = "[13/07/2026, 09:00:10] Bob: x\n7/13/26, 9:01 AM - Bob: x\n"
    text = f"13/07/2026, 09:00 - Ann: look:\n{pasted}13/07/2026, 09:05 - Bob: x\n"
    assert len(taken(tmp_path, text)[1]) == 2


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("Ann: x: y", ("Ann", "x: y")),
        ("Ann:", ("Ann", "")),
        ("~\u202fAnn: x", ("Ann", "x")),
        ("+44 7700 900000: x", ("+44 7700 900000", "x")),
        ("O'Brien: x", ("O'Brien", "x")),
        ('Ann changed the group name from "Old: plan" to "x"', None),
        ("Ann hat den Namen von „Old: plan“ zu „x“ geändert.", None),
        ("Ann изменил(-а) название с «Old: plan» на «x»", None),
        ("Ann created group “x”", None),
        ("You're now an admin", None),
    ],
)
def test_a_notice_has_no_sender_also_where_a_group_s_name_has_a_colon(rest, said):
    assert sender_and_text(rest) == said


def test_notices_of_ios_that_look_like_messages_do_not_count(tmp_path):
    notices = [
        f"Kite club: {MARK}Messages and calls are end-to-end encrypted.",
        f"Kite club: {MARK}You added Bob",
        f"Ann: {MARK}Ann changed the group name to “x”",
        f"Bob: {MARK}You pinned a message",
        f"Bob: {MARK}Missed voice call, {MARK}Tap to call back",
        f"Kite club: {MARK}Disappearing messages were turned on.",
        f"Ann: {MARK}Your security code with Bob changed. Tap to learn more.",
    ]
    messages = [
        "Ann: he added the lamp and removed Bob, then left the group",
        "Ann: Messages and calls are end-to-end encrypted.",
        f"Bob: {MARK}image omitted",
        f"Bob: {MARK}<attached: 00000012-PHOTO-2026-07-13-09-09-00.jpg>",
        f"Bob: {MARK}This message was deleted.",
        f"Ann: {MARK}You deleted this message.",
        f"Ann: {MARK}Location: https://maps.google.com/?q=1,2",
        f"Ann: plan.pdf • {MARK}3 pages {MARK}document omitted",
        f"Bob: {MARK}POLL:",
        f"Ann: x {MARK}<This message was edited>",
        f"{MARK}Bob: x"[1:],
    ]
    _, found, tally = taken(tmp_path, ios(*notices, *messages))
    assert (tally.service, len(found)) == (len(notices), len(messages))


def test_a_chat_of_two_counts_pictures_of_the_partner_whose_name_the_notice_has(tmp_path):
    entries = [
        f"Bob: {MARK}Messages and calls are end-to-end encrypted.",
        f"Bob: {MARK}image omitted",
        f"Bob: {MARK}<Anhang: 00000012-PHOTO-2026-07-13-09-09-00.jpg>",
        "Ann: x",
    ]
    _, found, tally = taken(tmp_path, ios(*entries))
    assert (tally.service, len(found)) == (1, 3)
    _, found, tally = taken(tmp_path, ios(*entries, "Bob: x"))
    assert (tally.service, len(found)) == (1, 4)


def test_the_group_is_no_sender_also_where_the_marks_are_lost(tmp_path):
    text = ios(
        "Kite club: Messages and calls are end-to-end encrypted.", "Kite club: Bob added you", *("Ann: x", "Bob: y") * 3
    )
    _, messages, tally = read(write_text(tmp_path / "WhatsApp Chat - Kite club.txt", text))
    assert (len(messages), tally.service) == (6, 2)
    two = ios(*("Kite club: x", "Ann: y") * 3)
    assert len(read(write_text(tmp_path / "WhatsApp Chat - Kite club.txt", two))[1]) == 6


def test_deleted_messages_and_those_without_media_were_sent(tmp_path):
    said = [
        "This message was deleted",
        "You deleted this message",
        "<Media omitted>",
        "IMG-20260713-WA0001.jpg (file attached)",
        "null",
    ]
    text = "".join(f"13/07/2026, 09:0{number} - Ann: {each}\n" for number, each in enumerate(said))
    assert len(taken(tmp_path, text)[1]) == len(said)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("WhatsApp Chat with Kite club.txt", "Kite club"),
        ("WhatsApp Chat - Kite club.txt", "Kite club"),
        ("WhatsApp-Chat mit Kite club.txt", "Kite club"),
        ("Chat de WhatsApp con Kite club (1).txt", "Kite club"),
        ("Conversa do WhatsApp com Kite club.txt", "Kite club"),
        ("Discussion WhatsApp avec Kite club.txt", "Kite club"),
        ("Чат WhatsApp с контактом Kite club.txt", "Kite club"),
        ("WhatsApp Chat - Kite club/_chat.txt", "Kite club"),
        ("notes.txt", None),
    ],
)
def test_the_title_is_what_the_file_s_name_says(tmp_path, name, title):
    chat, _, _ = read(write_text(tmp_path / name, samples.whatsapp("android-24h")))
    assert chat.chat.title == title


def test_the_title_of_a_renamed_ios_file_is_that_of_the_group_that_speaks_in_it(tmp_path):
    chat, _, _ = read(write_text(tmp_path / "notes.txt", samples.whatsapp("ios-german")))
    assert chat.chat.title == samples.TITLE


def test_of_several_chats_in_a_folder_one_is_chosen_by_its_title(tmp_path):
    for title in ("Kite club", "Other"):
        write_text(tmp_path / "x" / f"WhatsApp Chat with {title}.txt", samples.whatsapp("android-24h"))
    assert "several chats" in refusal(tmp_path / "x")
    assert read(tmp_path / "x", chat_id="Other")[0].chat.title == "Other"


def test_a_file_that_whatsapp_cut_covers_nothing_before_its_first_whole_hour(tmp_path):
    lines = [
        f"{13 + number // 14400:02}/07/2026, {number // 600 % 24:02}:{number // 10 % 60:02} - Ann: x\n"
        for number in range(39_600)
    ]
    chat, _, tally = taken(tmp_path, "".join(lines[13:]))
    assert chat.since == pd.Timestamp("2026-07-12T22:00Z")
    assert "40,000" in tally.notes[0]
    chat, _, tally = taken(tmp_path, "".join(lines[13:30_000]))
    assert (chat.since, tally.notes) == (None, [])
    for attached in ("IMG-20260713-WA0001.jpg (file attached)", "plan.pdf (Datei angehängt)"):
        first = [line.replace("x", attached) for line in lines[:10]]
        assert taken(tmp_path, "".join([*first, *lines[10:9_950]]))[0].since is not None


def test_a_file_without_a_zone_asks_for_one(tmp_path):
    assert "--file-timezone" in refusal(write_text(tmp_path / "x.txt", samples.whatsapp("android-24h")), timezone=None)


def test_a_message_of_any_length_is_one(tmp_path):
    long = Sent("2026-07-06 19:00:00", 1, "13/07/2026 " * 40_000 + "\n" * 1000)
    _, messages, _ = read(write_text(tmp_path / "x.txt", samples.whatsapp("android-24h", [*MESSAGES, long])))
    assert len(messages) == len(MESSAGES) + 1


def test_the_same_words_on_android_are_a_message_of_a_member_and_a_notice_without_one(tmp_path):
    text = f"13/07/2026, 09:00 - {ENGLISH[0]}\n13/07/2026, 09:00 - Ann: {ENGLISH[0]}\n"
    assert len(taken(tmp_path, text)[1]) == 1
