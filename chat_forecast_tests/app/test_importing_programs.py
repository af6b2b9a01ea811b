"""Exports of other programs in an archive: joined, replaced, refused, and what the report says."""

import csv
from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest

from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions
from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.exports.export_format import SeveralChatsError
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.sources import export_samples as samples
from chat_forecast_tests.sources.export_samples import FILES, MESSAGES, TITLE, ZONE, Sent, write_text, write_zip
from chat_forecast_tests.sources.message_files import chat, entry, write_json

CHOSEN = {"signal-backup": TITLE}
OTHER = MESSAGES[5:] + MESSAGES[:5]
"""Under the ids of the others."""


@pytest.fixture
def archive(tmp_path):
    return Archive(str(tmp_path / "home"), "kites")


def do_import(archive, *files, timezone=ZONE, **options):
    said = ImportOptions(**options)
    return import_files(archive, files, timezone=timezone, pseudonyms=Pseudonyms(b"a key of the tests"), options=said)


def sent(archive):
    return sorted(archive.read().messages["sent_at"])


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_every_format_is_imported_once_and_what_it_spans_is_covered(archive, tmp_path, name):
    path = FILES[name][1](tmp_path)
    report = do_import(archive, path, chat_id=CHOSEN.get(name))
    assert (report.new, report.duplicates) == (len(MESSAGES), 0)
    before = Path(archive.url).read_bytes()
    again = do_import(archive, path, chat_id=CHOSEN.get(name))
    assert (again.new, again.duplicates) == (0, len(MESSAGES))
    assert Path(archive.url).read_bytes() == before
    (span,) = archive.read_intervals.intervals
    assert span[0] == min(sent(archive))
    assert span[1] >= max(sent(archive))
    stored = archive.read().messages
    assert stored["sender"].str.fullmatch("[0-9a-f]{16}").all()


@pytest.mark.parametrize("name", FILES)
def test_neither_names_nor_texts_nor_secrets_are_stored(archive, tmp_path, name):
    do_import(archive, FILES[name][1](tmp_path), chat_id=CHOSEN.get(name))
    stored = b"".join(path.read_bytes() for path in Path(archive.url).parent.rglob("*") if path.is_file())
    written = ["Ann Lee", "Zoë", "so be it", "the lamp", *samples.SECRETS]
    assert not [each for each in written if each.encode() in stored]


def half(folder, style, messages, name=f"WhatsApp Chat with {TITLE}.txt"):
    return write_text(folder / name, samples.whatsapp(style, messages))


def test_a_newer_export_of_whatsapp_stands_for_the_hours_that_it_covers_whichever_is_imported_first(tmp_path):
    """Bob has another name in the newer one, which has seconds, and begins within an hour."""
    older = half(tmp_path / "older", "android-24h", MESSAGES[:7])
    renamed = samples.whatsapp("ios-german", MESSAGES[2:]).replace("Bob:", "Robert:")
    newer = write_text(tmp_path / "newer" / f"WhatsApp Chat - {TITLE}.txt", renamed)
    found = []
    for number, order in enumerate(permutations((older, newer))):
        archive = Archive(str(tmp_path / f"home{number}"), "kites")
        for path in order:
            do_import(archive, path)
        found.append(archive.read().messages)
        assert sum(record.messages for record in archive.ledger.imports) == len(MESSAGES)
        (span,) = archive.read_intervals.intervals
        assert span == (found[-1]["sent_at"].min(), found[-1]["sent_at"].max())
    pd.testing.assert_frame_equal(*found)
    expected = [pd.Timestamp(each.utc) for each in MESSAGES]
    assert [each.floor("h") for each in sorted(found[0]["sent_at"])] == sorted(each.floor("h") for each in expected)


def test_the_report_says_what_was_replaced(archive, tmp_path):
    do_import(archive, half(tmp_path / "a", "android-24h", MESSAGES[:7]))
    report = do_import(archive, half(tmp_path / "b", "ios-german", MESSAGES))
    assert report.replaced == 7
    assert report.new == len(MESSAGES)
    assert any(line.startswith("7 messages of older exports left out") for line in report.lines("kites"))


