import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from io import FileIO
from itertools import chain
from pathlib import Path

import fsspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast import large_columns
from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions
from chat_forecast.domain import external_sort
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.errors import ChatForecastError
from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.sources.message_files import account, chat, entry, instant, service, write_json

PSEUDONYMS = Pseudonyms(b"a key of the tests")
JUNE = datetime(2023, 6, 1, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path):
    return Archive(str(tmp_path / "home"), "my-chat")


def do_import(archive, *files, timezone="UTC", now=None, progress=None, live=(), **options):
    """Import; what a person says stands in ``options``."""
    said = ImportOptions(**options)
    return import_files(
        archive, files, timezone=timezone, pseudonyms=PSEUDONYMS, options=said, live=live, now=now, progress=progress
    )


def stored(archive):
    """The bytes of the archive, None without one."""
    filesystem, path = fsspec.core.url_to_fs(archive.url)
    return filesystem.cat_file(path) if filesystem.exists(path) else None


def export(path, *minutes, first_id=1):
    """An export with messages of user1 so many minutes after the start."""
    return write_json(path, chat(*(entry(first_id + place, each) for place, each in enumerate(minutes))))


def test_an_import_reports_what_it_took_and_what_it_passed_over(archive, tmp_path):
    entries = [service(1, -9000), entry(2, 0), {"id": 3, "type": "unsupported"}, entry(4, 60 * 40), service(5, 9000)]
    path = write_json(tmp_path / "result.json", chat(*entries))
    report = do_import(archive, path, timezone="Europe/Moscow")
    first, second, third = (LocalDay.parse(f"2023-05-0{number}", "Europe/Moscow") for number in (1, 2, 3))
    assert (report.new, report.duplicates, report.service, report.unsupported) == (2, 0, 2, 1)
    assert (report.first_message, report.last_message) == (instant(0), instant(60 * 40))
    assert report.covered == ((second, second),)
    assert report.partly_covered == ((first, first), (third, third))
    assert report.not_covered == ()
    assert report.bytes_read == path.stat().st_size
    assert report.lines("my-chat") == [
        "2 new messages, 0 already known",
        "from 2023-05-01 12:17 to 2023-05-03 04:17 (Europe/Moscow)",
        "passed over: 2 service entries, 1 without a date or of an unknown kind",
        "days covered: 1 (2023-05-02)",
        "days covered in part: 2 (2023-05-01, 2023-05-03)",
        "days not covered: none",
    ]


def test_an_old_service_entry_does_not_make_years_of_quiet_days(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "result.json", chat(service(1, -2_000_000), entry(2, 0), entry(3, 60))))
    assert archive.read_intervals == ReadIntervals.of((instant(0), instant(60)))


def test_the_days_between_two_files_are_not_covered(archive, tmp_path):
    day = 24 * 60
    april, may = export(tmp_path / "a.json", 0, 3 * day), export(tmp_path / "b.json", 6 * day, 9 * day, first_id=9)
    report = do_import(archive, april, may)
    assert [(first.key, last.key) for first, last in report.not_covered] == [("2023-05-05", "2023-05-06")]
    assert "days not covered: 2 (2023-05-05 to 2023-05-06)" in report.lines("my-chat")


def test_the_same_file_twice_changes_nothing(archive, tmp_path):
    path = export(tmp_path / "result.json", 0, 1, 2)
    do_import(archive, path)
    before = stored(archive)
    report = do_import(archive, path, path)
    assert (report.new, report.duplicates) == (0, 6)
    assert stored(archive) == before


def test_an_old_file_without_ids_and_an_export_of_the_same_chat_do_not_count_twice(archive, tmp_path):
    minutes = [0, 0, 0, 5, 60]
    rows = "".join(f"{instant(each)}\t1\tword\n" for each in minutes[:4])
    old = tmp_path / "messages.tsv"
    old.write_text("datetime\tuser_id\ttext\n" + rows)
    new = export(tmp_path / "result.json", *minutes)
    assert do_import(archive, old).new == 4
    assert do_import(archive, new).new == 1
    assert archive.read().messages["message_id"].tolist() == [1, 2, 3, 4, 5]
    assert do_import(archive, old).new == 0


