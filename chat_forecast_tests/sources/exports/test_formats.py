"""Every format gives the same messages, at the same times, of the same people."""

import json
import re
import zipfile
from contextlib import suppress
from datetime import timedelta

import pandas as pd
import pytest

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.detect import read_file, resolve
from chat_forecast_tests.sources import export_samples as samples
from chat_forecast_tests.sources.export_samples import FILES, MESSAGES, TITLE, ZONE, write_text, write_zip

ZIPPED = [
    "whatsapp-ios-zip",
    "whatsapp-android-zip",
    "slack",
    "signal-backup",
    "signal-export",
    "google-chat",
    "telegram-html",
]
CHOSEN = {"signal-backup": TITLE}


def read(path, chat_id=None, timezone=ZONE, date_order=None, together=()):
    """The one chat of a file."""
    tally = Tally()
    chats = read_file(
        resolve(path), timezone=timezone, chat_id=chat_id, tally=tally, progress=lambda _done: None, date_order=date_order,
        together=together,
    )  # fmt: skip
    (chat,) = chats
    return chat, pd.concat(list(chat.batches), ignore_index=True), tally


def refusal(path, **asked):
    with pytest.raises(RefusedFileError) as caught:
        read(path, **asked)
    return str(caught.value).removeprefix(f"{path}: ")


def times(messages, exactly="second"):
    """When messages were sent, in order."""
    return sorted(messages["sent_at"].dt.floor("min" if exactly == "minute" else "s"))


def expected(exactly="second"):
    floor = {"second": 0, "minute": 60}[exactly]
    return sorted(pd.Timestamp(each.utc - timedelta(seconds=each.utc.second if floor else 0)) for each in MESSAGES)


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_each_message_once_at_its_time_and_of_its_sender(tmp_path, name):
    exactly, write = FILES[name]
    chat, messages, tally = read(write(tmp_path), chat_id=CHOSEN.get(name))
    assert times(messages, exactly) == expected(exactly)
    ours = sorted(sum(each.who == who for each in MESSAGES) for who in range(3))
    assert sorted(messages["sender"].value_counts()) == ours
    assert messages["message_id"].dropna().is_unique
    assert tally.service > 0 or name in ("google-chat", "tdl-raw")
    assert chat.partial is None


@pytest.mark.parametrize("name", FILES)
def test_what_a_format_is_does_not_depend_on_the_file_s_name(tmp_path, name):
    _, write = FILES[name]
    written = write(tmp_path / "there")
    renamed = tmp_path / f"renamed{written.suffix}"
    written.rename(renamed)
    assert len(read(renamed, chat_id=CHOSEN.get(name))[1]) == len(MESSAGES)


@pytest.mark.parametrize("name", ZIPPED)
def test_an_unpacked_archive_is_read_as_the_archive(tmp_path, name):
    _, write = FILES[name]
    path = write(tmp_path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / f"{path.stem} unpacked")
    assert len(read(tmp_path / f"{path.stem} unpacked", chat_id=CHOSEN.get(name))[1]) == len(MESSAGES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_is_refused_or_has_only_whole_entries(tmp_path, name):
    _, write = FILES[name]
    path = write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))].rstrip())
    if name.startswith(("whatsapp", "sigtop-text")) and path.suffix == ".txt":
        _, messages, tally = read(path)
        assert "last line has no end" in tally.notes[0]
        assert set(times(messages, FILES[name][0])) < set(expected(FILES[name][0]))
    else:
        assert re.search(r"in the middle|damaged|was cut", refusal(path, chat_id=CHOSEN.get(name)))


def test_the_ids_of_telegram_s_chats_and_messages_are_the_same_from_every_program(tmp_path):
    names = ("tdl-raw", "telethon-lines", "telethon-list", "scraper-json", "scraper-csv", "telegram-html")
    found = {name: read(FILES[name][1](tmp_path / name)) for name in names}
    assert {tuple(sorted(messages["message_id"])) for _, messages, _ in found.values()} == {tuple(range(100, 110))}
    assert {chat.chat.chat_id for name, (chat, _, _) in found.items() if name.startswith(("tdl", "telethon"))} == {
        samples.CHAT_ID
    }
    by_name = {name: set(messages["sender"].astype(str)) for name, (_, messages, _) in found.items()}
    assert by_name["tdl-raw"] == by_name["telethon-list"] == {"user70", "user71", "user72"}
    assert by_name["scraper-csv"] == {"70", "71", "72"}


def test_a_chat_with_an_id_of_text_has_a_number_of_its_own(tmp_path):
    made = {
        room: write_text(tmp_path / f"{room[1:5]}.json", json.dumps(samples.matrix(room=room)))
        for room in ("!one:x", "!two:x")
    }
    numbers = {room: read(path)[0].chat.chat_id for room, path in made.items()}
    assert len(set(numbers.values())) == 2
    assert all(0 < number < 2**62 for number in numbers.values())


def test_nothing_of_signal_s_secrets_is_kept(tmp_path):
    chat, messages, _ = read(FILES["signal-backup"][1](tmp_path), chat_id=TITLE)
    kept = f"{chat.chat} {chat.chat!r} {messages.to_csv()} {messages['sender'].cat.categories.tolist()}"
    assert not [secret for secret in samples.SECRETS if secret in kept]