def test_the_hour_in_which_a_newer_export_begins_stays_with_the_older_one_if_that_has_all_of_it(archive, tmp_path):
    hour = [Sent(f"2026-07-03 12:{minute:02}:30", minute % 3) for minute in range(0, 60, 10)]
    around = [Sent("2026-07-03 10:00:00", 1), *hour, Sent("2026-07-03 14:00:00", 2), Sent("2026-07-17 14:00:00", 2)]
    do_import(archive, half(tmp_path / "a", "android-24h", around))
    late = [*hour[3:], *around[-2:], Sent("2026-07-18 09:00:00", 0)]
    do_import(archive, half(tmp_path / "b", "ios-german", late))
    assert len(sent(archive)) == len(around) + 1
    assert archive.ledger.imports[0].messages == 7


def test_a_replaced_file_can_be_imported_again_when_what_replaced_it_is_out(archive, tmp_path):
    older, newer = half(tmp_path / "a", "android-24h", MESSAGES[:7]), half(tmp_path / "b", "ios-german", MESSAGES)
    do_import(archive, older)
    do_import(archive, newer)
    assert do_import(archive, older).new == 0
    archive.change(lambda contents: contents.without_import(2))
    report = do_import(archive, older)
    assert report.new == 7
    assert len(sent(archive)) == 7


