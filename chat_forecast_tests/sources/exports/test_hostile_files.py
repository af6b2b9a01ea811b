"""Kinds of files that once led to a traceback, a hang, or a full memory: each is read, or refused in a sentence."""

import io
import json
import os
import random
import resource
import subprocess
import sys
import zipfile
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.app.reading_files import ImportOptions, read_chats
from chat_forecast.sources.exports import telegram_desktop
from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.json_stream import BrokenJsonError, JsonStream
from chat_forecast.sources.pseudonyms import Pseudonyms, identity_of
from chat_forecast_tests.sources.message_files import chat, entry

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ENTRIES = [entry(number, number) for number in range(1, 41)]
ROWS = [f"2023-05-01T10:{number:02d}:00Z,u{number % 3}" for number in range(40)]
ZONES = ("UTC", "America/New_York", "Asia/Tokyo")


def read(path, timezone="UTC"):
    """How many messages there are, and how many were passed over because of their times."""
    tally = Tally()
    found = read_chats(path, timezone, ImportOptions(), Pseudonyms(b"k" * 32), NOW, tally, lambda _done: None)
    return sum(len(each.messages) for each in found), tally.impossible


def refusal(path, timezone="UTC"):
    with pytest.raises(RefusedFileError) as refused:
        read(path, timezone)
    assert str(path) in str(refused.value)
    return str(refused.value)


def with_entry(path, changed, **raw):
    """An export whose twentieth entry is another one; ``raw`` stands in it as it is, whatever JSON says."""
    entries = [*ENTRIES[:19], {**changed, **dict.fromkeys(raw, "@@")}, *ENTRIES[20:]]
    text = json.dumps(chat(*entries))
    for value in raw.values():
        text = text.replace('"@@"', value, 1)
    path.write_text(text)
    return path


