"""Local files are written whole or not at all."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_forecast.whole_files import SECRET, create_file, remove_leftovers, replace_file


def test_a_file_is_replaced_and_its_folder_made(tmp_path):
    target = tmp_path / "a" / "b" / "file"
    replace_file(target, b"old")
    replace_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_secret_is_its_owner_s_from_the_first_byte_on(tmp_path, monkeypatch):
    target, modes = tmp_path / "secret", []
    write = os.fsync

    def look(descriptor):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        write(descriptor)

    monkeypatch.setattr("chat_forecast.whole_files.os.fsync", look)
    replace_file(target, b"secret", mode=SECRET)
    assert modes == [SECRET]
    assert stat.S_IMODE(target.stat().st_mode) == SECRET


def test_a_mode_holds_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        replace_file(tmp_path / "file", b"", mode=0o640)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("write", [replace_file, create_file])
def test_a_writing_that_fails_leaves_nothing_of_its_own(tmp_path, monkeypatch, write):
    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    target = tmp_path / "file"
    replace_file(target, b"old")
    monkeypatch.setattr("chat_forecast.whole_files.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_there_is_not_created_again(tmp_path):
    target = tmp_path / "key"
    assert create_file(target, b"first", mode=SECRET)
    assert not create_file(target, b"second", mode=SECRET)
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


def test_of_many_that_create_a_file_at_once_one_does(tmp_path):
    target = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: create_file(target, b"%d" % number), range(32)))
    assert made.count(True) == 1
    assert target.read_bytes() == b"%d" % made.index(True)


KILLED = """
import os, signal, sys
from pathlib import Path
from chat_forecast import whole_files
whole_files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
whole_files.replace_file(Path(sys.argv[1]), b"new")
"""


def test_what_a_killed_process_left_over_is_removed_and_what_is_being_written_is_not(tmp_path, monkeypatch):
    target = tmp_path / "file"
    replace_file(target, b"old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(target)]).returncode == -signal.SIGKILL
    [left] = [path for path in tmp_path.iterdir() if path != target]
    flush, removed = os.fsync, []

    def sweep(descriptor):
        removed.append(remove_leftovers(tmp_path))
        flush(descriptor)

    monkeypatch.setattr("chat_forecast.whole_files.os.fsync", sweep)
    replace_file(target, b"newer")
    assert removed == [1]
    assert not left.exists()
    assert target.read_bytes() == b"newer"
    assert remove_leftovers(tmp_path) == 0


def test_only_what_was_written_aside_is_left_over(tmp_path):
    for name in ("file.part", ".hidden", ".file.part", f"file.{'0' * 32}.part"):
        (tmp_path / name).write_bytes(b"mine")
    assert remove_leftovers(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 4
    assert remove_leftovers(tmp_path / "no folder") == 0


def test_a_file_that_is_taken_for_a_leftover_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, removed = fcntl.flock, []

    def sweep_first(file, operation):
        if not removed:
            removed.append(0)
            removed[0] = remove_leftovers(tmp_path)
        lock(file, operation)

    monkeypatch.setattr("chat_forecast.whole_files.fcntl.flock", sweep_first)
    replace_file(tmp_path / "file", b"new")
    assert removed == [1]
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_could_not_be_written_is_named_by_its_own_name(tmp_path, monkeypatch):
    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chat_forecast.whole_files.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left") as raised:
        replace_file(tmp_path / "file", b"new")
    assert raised.value.filename == str(tmp_path / "file")