@pytest.mark.parametrize("sender", ["user5", 5])
def test_a_person_is_the_same_in_every_format(archive, tmp_path, sender):
    write_json(tmp_path / "a.json", chat(entry(1, 0, sender)))
    (tmp_path / "b.csv").write_text(f"sent_at,message_id,sender\n{instant(1)},2,user5\n")
    (tmp_path / "c.tsv").write_text(f"datetime\tuser_id\ttext\n{instant(2)}\t5\tx\n{instant(3)}\t\tx\n")
    senders = pd.array([5, None], dtype="Int32")
    pd.DataFrame({"sent_at": [instant(4), instant(5)], "sender": senders}).to_parquet(tmp_path / "d.parquet")
    do_import(archive, *sorted(tmp_path.glob("?.*")))
    found = archive.read().messages["sender"]
    assert found.dropna().unique().tolist() == [PSEUDONYMS.of("user5")]
    assert found.isna().tolist() == [False, False, False, True, False, True]


def test_neither_texts_nor_names_are_stored(archive, tmp_path):
    do_import(archive, write_json(tmp_path / "result.json", chat(entry(1, 0, "user987654", text="a secret word"))))
    messages = archive.read().messages.to_csv()
    for secret in (b"secret", b"Somebody", b"987654"):
        assert secret not in stored(archive)
        assert secret.decode() not in messages


def test_times_at_clock_changes_are_counted_in_the_report(archive, tmp_path):
    local = ["2023-03-26T02:30:00", "2023-10-29T02:50:00", "2023-10-29T02:10:00"]
    entries = [{"id": n, "type": "message", "date": each, "from_id": "user1"} for n, each in enumerate(local)]
    report = do_import(archive, write_json(tmp_path / "result.json", chat(*entries)), timezone="Europe/Berlin")
    assert (report.ambiguous_times, report.shifted_times) == (2, 1)
    assert any(line.startswith("clock changes: 2 messages") for line in report.lines("my-chat"))
    assert archive.read().messages["sent_at"].is_monotonic_increasing
    assert archive.read().messages["message_id"].tolist() == [0, 1, 2]


def test_one_message_is_stored_though_it_covers_nothing(archive, tmp_path):
    report = do_import(archive, export(tmp_path / "result.json", 0))
    assert report.new == 1
    assert archive.read_intervals.is_empty
    assert "days not covered: 1 (2023-05-01)" in report.lines("my-chat")


def test_a_folder_stands_for_the_export_in_it(archive, tmp_path):
    export(tmp_path / "result.json", 0, 1)
    assert do_import(archive, tmp_path).new == 2


def test_progress_goes_up_to_the_bytes_of_all_files(archive, tmp_path):
    seen = []
    files = [export(tmp_path / "a.json", *range(2000)), tmp_path / "b.csv"]
    files[1].write_text(f"sent_at\n{instant(0)}\n")
    do_import(archive, *files, progress=lambda done, total: seen.append((done, total)))
    total = sum(path.stat().st_size for path in files)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (total, total)


def test_a_great_file_is_read_in_pieces_and_in_order(archive, tmp_path):
    count = 120_000
    path = tmp_path / "messages.csv"
    path.write_text("sent_at,message_id\n" + "".join(f"{instant(0)},{number}\n" for number in range(count)))
    assert do_import(archive, path).new == count
    assert archive.read().messages["message_id"].tolist() == list(range(count))


def in_any_order(name):
    """Entries with ids and times, some of other kinds, as a file may have them."""
    entries = [entry(number, number * 7 + (number % 5 == 0) * 30, f"user{number % 11}") for number in range(2, 300)]
    entries[50:90] = [service(number, number * 7) for number in range(52, 92)]
    match name:
        case "reversed":
            entries.reverse()
        case "mixed":
            entries = entries[1::2] + entries[::2]
        case "repeated":
            entries += entries[:20]
        case "one at no time":
            entries[120] = {**entries[120], "date": "1970-01-01T00:00:00", "date_unixtime": "0"}
    return chat(*entries)