def table(path, *rows, header="sent_at,sender"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize("place", ["top", "before the messages", "in an entry", "entry"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_ten_thousand_brackets_are_refused(tmp_path, place, opening, closing):
    deep = opening * 10_000 + "1" + closing * 10_000
    path = tmp_path / "chat.json"
    match place:
        case "top":
            path.write_text(deep)
        case "before the messages":
            path.write_text(f'{{"extra": {deep}, "messages": {json.dumps(ENTRIES)}}}')
        case "in an entry":
            with_entry(path, ENTRIES[19], text=deep)
        case "entry":
            path.write_text(f'{{"messages": [{json.dumps(ENTRIES[0])}, {deep}]}}')
    said = refusal(path)
    assert "nested too deeply" in said or "expected JSON that begins with {" in said


@pytest.mark.parametrize("key", ["id", "date_unixtime", "from_id", "text"])
def test_integers_of_five_thousand_digits_are_refused(tmp_path, key):
    assert "thousands of digits" in refusal(with_entry(tmp_path / "chat.json", ENTRIES[19], **{key: "9" * 5000}))


def test_a_sender_of_five_thousand_digits_is_one(tmp_path):
    assert read(with_entry(tmp_path / "chat.json", ENTRIES[19] | {"from_id": "9" * 5000})) == (40, 0)
    assert identity_of("9" * 5000) == "9" * 5000


FAR = [253_402_300_800, -62_135_596_801, -62_167_219_200, 99_999_999_999, 2**62, -(2**62), 0]


@pytest.mark.parametrize("seconds", FAR)
def test_a_unix_time_of_no_year_that_a_chat_can_have_is_passed_over(tmp_path, seconds):
    for value in (seconds, str(seconds)):
        assert read(with_entry(tmp_path / "chat.json", ENTRIES[19] | {"date_unixtime": value})) == (39, 1)
        service = ENTRIES[19] | {"type": "service", "action": "migrate_from_group", "date_unixtime": value}
        assert read(with_entry(tmp_path / "chat.json", service)) == (39, 0)
    assert read(table(tmp_path / "chat.csv", *ROWS, f"{seconds},u1")) == (40, 1)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "1e300", "nan", "inf", "9" * 5000])
def test_a_unix_time_that_is_no_number_of_64_bits_is_refused(tmp_path, value):
    assert "date_unixtime" in refusal(with_entry(tmp_path / "chat.json", ENTRIES[19] | {"date_unixtime": value}))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("time", ["0000-01-01T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_times_of_the_first_and_last_years_are_passed_over(tmp_path, time, zone):
    local = {key: value for key, value in ENTRIES[19].items() if key != "date_unixtime"} | {"date": time}
    assert read(with_entry(tmp_path / "chat.json", local), zone) == (39, 1)
    assert read(with_entry(tmp_path / "chat.json", local | {"type": "service"}), zone) == (39, 0)
    for ending in ("", "Z", "+14:00", "-12:00"):
        assert read(table(tmp_path / "chat.csv", *ROWS, f"{time}{ending},u1"), zone) == (40, 1)
    said = refusal(table(tmp_path / "chat.csv", *[f"{time},u1"] * 30), zone)
    assert "30 of its 30 messages have a time that cannot be right" in said


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("value", [2**62, -(2**62)])
def test_parquet_times_of_no_calendar_are_passed_over(tmp_path, unit, value, zone):
    now = 1_682_935_810 * {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    for of_file in (None, "UTC", zone):
        # Parquet has no seconds, and of milliseconds it can hold what fits.
        fits = value if unit != "s" else value // 10**3
        times = pa.array([now] * 39 + [fits], pa.int64()).cast(pa.timestamp(unit, of_file))
        pq.write_table(pa.table({"sent_at": times}), tmp_path / "chat.parquet")
        assert read(tmp_path / "chat.parquet", zone) == (39, 1)


@pytest.mark.parametrize("time", ["20230501T101010Z", "20230501T1010Z", "20230501T101010+0000", "20230501T101010"])
def test_iso_times_without_marks_are_read(tmp_path, time):
    assert read(table(tmp_path / "chat.csv", *ROWS, f"{time},u1")) == (41, 0)
    assert read(table(tmp_path / "chat.csv", *[f"{time},u1"] * 3)) == (3, 0)


@pytest.mark.parametrize("offset", ["+99:99", "+25:00", "-1500", " UTC+99", " Factory", " localtime"])
def test_an_offset_that_no_zone_has_is_refused(tmp_path, offset):
    refusal(table(tmp_path / "chat.csv", *ROWS, f"2023-05-01T10:10:10{offset},u1"))


def test_digits_of_other_scripts_are_no_time(tmp_path):
    assert "has a time that is none" in refusal(table(tmp_path / "chat.csv", *ROWS, "٢٠٢٣-٠٥-٠١T١٠:١٠:١٠Z,u1"))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([1.0, 2.5] * 20), "fractional numbers"),
        (pa.array([float("inf"), None] * 20), "fractional numbers"),
        (pa.array([1e300] * 40), "fractional numbers"),
        (pa.array([b"\xff"] * 40), "bytes"),
        (pa.array([[1]] * 40), "mixed"),
        (pa.array([2**31 - 1] * 40, pa.int32()).cast(pa.date32()), "out of range"),
    ],
)
def test_senders_that_are_none_are_refused(tmp_path, column, kind):
    times = pa.array([1_682_935_810 + number for number in range(40)])
    pq.write_table(pa.table({"sent_at": times, "sender": column}), tmp_path / "chat.parquet")
    assert kind in refusal(tmp_path / "chat.parquet")
    pq.write_table(pa.table({"sent_at": times, "message_id": column}), tmp_path / "chat.parquet")
    refusal(tmp_path / "chat.parquet")


def test_senders_that_are_whole_numbers_are_read_though_some_are_missing(tmp_path):
    columns = {"sent_at": [1_682_935_810] * 40, "sender": pa.array([5.0, None] * 20)}
    pq.write_table(pa.table(columns), tmp_path / "chat.parquet")
    assert read(tmp_path / "chat.parquet") == (40, 0)


@pytest.mark.parametrize("name", ["sent_at", "sender", "message_id"])
def test_a_column_that_is_there_twice_is_refused(tmp_path, name):
    names = ["sent_at", "sender", "message_id", name]
    rows = [",".join(["2023-05-01T10:00:00Z", "u1", "1", "1"])] * 3
    assert f"two columns {name}" in refusal(table(tmp_path / "chat.csv", *rows, header=",".join(names)))
    columns = [pa.array([1_682_935_810 + number for number in range(40)])] * 4
    pq.write_table(pa.Table.from_arrays(columns, names=names), tmp_path / "chat.parquet")
    assert f"two columns {name}" in refusal(tmp_path / "chat.parquet")


def test_flipped_bits_of_a_parquet_file_lead_to_no_other_count(tmp_path):
    times = pa.array([1_682_935_810 * 10**6 + number for number in range(40)], pa.timestamp("us", "UTC"))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(pa.table({"sent_at": times, "sender": ["a"] * 40}).to_pandas()), out)
    whole, chance, refused = out.getvalue(), random.Random(1), []  # noqa: S311 - no secret
    path = tmp_path / "chat.parquet"
    for _ in range(200):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        try:
            assert sum(read(path)) == 40
        except RefusedFileError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert all(str(path) in said for said in refused)


