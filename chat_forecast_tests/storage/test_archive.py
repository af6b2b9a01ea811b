import multiprocessing
import shutil
import subprocess
import sys
import uuid
import weakref
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import identify, merge_batches
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage import archive_writing
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast.storage.archive_ledger import Ledger
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.damage import spoil_texts
from chat_forecast_tests.factories import make_messages

START = pd.Timestamp("2023-05-01T00:00Z")
SAMPLE = Path(__file__).parents[1] / "samples" / "v0_1_0"


def after(minutes):
    return START + pd.Timedelta(minutes=minutes)


def batch(*minutes, first_id=1, **more):
    """The import of a file with messages that many minutes after the start."""
    messages = make_messages([after(each) for each in minutes], first_id=first_id)
    return NewImport(MessageBatch(messages, ReadIntervals.of((after(minutes[0]), after(minutes[-1])))), **more)


@pytest.fixture(params=["local", "memory"])
def archive(request, tmp_path):
    """An empty archive, on the disk and on another file system."""
    root = str(tmp_path) if request.param == "local" else f"memory://{uuid.uuid4().hex}"
    return Archive(root, "my-chat")


def test_an_archive_that_is_not_there_is_empty(archive):
    assert not archive.is_there
    assert archive.read_intervals.is_empty
    assert archive.read().messages.empty
    with pytest.raises(FileNotFoundError):
        archive.read_window(after(0), after(1))


def test_each_of_hundreds_of_imports_is_known_by_the_messages_that_it_brought(archive):
    number = 140  # more sets of imports than one byte can number
    assert archive.add(*(batch(minute, first_id=minute + 1) for minute in range(number))) == number
    assert archive.add(batch(*range(number))) == 0
    contents = archive.contents()
    assert [len(contents.only_of(record.number)) for record in contents.ledger.imports] == [0] * (number + 1)
    left = contents.without_import(number + 1)
    assert [left.only_of(record.number)["message_id"].tolist() for record in left.ledger.imports] == [
        [each + 1] for each in range(number)
    ]


def test_of_a_great_archive_one_row_group_at_a_time_is_made(archive, monkeypatch):
    monkeypatch.setattr(archive_writing, "GROUP_ROWS", 2)
    made, alive, make = list[weakref.ref](), [], archive_writing._row_group

    def counted(*arguments):
        alive.append(sum(table() is not None for table in made))
        made.append(weakref.ref(table := make(*arguments)))
        return table

    monkeypatch.setattr(archive_writing, "_row_group", counted)
    archive.add(batch(*range(7)))
    assert alive == [0, 0, 0, 0]
    assert archive.read().messages["message_id"].tolist() == list(range(1, 8))


def test_what_is_added_is_read_and_counted_once(archive):
    assert archive.add(batch(0, 5, 10)) == 3
    assert archive.add(batch(5, 10, 15, first_id=2)) == 1
    assert archive.is_there
    found = archive.read()
    assert found.messages["message_id"].tolist() == [1, 2, 3, 4]
    assert {name: str(dtype) for name, dtype in found.messages.dtypes.items()} == MESSAGE_DTYPES
    assert found.read_intervals == archive.read_intervals == ReadIntervals.of((after(0), after(15)))


def test_a_stretch_between_two_readings_is_not_covered(archive):
    archive.add(batch(0, 60))
    archive.add(batch(120, 180, first_id=3))
    assert archive.read_intervals == ReadIntervals.of((after(0), after(60)), (after(120), after(180)))


def test_adding_the_same_again_does_not_touch_the_file(tmp_path):
    archive = Archive(str(tmp_path), "my-chat")
    archive.add(batch(0, 5))
    path = tmp_path / "my-chat/archive/messages.parquet"
    before = path.stat()
    assert archive.add(batch(0, 5)) == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_coverage_alone_is_added_too(archive):
    archive.add(batch(0, 5))
    assert archive.add(NewImport(MessageBatch(read_intervals=ReadIntervals.of((after(0), after(9)))))) == 0
    assert archive.read_intervals == ReadIntervals.of((after(0), after(9)))


def test_a_window_holds_its_first_instant_and_not_its_last(archive):
    archive.add(batch(0, 5, 10, 15))
    found = archive.read_window(after(5), after(15))
    assert found.messages["sent_at"].tolist() == [after(5), after(10)]
    assert found.read_intervals == ReadIntervals.of((after(5), after(15)))