@pytest.mark.parametrize("name", ["as it was", "reversed", "mixed", "repeated", "one at no time"])
def test_what_lies_on_the_disk_on_the_way_is_imported_as_what_lies_in_memory(archive, tmp_path, monkeypatch, name):
    path, later = write_json(tmp_path / "all.json", in_any_order(name)), export(tmp_path / "later.json", 5000, first_id=900)
    reports, contents = [], []
    for rows, block in ((1 << 18, 1 << 18), (20, 32)):
        monkeypatch.setattr(large_columns, "ROWS_IN_MEMORY", rows)
        monkeypatch.setattr(external_sort, "BLOCK_ROWS", block)
        home = Archive(str(tmp_path / str(rows)), "my-chat")
        reports.append([do_import(home, path), do_import(home, later), do_import(home, path)])
        contents.append(stored(home))
        assert sorted(each.name for each in Path(home.url).parent.iterdir()) == [".messages.lock", "messages.parquet"]
    assert reports[0] == reports[1]
    assert contents[0] == contents[1]


def test_a_full_disk_on_the_way_changes_nothing(archive, tmp_path, monkeypatch):
    do_import(archive, export(tmp_path / "good.json", 0, 1))
    before = stored(archive)
    monkeypatch.setattr(large_columns, "ROWS_IN_MEMORY", 20)
    monkeypatch.setattr(large_columns, "open_nameless", lambda _folder: FileIO("/dev/full", "r+"))
    with pytest.raises(ChatForecastError, match=r"put aside there \(No space left on device\)\. Nothing was imported"):
        do_import(archive, export(tmp_path / "new.json", *range(5, 300)))
    assert stored(archive) == before


GREAT = """
import sys
from pathlib import Path
from chat_forecast import large_columns
from chat_forecast.app.importing import import_files
from chat_forecast.domain import external_sort
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage import archive_writing
from chat_forecast.storage.archive import Archive
from chat_forecast_tests.memory import megabytes
archive_writing.GROUP_ROWS = external_sort.BLOCK_ROWS = large_columns.ROWS_IN_MEMORY = 1 << 15
key, archive = Pseudonyms(b"a key of the tests"), Archive(sys.argv[1] + ".home", "my-chat")
for file in sys.argv[1:]:
    import_files(archive, [Path(file)], timezone="UTC", pseudonyms=key)
print(megabytes("VmHWM"))
"""


