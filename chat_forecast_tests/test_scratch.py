"""Where the steps put their temporary files."""

import os
import subprocess
import sys

import pytest

from chat_forecast_tests import scratch


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A folder that stands for memory, of which there is enough."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "NEEDED_BYTES", 0)
    return tmp_path


def test_a_folder_in_memory_is_there_for_the_steps_and_gone_after_them(memory):
    with scratch.scratch() as environment:
        (folder,) = memory.iterdir()
        assert environment == {"TMPDIR": str(folder)}
        assert folder.stat().st_mode & 0o777 == 0o711
        (folder / "left").touch()
    assert list(memory.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_uses_is_not(memory):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, living = (memory / f"{scratch.PREFIX}{pid}-abc" for pid in (ended.pid, os.getppid()))
    for folder in (dead, living):
        folder.mkdir()
        (folder / "file").touch()
    with scratch.scratch():
        assert not dead.exists()
        assert (living / "file").exists()


@pytest.mark.parametrize("reason", ["TMPDIR is set", "memory is scarce", "there is no such folder"])
def test_the_usual_place_is_used_where(reason, memory, monkeypatch):
    if reason == "TMPDIR is set":
        monkeypatch.setenv("TMPDIR", str(memory))
    elif reason == "memory is scarce":
        monkeypatch.setattr(scratch, "NEEDED_BYTES", 1 << 60)
    else:
        monkeypatch.setattr(scratch, "MEMORY", memory / "none")
    with scratch.scratch() as environment:
        assert environment == {}
    assert list(memory.iterdir()) == []