def test_a_window_outside_covers_nothing(archive):
    archive.add(batch(0, 5))
    for start, end in ((-10, -5), (6, 10)):
        found = archive.read_window(after(start), after(end))
        assert found.messages.empty
        assert {name: str(dtype) for name, dtype in found.messages.dtypes.items()} == MESSAGE_DTYPES
        assert found.read_intervals.is_empty


@settings(max_examples=50, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 200), min_size=1, max_size=60),
    cuts=st.lists(st.integers(-10, 220), min_size=2, max_size=8),
    rows=st.integers(1, 9),
)
def test_windows_read_in_a_row_are_the_whole_cut_into_pieces(minutes, cuts, rows):
    archive = Archive(f"memory://{uuid.uuid4().hex}", "my-chat")
    whole = batch(*sorted(minutes))
    archive.add(whole)
    bounds = [after(cut) for cut in sorted(cuts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chat_forecast.storage.archive.BATCH_ROWS", rows)
        windows = list(archive.read_windows(pairwise(bounds)))
    found, expected = merge_batches(windows), archive.read_window(bounds[0], bounds[-1])
    assert found.messages.equals(expected.messages)
    assert sum(len(window.messages) for window in windows) == len(expected.messages)
    assert found.read_intervals == expected.read_intervals


@pytest.mark.parametrize("change", ["cut", "foreign", "no coverage", "spoilt text", "spoilt text of a great archive"])
def test_a_damaged_or_foreign_archive_is_named_and_left_alone(tmp_path, change, monkeypatch):
    archive = Archive(str(tmp_path), "my-chat")
    archive.add(batch(0, 5))
    path = tmp_path / "my-chat/archive/messages.parquet"
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif change == "foreign":
        pq.write_table(pa.table({"word": ["a"]}), path)
    elif "spoilt" in change:
        monkeypatch.setattr("chat_forecast.storage.archive.goes_aside", lambda _rows: "great" in change)
        spoil_texts(path)
    else:
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    content = path.read_bytes()
    uses = [archive.read, lambda: archive.add(batch(0)), lambda: archive.read_window(after(0), after(1))]
    if "spoilt" not in change:  # which needs no text to be read
        uses.append(lambda: archive.read_intervals)
    for use in uses:
        with pytest.raises(
            StoredFileError,
            match=r"messages.parquet is (damaged|not what its place says).*chat-forecast import (my-chat|CHAT) FILE",
        ):
            use()
    assert path.read_bytes() == content


def _add(root, number):
    return Archive(root, "my-chat").add(batch(number, first_id=number))


def test_processes_that_add_at_once_lose_nothing(tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(_add, [str(tmp_path)] * 12, range(12))) == [1] * 12
    assert Archive(str(tmp_path), "my-chat").read().messages["message_id"].tolist() == list(range(12))


# The ledger.


def numbers(archive):
    """The imports that brought each message."""
    contents = archive.contents()
    return [sorted(contents.ledger.sets[place]) for place in contents.set_codes]


def test_each_message_knows_which_imports_brought_it(archive):
    archive.add(batch(0, 5, 10, file="a"), at=START.to_pydatetime())
    archive.add(batch(5, 10, 15, first_id=2, file="b"), batch(20, 25, first_id=9, file="c"))
    assert numbers(archive) == [[1], [1, 2], [1, 2], [2], [3], [3]]
    found = [(record.number, record.file, record.messages, record.new) for record in archive.ledger.imports]
    assert found == [(1, "a", 3, 3), (2, "b", 3, 1), (3, "c", 2, 2)]
    assert archive.ledger.imports[0].imported_at == START


def test_an_import_taken_out_goes_with_what_it_alone_brought(archive):
    archive.add(batch(0, 5, 10, file="a"))
    archive.add(batch(5, 10, 15, first_id=2, file="b"))
    archive.change(lambda contents: contents.without_import(1))
    assert archive.read().messages["message_id"].tolist() == [2, 3, 4]
    assert archive.read_intervals == ReadIntervals.of((after(5), after(15)))
    archive.add(batch(0, 5, file="c"))
    assert [record.number for record in archive.ledger.imports] == [2, 3]  # a number is never used again
    assert numbers(archive) == [[3], [2, 3], [2], [2]]
    for number in (2, 3):
        archive.change(lambda contents, number=number: contents.without_import(number))
    assert not archive.is_there
    assert archive.ledger == Ledger()


def made(*seconds, **more):
    """The import of a file without ids, of one sender."""
    lines = pd.DataFrame(
        {
            "message_id": pd.array([None] * len(seconds), dtype="Int64"),
            "sent_at": pd.DatetimeIndex([START + pd.Timedelta(seconds=each) for each in seconds]).as_unit("us"),
            "sender": pd.Series(["a" * 16] * len(seconds), dtype="str"),
        }
    )
    return NewImport(MessageBatch(identify(lines)), **more)


def real(*seconds, first_id=1, **more):
    """The same lines with ids."""
    times = [START + pd.Timedelta(seconds=each) for each in seconds]
    return NewImport(MessageBatch(make_messages(times, first_id=first_id).assign(sender="a" * 16)), **more)


def test_a_message_that_gets_its_real_id_later_is_still_of_the_import_that_brought_it_first(archive):
    archive.add(made(0, 0, 7, file="a"))
    archive.add(real(0, first_id=5, file="b"))
    assert numbers(archive) == [[1], [1, 2], [1]]
    archive.change(lambda contents: contents.without_import(1))
    assert archive.read().messages["message_id"].tolist() == [5]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_taking_imports_out_leaves_what_the_others_bring(data):
    """The same messages by time and sender, with ids for those of which any file left has one."""
    chat = sorted(data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=14)))
    files = []
    for number in range(data.draw(st.integers(1, 4))):
        low = data.draw(st.integers(0, len(chat) - 1))
        high = data.draw(st.integers(low + 1, len(chat)))
        make = data.draw(st.sampled_from(["made", "real"]))
        part = chat[low:high]
        file = made(*part, file=f"{number}") if make == "made" else real(*part, first_id=low + 1, file=f"{number}")
        files.append(file)
    gone = data.draw(st.sets(st.integers(0, len(files) - 1), max_size=len(files) - 1))
    root = f"memory://{uuid.uuid4().hex}"
    archive, expected = Archive(root, "a"), Archive(root, "b")
    for file in files:
        archive.add(file)
    for number in gone:
        archive.change(lambda contents, number=number: contents.without_import(number + 1))
    for number, file in enumerate(files):
        if number not in gone:
            expected.add(file)
    found, wanted = archive.read().messages, expected.read().messages
    assert found["sent_at"].tolist() == wanted["sent_at"].tolist()
    assert archive.read_intervals == expected.read_intervals
    assert archive.contents().ledger.next_number == len(files) + 1


