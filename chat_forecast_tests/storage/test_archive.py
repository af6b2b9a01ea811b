import multiprocessing
import uuid
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.factories import make_messages

START = pd.Timestamp("2023-05-01T00:00Z")


def after(minutes):
    return START + pd.Timedelta(minutes=minutes)


def batch(*minutes, first_id=1):
    """Messages so many minutes after the start, covered from the first to the last."""
    return MessageBatch(
        make_messages([after(each) for each in minutes], first_id=first_id),
        ReadIntervals.of((after(minutes[0]), after(minutes[-1]))),
    )


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
    assert archive.add(batch(0)) == 0
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_coverage_alone_is_added_too(archive):
    archive.add(batch(0, 5))
    assert archive.add(MessageBatch(read_intervals=ReadIntervals.of((after(0), after(9))))) == 0
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


@pytest.mark.parametrize("change", ["cut", "foreign", "no coverage"])
def test_a_damaged_or_foreign_archive_is_named_and_left_alone(tmp_path, change):
    archive = Archive(str(tmp_path), "my-chat")
    archive.add(batch(0, 5))
    path = tmp_path / "my-chat/archive/messages.parquet"
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif change == "foreign":
        pq.write_table(pa.table({"word": ["a"]}), path)
    else:
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    content = path.read_bytes()
    for use in (
        archive.read,
        lambda: archive.read_intervals,
        lambda: archive.add(batch(0)),
        lambda: archive.read_window(after(0), after(1)),
    ):
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