OTHERS = {
    "whatsapp-android-24h": lambda folder: half(folder, "android-24h", MESSAGES, name="WhatsApp Chat with Other.txt"),
    "discord-json": lambda folder: write_json(folder / "x.json", samples.discord(channel="200000000000000002")),
    "discord-csv-iso": lambda folder: write_text(folder / "x [200000000000000002].csv", samples.discord_csv("iso")),
    "slack": lambda folder: write_zip(folder / "x.zip", samples.slack(channel="C9")),
    "matrix": lambda folder: write_json(folder / "x.json", samples.matrix(room="!other:example.org")),
    "google-chat": lambda folder: write_zip(folder / "x.zip", samples.google(space="Space BBB")),
    "tdl-raw": lambda folder: write_json(folder / "x.json", samples.tdl(chat_id=5)),
    "telethon-list": lambda folder: write_json(folder / "x.json", samples.telethon(chat_id=5)),
    "signal-export": lambda folder: write_zip(folder / "x.zip", {"signal-chats/Other/data.json": samples.signal_export()}),
    "sigtop-text": lambda folder: write_text(folder / "x.txt", samples.sigtop_text().replace(TITLE, "Other")),
    "sigtop-json": lambda folder: write_text(folder / "x.json", samples.sigtop_json(conversationId="c-2")),
    "telegram-html": lambda folder: write_zip(folder / "x.zip", samples.html(OTHER)),
    "scraper-json": lambda folder: write_json(folder / "x.json", samples.scraper(OTHER)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_chat_of_the_same_program_is_refused_unless_a_person_says_that_it_is_the_same(archive, tmp_path, name):
    do_import(archive, FILES[name][1](tmp_path / "this"))
    (tmp_path / "other").mkdir()
    other = OTHERS[name](tmp_path / "other")
    with pytest.raises(RefusedFileError, match="another name"):
        do_import(archive, other)
    do_import(archive, other, is_same_chat=True)


@pytest.mark.parametrize("name", ["whatsapp-android-24h", "discord-json", "slack", "signal-export", "matrix", "google-chat"])
def test_a_chat_of_another_program_is_refused(archive, tmp_path, name):
    do_import(archive, write_json(tmp_path / "result.json", chat(entry(1, 0))))
    with pytest.raises(RefusedFileError, match="but kites is one of Telegram"):
        do_import(archive, FILES[name][1](tmp_path))


def test_people_tell_two_chats_apart_that_have_no_title(archive, tmp_path):
    do_import(archive, half(tmp_path, "android-24h", MESSAGES, name="a.txt"))
    strangers = samples.whatsapp("android-24h").replace("Ann Lee:", "Eve:").replace("Bob:", "Dan:")
    with pytest.raises(RefusedFileError, match="only 1 of its 3 senders"):
        do_import(archive, write_text(tmp_path / "b.txt", strangers))
    elsewhen = [Sent(f"{each.at[:14]}{(int(each.at[14:16]) + 7) % 60:02}:00", each.who) for each in MESSAGES]
    with pytest.raises(RefusedFileError, match="in the same minute by the same person"):
        do_import(archive, half(tmp_path, "android-24h", elsewhen, name="c.txt"))


def test_the_programs_of_telegram_extend_one_chat(archive, tmp_path):
    for name in ("tdl-raw", "telethon-list", "scraper-csv", "telegram-html"):
        report = do_import(archive, FILES[name][1](tmp_path / name))
    assert report.duplicates == len(MESSAGES)
    assert len(sent(archive)) == len(MESSAGES)


def test_discord_s_json_and_its_csv_are_one_chat(archive, tmp_path):
    do_import(archive, FILES["discord-json"][1](tmp_path))
    assert do_import(archive, FILES["discord-csv-iso"][1](tmp_path)).new == 0


def test_a_partial_export_is_refused_with_what_to_do_and_taken_when_a_person_accepts_it(archive, tmp_path):
    path = write_json(tmp_path / "x.json", samples.discord(messageCount=99))
    with pytest.raises(RefusedFileError, match="--accept-partial"):
        do_import(archive, path)
    assert do_import(archive, path, is_partial_accepted=True).new == len(MESSAGES)
    assert archive.read_intervals.intervals[-1][1] == max(sent(archive))


def test_the_parts_of_a_discord_export_are_imported_together(archive, tmp_path):
    first = write_json(tmp_path / "x [2].json", samples.discord(MESSAGES[:6]))
    second = write_json(tmp_path / "x [2] [part 2].json", samples.discord(MESSAGES[6:]))
    with pytest.raises(RefusedFileError, match="part 2 is missing"):
        do_import(archive, first)
    assert do_import(archive, second, first).new == len(MESSAGES)


def test_several_chats_are_listed_in_the_refusal(archive, tmp_path):
    with pytest.raises(SeveralChatsError) as refused:
        do_import(archive, FILES["signal-backup"][1](tmp_path))
    assert [(each.id, each.title, each.messages) for each in refused.value.chats] == [("8", "Bob", 1), ("9", TITLE, 10)]


def test_silences_are_real_where_ids_do_not_count_one_by_one(archive, tmp_path):
    many = [Sent(f"2026-07-{3 + number // 20:02} {number % 20:02}:00:00", number % 3) for number in range(200)]
    do_import(archive, write_json(tmp_path / "x.json", samples.discord(many[:100] + many[180:])))
    assert len(archive.read_intervals.intervals) == 1


SHARED = Path(__file__).parents[3] / "../shared/data/formats"
FILES_OF_OTHERS = sorted(path for path in SHARED.glob("*") if path.suffix in (".txt", ".json", ".jsonl", ".csv", ".zip"))
ABSENT = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the files of other programs, ../shared/data/formats")


def truth():
    with (SHARED / "truth.csv").open() as file:
        return {pd.Timestamp(row["hour_local"]): int(row["count"]) for row in csv.DictReader(file) if int(row["count"])}


@ABSENT
@pytest.mark.parametrize(
    "path", [path for path in FILES_OF_OTHERS if not path.name.startswith("truth")], ids=lambda path: path.name
)
def test_every_shared_file_has_the_messages_of_each_hour(archive, path):
    try:
        do_import(archive, path, timezone="Europe/Moscow")
    except SeveralChatsError as several:
        do_import(archive, path, timezone="Europe/Moscow", chat_id=max(several.chats, key=lambda each: each.messages).id)
    hours = archive.read().messages["sent_at"].dt.tz_convert("Europe/Moscow").dt.floor("h")
    assert hours.value_counts().to_dict() == truth()


@ABSENT
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("discord_cut_in_the_middle.json", "in the middle"),
        ("tdl_default_no_dates.json", "--all --with-content"),
        ("wa_day_month_undecidable.txt", "--date-order"),
        ("wa_android_deleted.txt", None),
        ("telegram_html_phone_call.zip", None),
    ],
)
def test_every_shared_odd_file_is_read_or_refused_as_it_should_be(archive, name, words):
    path = SHARED / "edge" / name
    if words is None:
        assert (
            do_import(archive, path, timezone="Europe/Moscow").new
            == {"wa_android_deleted.txt": 6, "telegram_html_phone_call.zip": 2}[name]
        )
        return
    with pytest.raises(RefusedFileError, match=words):
        do_import(archive, path)