def test_what_is_known_is_known_without_reading_messages(archive):
    assert archive.known_until is None
    archive.add(batch(0, 5))
    assert archive.known_until == after(5)
    archive.add(batch(9, first_id=8))  # one message covers nothing
    assert archive.known_until == after(9)


def test_an_archive_of_version_0_1_0_is_one_import_of_unknown_origin_and_can_be_added_to(tmp_path):
    shutil.copytree(SAMPLE / "old-chat", tmp_path / "old-chat")
    archive = Archive(str(tmp_path), "old-chat")
    before = archive.read()
    (record,) = archive.ledger.imports
    assert (record.number, record.file, record.imported_at) == (1, None, None)
    assert (record.messages, record.new, record.spans) == (520, 520, before.read_intervals)
    archive.add(batch(0, 5, first_id=10**6, file="a"))
    assert len(archive.read().messages) == 522
    assert [record.number for record in archive.ledger.imports] == [1, 2]
    archive.change(lambda contents: contents.without_import(2))
    assert archive.read().messages.equals(before.messages)
    assert archive.read_intervals == before.read_intervals


def test_reading_leaves_nothing_to_a_thread_that_could_outlive_the_interpreter(tmp_path):
    """Giving back a file's bytes in such a thread aborts a command that has done its work."""
    Archive(str(tmp_path), "my-chat").add(batch(*range(100)))
    script = """
import os, sys
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.parquet_files import read_parquet
from chat_forecast.storage.schemas import ARCHIVE
archive = Archive(sys.argv[1], "my-chat")
before = len(os.listdir("/proc/self/task"))
archive.read()
archive.read_window(*archive.read_intervals.intervals[0])
read_parquet(archive.url, ARCHIVE)
print(len(os.listdir("/proc/self/task")) - before)
"""
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert ended.stdout.strip() == "0", ended.stderr