def test_the_place_of_a_fault_is_right_behind_bytes_that_are_no_utf8():
    data = b'["' + b"\xff\xc3" * 2000 + b'", x]' + b" " * 100
    for window in (7, 100, 1 << 17):
        with pytest.raises(BrokenJsonError) as caught:
            list(JsonStream(io.BytesIO(data), window=window).values())
        assert caught.value.position == data.index(b"x]")


def test_a_title_that_is_no_utf8_can_be_stored(tmp_path):
    path = tmp_path / "chat.json"
    path.write_bytes(json.dumps(chat(*ENTRIES, name="\ud800")).replace("A chat", "x").encode().replace(b"Somebody", b"\xff"))
    found = read_chats(path, "UTC", ImportOptions(), Pseudonyms(b"k" * 32), NOW, Tally(), lambda _done: None)
    assert found[0].found.chat.title == "?"


MEMORY_SCRIPT = """
import sys
from pathlib import Path
from chat_forecast_tests.memory import megabytes
from chat_forecast_tests.sources.exports.test_hostile_files import refusal
for name in sys.argv[1:]:
    said = refusal(Path(name)).removeprefix(name)
    print(megabytes("VmHWM"), said)
"""


def test_more_chats_than_an_account_can_have_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(telegram_desktop, "_MOST_CHATS", 100)
    path = tmp_path / "chats.json"
    path.write_text('{"chats": {"list": [' + "{}," * 100 + "{}]}}")
    assert "more than 100 chats" in refusal(path)


def sparse(path, before, size, after=b""):
    """A file with a hole, which takes no place and reads as zeros."""
    with path.open("wb") as file:
        file.write(before)
        file.seek(size)
        file.write(after)
    return path


def bombs(folder):
    """Files that would fill the memory -> what is said of each."""
    row = b"2023-05-01T10:10:10Z,a\n"
    start = f'{{"messages": [{json.dumps(ENTRIES[0])}, '.encode()
    (folder / "columns.csv").write_bytes(b"sent_at," + b"a," * 10_000_000 + b"\n" + row)
    (folder / "row.csv").write_bytes(b"sent_at,sender\n" + row + b"a," * 10_000_000 + b"\n")
    sparse(folder / "field.csv", b"sent_at,sender\n" + row + row[:-2], 1 << 28, b"\n" + row)
    sparse(folder / "quote.csv", b"sent_at,sender\n" + row + row[:-2] + b'"', 2 << 30, b'"\n' + row)
    sparse(folder / "text.json", start + b'{"type": "message", "text": "', 2 << 30, b'"}]}')
    sparse(folder / "key.json", b'{"', 2 << 30, b'": 1}')
    (folder / "keys.json").write_bytes(b"{" + b'"a": 1,' * 10_000 + b'"b": 1}')
    with zipfile.ZipFile(folder / "zeros.zip", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("messages.txt", bytes(64 << 20))
    with zipfile.ZipFile(folder / "names.zip", "w") as file:
        for number in range(25_000):
            file.writestr(f"{number}{'x' * 200}", "")
    nothing = pa.table({"sent_at": pa.nulls(4_000_000, pa.int64())})
    pq.write_table(nothing, folder / "rows.parquet", row_group_size=4_000_000)
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), pa.array(["x" * (1 << 20)]))
    pq.write_table(pa.table({"sent_at": [1_682_935_810] * 50_000, "sender": long}), folder / "sender.parquet")
    return {
        "columns.csv": "its first line is too long",
        "row.csv": "rows longer than any message",
        "field.csv": "rows longer than any message",
        "quote.csv": "rows longer than any message|has a time that is none",
        "text.json": "a part longer than any message",
        "key.json": "a part longer than any message",
        "keys.json": "more than 1000 keys",
        "zeros.zip": "a zip archive",
        "names.zip": "a zip archive",
        "rows.parquet": "4000000 rows in a few bytes",
        "sender.parquet": "a text longer than",
    }


def test_no_file_fills_the_memory(tmp_path):
    expected = bombs(tmp_path)
    command = [sys.executable, "-c", MEMORY_SCRIPT, *(str(tmp_path / name) for name in expected)]
    limit = 8 << 30  # an error then, instead of a machine that stands still
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for (name, why), line in zip(expected.items(), ended.stdout.splitlines(), strict=True):
        peak, said = line.split(" ", 1)
        assert any(each in said for each in why.split("|")), (name, said)
        assert int(peak) < 500, (name, peak)
