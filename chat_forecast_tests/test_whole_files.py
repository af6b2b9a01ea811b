"""Local files are written whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_forecast.whole_files import SECRET, create_file, replace_file


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