@pytest.mark.parametrize(
    ("name", "until"),
    [
        ("discord-json", "2026-07-07T07:00:00.123456Z"),
        ("signal-backup", "2026-07-07T06:00:00Z"),
        ("matrix", None),
        ("slack", None),
    ],
)
def test_a_file_that_says_when_it_was_made_covers_all_until_then(tmp_path, name, until):
    chat, _, _ = read(FILES[name][1](tmp_path), chat_id=CHOSEN.get(name))
    assert chat.until == (None if until is None else pd.Timestamp(until))


def test_a_discord_export_of_a_range_covers_that_range(tmp_path):
    asked = {"after": "2026-07-01T00:00:00+03:00", "before": "2026-07-06T20:00:00+03:00"}
    chat, _, _ = read(write_text(tmp_path / "x.json", json.dumps(samples.discord(dateRange=asked))))
    assert (chat.since, chat.until) == (pd.Timestamp("2026-06-30T21:00Z"), pd.Timestamp("2026-07-06T17:00Z"))


def test_of_several_chats_one_is_asked_for_and_found_by_its_id_or_its_title(tmp_path):
    path = FILES["signal-backup"][1](tmp_path)
    said = refusal(path)
    assert "several chats. Choose one with --chat-id:" in said
    assert "9  Kite club  10 messages" in said
    for wanted in ("9", TITLE, TITLE.upper()):
        assert len(read(path, chat_id=wanted)[1]) == len(MESSAGES)
    assert len(read(path, chat_id="8")[1]) == 1
    assert "no chat with the id or the name 10" in refusal(path, chat_id="10")


def test_slack_s_channels_are_chosen_and_one_without_days_does_not_count(tmp_path):
    parts = samples.slack()
    lists = [{"id": "C1", "name": "kites"}, {"id": "C2", "name": "empty"}, {"id": "C3", "name": "late"}]
    parts |= {
        "channels.json": json.dumps(lists),
        "late/2026-07-05.json": json.dumps([samples.slack_message(MESSAGES[0], 0)]),
    }
    path = write_zip(tmp_path / "x.zip", parts)
    assert re.search(r"C1  kites  4 days.*\n  C3  late  1 day$", refusal(path))
    assert len(read(path, chat_id="#late")[1]) == 1
    assert read(path, chat_id="C1")[0].chat.written_id == "C1"


def parts_of_discord(folder, *numbers):
    """An export in two parts, of which some are written."""
    halves = {1: MESSAGES[:6], 2: MESSAGES[6:]}
    names = {1: "x [200].json", 2: "x [200] [part 2].json"}
    return [write_text(folder / names[each], json.dumps(samples.discord(halves[each]))) for each in numbers]


def test_a_part_of_a_discord_export_is_named_partial_when_another_one_is_missing(tmp_path):
    first, second = parts_of_discord(tmp_path / "both", 1, 2)
    assert "part 2 is missing" in read(first)[0].partial
    assert "part 1 is missing" in read(second)[0].partial
    assert read(first, together=(first, second))[0].partial is None
    assert read(second, together=(first, second))[0].partial is None
    (alone,) = parts_of_discord(tmp_path / "alone", 2)
    assert "part 1 is missing" in read(alone)[0].partial
    chat, messages, _ = read(tmp_path / "both")
    assert chat.partial is None
    assert times(messages) == expected()


def test_a_discord_export_that_lacks_entries_is_named_partial(tmp_path):
    for count, words in ((99, "holds 99 entries, but there are 14"), (None, "does not say how many")):
        path = write_text(tmp_path / "x.json", json.dumps(samples.discord(messageCount=count)))
        assert words in read(path)[0].partial


def test_an_html_export_without_some_page_is_named_partial(tmp_path):
    pages = samples.html(a_page=3)
    names = list(pages)
    for missing, words in ((names[0], "messages.html is missing"), (names[1], "messages2.html is missing")):
        path = write_zip(tmp_path / "x.zip", {name: page for name, page in pages.items() if name != missing})
        assert words in read(path)[0].partial
    alone = write_text(tmp_path / "messages.html", pages[names[0]])
    assert "messages2.html is missing" in read(alone)[0].partial


def test_the_wall_times_of_html_are_of_the_zone_in_summer_too_although_it_writes_the_offset_of_winter(tmp_path):
    chat, messages, _ = read(write_zip(tmp_path / "x.zip", samples.html(offset=" UTC+02:00")))
    assert times(messages) == expected()
    assert messages["sent_at"].min() == pd.Timestamp("2026-07-02T21:00:05Z")
    assert "UTC+01:00" in refusal(write_zip(tmp_path / "y.zip", samples.html(offset=" UTC+01:00")))
    assert chat.chat.chat_id is None


def test_a_dump_of_tdl_without_times_or_of_media_alone_says_how_to_export_it(tmp_path):
    content = samples.tdl(has_raw=False)
    for entry in content["messages"]:
        del entry["date"]
    assert "--all --with-content" in refusal(write_text(tmp_path / "x.json", json.dumps(content)))
    content = samples.tdl()
    for entry in content["messages"]:
        entry["file"] = "a.png"
    assert "--all" in read(write_text(tmp_path / "x.json", json.dumps(content)))[0].partial


