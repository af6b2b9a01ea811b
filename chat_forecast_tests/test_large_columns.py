"""Columns of millions of numbers lie on the disk, where nothing of them is left, and are the same numbers there."""

import subprocess
import sys
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from chat_forecast import large_columns
from chat_forecast.large_columns import Column, NoRoomAsideError, by_parts, give_back, in_parts, large_columns_in


@pytest.fixture
def few_in_memory(monkeypatch):
    """Columns of more than 100 rows are large, and 7 rows are computed at once."""
    monkeypatch.setattr(large_columns, "ROWS_IN_MEMORY", 100)
    monkeypatch.setattr(in_parts, "__defaults__", (7,))


def files_in(folder):
    """The files in a folder that this process has open, also those whose name is gone."""
    return [target for target in map(_target, Path("/proc/self/fd").iterdir()) if target.startswith(str(folder))]


def _target(descriptor):
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # of the listing itself
        return ""


def filled(number, dtype="int64"):
    column = Column(dtype)
    for begin in range(0, number, 30):
        column.add(np.arange(begin, min(begin + 30, number)))
    return column


@pytest.mark.parametrize("number", [0, 99, 100, 101, 1000])
@pytest.mark.parametrize("dtype", ["int16", "int64"])
def test_a_column_holds_what_was_put_into_it_whether_it_is_large_or_not(few_in_memory, tmp_path, number, dtype):
    with large_columns_in(tmp_path):
        column = filled(number, dtype)
        assert column.array.tolist() == column.of_type("int32").array.tolist() == list(range(number))
        assert column.array.dtype == dtype
        assert len(column) == number
        doubled = by_parts(number, "int64", lambda rows: column.array[rows] * 2)
    give_back()
    assert doubled.tolist() == list(range(0, 2 * number, 2))


def test_a_large_column_lies_in_a_file_without_a_name_and_a_small_one_in_none(few_in_memory, tmp_path):
    with large_columns_in(tmp_path):
        small = filled(100)
        assert not files_in(tmp_path)
        large = filled(101)
        assert [each.endswith(" (deleted)") for each in files_in(tmp_path)] == [True]
    assert not list(tmp_path.iterdir())
    assert large.array[:-1].tolist() == small.array.tolist()
    del large
    assert not files_in(tmp_path)


def test_elsewhere_columns_stay_in_memory(few_in_memory, tmp_path):
    with large_columns_in(tmp_path):
        pass
    assert filled(1000).array.flags.writeable


def test_where_the_disk_is_full_it_is_said_where_and_what_to_do(few_in_memory, tmp_path, monkeypatch):
    monkeypatch.setattr(large_columns, "open_nameless", lambda _folder: FileIO("/dev/full", "r+"))
    with large_columns_in(tmp_path), pytest.raises(NoRoomAsideError) as caught:
        filled(101)
    assert str(caught.value).startswith(
        f"{tmp_path}: the columns of a large file could not be put aside there (No space left"
    )


def test_a_folder_that_is_gone_is_named(few_in_memory, tmp_path):
    with large_columns_in(tmp_path / "gone"), pytest.raises(NoRoomAsideError, match=r"gone: .*No such file"):
        filled(101)


def test_where_files_cannot_be_mapped_they_are_read(few_in_memory, tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(19, "No such device")

    with large_columns_in(tmp_path):
        column = filled(200)
        monkeypatch.setattr(large_columns.mmap, "mmap", refuse)
        assert column.array.tolist() == list(range(200))


KILLED = """
import os, signal, sys
from pathlib import Path
from chat_forecast.large_columns import Column, ROWS_IN_MEMORY, large_columns_in
with large_columns_in(Path(sys.argv[1])):
    column = Column("int64")
    column.add(range(ROWS_IN_MEMORY + 1))
    column.array.sum()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_killed_leaves_nothing(tmp_path):
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False).returncode == -9
    assert not list(tmp_path.iterdir())