def great_export(path, numbers):
    """An export with as many messages, of which nothing is there but what is read."""
    form = '{{"id":{0},"type":"message","date_unixtime":"{1}","from_id":"user{2}"}}'
    entries = ",\n".join(form.format(number, 10**9 + 300 * number, number % 99) for number in numbers)
    path.write_text(f'{{"name":"x","type":"public_supergroup","id":1,"messages":[{entries}]}}')
    return path


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("in order", 10),
        pytest.param("reversed", 10, marks=pytest.mark.sweep),
        pytest.param("overlapping", 30, marks=pytest.mark.sweep),
    ],
)
def test_the_peak_of_an_import_does_not_grow_with_the_messages(tmp_path, kind, most):
    """Held in memory, these messages are 14 MB, and 130 MB where they are joined with others."""
    peaks = []
    for count in (100_000, 800_000):
        numbers = range(1, count + 1)
        parts = {
            "in order": [numbers],
            "reversed": [numbers[::-1]],
            "overlapping": [numbers[: -count // 3], numbers[count // 3 :]],
        }
        files = [great_export(tmp_path / f"{count}-{place}.json", part) for place, part in enumerate(parts[kind])]
        done = subprocess.run([sys.executable, "-c", GREAT, *files], check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < most


REFUSED = {
    "messages.html": (b"<!DOCTYPE html>\n<html>", "HTML export.*Machine-readable JSON"),
    "result.json": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "Git LFS pointer.*git lfs pull",
    ),
    "other/result.json": (b'{"results": []}', "no Telegram Desktop export: found the keys results"),
    "cut/result.json": (b'{"name": "x", "messages": [{"id": 1, "type"', "ends in the middle, at byte 43"),
    "empty.json": (b"", "it is empty"),
    "blank.csv": (b" \n\n", "it is empty"),
    "text.json": (b"hello", "no Telegram Desktop export"),
    "no-messages.json": (json.dumps(chat(service(1, 0))).encode(), "no message with a date.*Is it the right chat"),
    "header.csv": (b"sent_at,sender\n", "no message with a date"),
    "export.zip": (b"PK\x03\x04rest", "zip.*damaged"),
    "result.json.gz": (b"\x1f\x8brest", "gzip.*Unpack"),
    "photo.jpg": (b"\xff\xd8\xff\xe0", "no known format.*WhatsApp.*a table"),
    "wide.csv": ("sent_at\n".encode("utf-16"), "UTF-16.*UTF-8"),
    "wide.json": ('{"name": 1}'.encode("utf-16-le"), "UTF-16.*UTF-8"),
    "film.mp4": (b"\0\0\0\x18ftyp", "no known format"),
    "columns.csv": (b"a,b\n1,2\n", "found the columns a, b. Expected a column sent_at"),
    "when.csv": (b"sent_at\nyesterday\n", "row 1 has a time that is none"),
    "1970.csv": (b"sent_at\n1970-01-01 00:00:00Z\n", "1970-01-01 00:00: before any chat"),
    "year-0.csv": (b"sent_at\n0000-00-00 00:00:00Z\n", "0000-00-00 00:00:00Z: before any chat"),
    "future.csv": (b"sent_at\n2023-06-03 00:00:00Z\n", "2023-06-03 00:00: in the future"),
    "messages.parquet": (b"PAR1 and no more", "no readable Parquet file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_file_is_named_with_what_to_do_and_nothing_changes(archive, tmp_path, name):
    content, words = REFUSED[name]
    good = export(tmp_path / "good.json", 0, 1)
    do_import(archive, good)
    before = stored(archive)
    path = tmp_path / "bad" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(RefusedFileError, match=words) as caught:
        do_import(archive, export(tmp_path / "new.json", 5, 6, first_id=5), path, now=JUNE)
    assert str(caught.value).startswith(f"{path}: ")
    assert stored(archive) == before


def test_an_import_that_is_interrupted_changes_nothing(archive, tmp_path):
    do_import(archive, export(tmp_path / "good.json", 0, 1))
    before = stored(archive)

    def interrupt(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        do_import(archive, export(tmp_path / "new.json", *range(5, 3000)), progress=interrupt)
    assert stored(archive) == before


def test_messages_of_the_present_day_are_not_in_the_future_anywhere(archive, tmp_path):
    path = tmp_path / "messages.csv"
    path.write_text("sent_at\n2023-06-01 23:59:59-12:00\n")
    assert do_import(archive, path, now=JUNE).new == 1


def test_what_is_not_there_or_cannot_be_used_is_refused(archive, tmp_path):
    with pytest.raises(RefusedFileError, match="no such file"):
        do_import(archive, tmp_path / "nothing.json")
    with pytest.raises(RefusedFileError, match=r"without a result\.json"):
        do_import(archive, tmp_path)
    (tmp_path / "messages.html").touch()
    with pytest.raises(RefusedFileError, match="HTML export"):
        do_import(archive, tmp_path)
    with pytest.raises(ChatForecastError, match="no time zone Europe/Moskow"):
        do_import(archive, export(tmp_path / "result.json", 0), timezone="Europe/Moskow")
    (tmp_path / "local.csv").write_text("sent_at\n2023-05-01 09:00:00\n")
    with pytest.raises(RefusedFileError, match="--file-timezone"):
        do_import(archive, tmp_path / "local.csv", timezone=None)
    assert stored(archive) is None


def test_a_chat_of_an_account_is_chosen_by_its_id(archive, tmp_path):
    path = write_json(tmp_path / "result.json", account([chat(entry(1, 0), chat_id=1)], [chat(entry(1, 0), chat_id=2)]))
    with pytest.raises(RefusedFileError, match="several chats"):
        do_import(archive, path)
    assert do_import(archive, path, chat_id=2).new == 1


MINUTES = [0, 0, 3, 3, 3, 10, 700, 1500, 1500, 4000]


@pytest.fixture(scope="module")
def all_parts(tmp_path_factory):
    """Every stretch of a small chat as an export, as CSV with ids, and as the original pipeline's file."""
    folder = tmp_path_factory.mktemp("parts")
    parts = {}
    for first, last in ((0, 9), (0, 4), (1, 6), (3, 8), (5, 9), (7, 7)):
        rows = [(1 + place, MINUTES[place]) for place in range(first, last + 1)]
        name = f"{first}-{last}"
        parts[name, "json"] = export(folder / f"{name}.json", *(each for _, each in rows), first_id=first + 1)
        parts[name, "csv"] = folder / f"{name}.csv"
        parts[name, "csv"].write_text(
            "\n".join(["sent_at,message_id,sender", *(f"{instant(m)},{n},user1" for n, m in rows)])
        )
        parts[name, "tsv"] = folder / f"{name}.tsv"
        parts[name, "tsv"].write_text("\n".join(["datetime\tuser_id\ttext", *(f"{instant(m)}\t1\tx" for _, m in rows)]))
    return list(parts.values())


@pytest.mark.sweep
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_order_repetition_and_grouping_of_imports_do_not_change_what_is_known(all_parts, data):
    files = data.draw(st.lists(st.sampled_from(all_parts), min_size=1, max_size=5))
    again = data.draw(st.permutations([*files, *files[:2]]))
    cut = data.draw(st.integers(0, len(again) - 1))
    root = f"memory://{uuid.uuid4().hex}"
    at_once, in_turns = Archive(root, "at-once"), Archive(root, "in-turns")
    do_import(at_once, *files)
    for some in filter(None, (again[:cut], again[cut:])):
        do_import(in_turns, *some)
    first, second = at_once.read(), in_turns.read()
    assert first.messages.equals(second.messages)
    assert first.read_intervals == second.read_intervals


SHARED = Path(__file__).parents[2] / "../shared"
EXPORTS = SHARED / "data/exports"
CHATS = SHARED / "data/chats"
NOT_TAKEN = {
    "2020-01.json": "several chats(.|\n)*8123123123 .* 26 messages(.|\n)*9333333333 .* 1 message",
    "2021-07.json": "no message with a date",
    "2025-03_service-photo-size.json": "no message with a date",
    "2025-12.json": "several chats(.|\n)*123123123 .* 3 messages(.|\n)*123456789 .* 1 message",
}


def _entries(path, chat_id=None):
    """The entries of an export's chat, by the standard library."""
    content = json.loads(path.read_text())
    lists = (content[key]["list"] for key in ("chats", "left_chats") if key in content)
    chats = [content] if "messages" in content else list(chain.from_iterable(lists))
    return [found for each in chats if chat_id in (None, each["id"]) for found in each["messages"]]


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="needs the real exports in ../shared/data/exports")
@pytest.mark.parametrize("path", sorted(EXPORTS.rglob("*.json")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_real_export_is_imported_or_refused_with_the_right_words(archive, tmp_path, path):
    chat_ids = [None]
    if path.name in NOT_TAKEN:
        with pytest.raises(RefusedFileError, match=NOT_TAKEN[path.name]):
            do_import(archive, path, timezone="Europe/Moscow")
        assert stored(archive) is None
        several = "several" in NOT_TAKEN[path.name]
        chat_ids = [each["id"] for each in json.loads(path.read_text())["chats"]["list"]] if several else []
    for chat_id in chat_ids:
        chats = Archive(str(tmp_path), str(chat_id))
        report = do_import(chats, path, timezone="Europe/Moscow", chat_id=chat_id)
        kinds = [found["type"] for found in _entries(path, chat_id)]
        assert (report.new, report.service, report.unsupported) == (
            kinds.count("message"),
            kinds.count("service"),
            kinds.count("unsupported"),
        )
        own = [found["id"] for found in _entries(path, chat_id) if found["type"] == "message" and found["id"] > 0]
        if not chats.ledger.imports[0].chat.has_account_ids:
            ids = chats.read().messages["message_id"]
            assert sorted(ids[ids > 0]) == sorted(own)


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="needs the real exports in ../shared/data/exports")
def test_all_19_real_exports_are_there():
    assert len(list(EXPORTS.rglob("*.json"))) == 19


@pytest.mark.skipif(not CHATS.is_dir(), reason="needs the real chats in ../shared/data/chats")
@pytest.mark.parametrize(
    "name", ["tg-seed-yarolit", "tg-blitz", "discord-mesh-ripplegui", "matrix-ogolne-pl", "slack-elm-general"]
)
def test_real_chats_are_imported_with_and_without_ids(archive, name):
    path = CHATS / f"{name}.parquet"
    history = pd.read_parquet(path)
    assert do_import(archive, path).new == len(history)
    found = archive.read()
    assert sorted(found.messages["sent_at"]) == sorted(history["sent_at"])
    assert found.messages["sender"].nunique() == history["sender"].nunique()
    assert found.read_intervals == ReadIntervals.of((history["sent_at"].min(), history["sent_at"].max()))
    before = stored(archive)
    assert do_import(archive, path).new == 0
    assert stored(archive) == before