def test_messages_of_telethon_without_a_sender_are_of_the_channel_or_of_the_partner(tmp_path):
    entries = samples.telethon()[1:4]
    for entry in entries:
        entry["from_id"] = None
    _, messages, _ = read(write_text(tmp_path / "channel.json", json.dumps(entries)))
    assert set(messages["sender"]) == {f"channel{samples.CHAT_ID}"}
    for number, entry in enumerate(entries):
        entry |= {"peer_id": {"_": "PeerUser", "user_id": 7}, "out": number == 0}
    _, messages, _ = read(write_text(tmp_path / "private.json", json.dumps(entries)))
    assert messages["sender"].astype(object).fillna("").tolist() == ["", "user7", "user7"]


def test_a_chat_that_signal_export_appended_twice_is_read_once(tmp_path):
    twice = samples.signal_export() + samples.signal_export()
    assert times(read(write_text(tmp_path / "data.json", twice))[1]) == expected()


def test_sigtop_s_json_without_times_asks_for_its_text(tmp_path):
    assert "-f text" in refusal(write_text(tmp_path / "x.json", samples.sigtop_json(sent_at=None)))


def test_dates_of_google_in_another_language_are_refused(tmp_path):
    parts = {name: text.replace("July", "Juli") for name, text in samples.google().items()}
    assert "English" in refusal(write_zip(tmp_path / "x.zip", parts))


def test_telegram_s_own_export_is_read_inside_of_an_archive(tmp_path):
    entries = [
        {"id": 1, "type": "message", "date": "2026-07-03T00:00:05", "date_unixtime": "1783025205", "from_id": "user1"}
    ]
    content = {"name": "x", "type": "private_supergroup", "id": 5, "messages": entries}
    path = write_zip(tmp_path / "x.zip", {"ChatExport/result.json": json.dumps(content), "ChatExport/photos/a.jpg": "x"})
    chat, messages, _ = read(path)
    assert (chat.chat.chat_id, len(messages)) == (5, 1)


def test_of_several_exports_of_telegram_one_is_asked_for_and_a_folder_need_not_be_unpacked(tmp_path):
    parts = {f"ChatExport_{number}/result.json": "{}" for number in (1, 2)}
    assert "it holds 2 exports. Unpack it, and import one result.json" in refusal(write_zip(tmp_path / "x.zip", parts))
    for name in parts:
        (tmp_path / "all" / name).parent.mkdir(parents=True)
        (tmp_path / "all" / name).touch()
    assert "it holds 2 exports. Import one result.json" in refusal(tmp_path / "all")


ODD = {
    "discord-json": lambda: (
        samples.discord() | {"messages": [{**samples.discord()["messages"][0], "type": [1], "author": [2]}]}
    ),
    "matrix": lambda: (
        samples.matrix() | {"messages": [{"room_id": "x", "event_id": [], "type": {}, "origin_server_ts": []}]}
    ),
    "telethon": lambda: [{**samples.telethon()[0], "_": "Message", "date": [], "from_id": 5}, {"_": []}, {}],
    "sigtop": lambda: [{"conversationId": [], "type": [], "sent_at": 1}],
    "scraper": lambda: [{**samples.scraper()[1], "date": 5, "sender_id": [], "message": {}, "media_type": []}],
    "tdl": lambda: {"id": [], "messages": [{"id": [], "type": [], "file": {}, "date": 5, "raw": []}]},
    "google": lambda: {"messages": [{"creator": [], "created_date": None, "message_id": 5}]},
}


@pytest.mark.parametrize("name", ODD)
def test_values_of_other_types_than_a_program_writes_are_passed_over_or_refused(tmp_path, name):
    path = write_text(tmp_path / "x.json", json.dumps(ODD[name]()))
    with suppress(RefusedFileError):
        assert len(read(path)[1]) <= 1


def test_bytes_that_are_no_text_harm_nothing(tmp_path):
    content = json.dumps(samples.matrix(), ensure_ascii=False).encode().replace(b"so be it", b"so \x99\xff it")
    path = tmp_path / "x.json"
    path.write_bytes(content.replace(b'"room_id"', b'"room\x99": 1, "room_id"'))
    assert times(read(path)[1]) == expected()


def test_what_a_file_cannot_hold_is_noted(tmp_path):
    assert "disappearing" in read(FILES["signal-backup"][1](tmp_path), chat_id=TITLE)[2].notes[0]
    assert "delete the file" in read(FILES["signal-backup"][1](tmp_path), chat_id=TITLE)[2].notes[1]
    whole = samples.matrix()
    assert "does not begin with the room" in read(write_text(tmp_path / "x.json", json.dumps(whole)))[2].notes[0]
    first = {**whole["messages"][0], "type": "m.room.create", "state_key": ""}
    assert (
        read(write_text(tmp_path / "x.json", json.dumps(whole | {"messages": [first, *whole["messages"]]})))[2].notes == []
    )
