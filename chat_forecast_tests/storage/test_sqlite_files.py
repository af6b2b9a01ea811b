"""Damage to an SQLite file, page by page, and how long it is looked for."""

import sqlite3
from contextlib import closing

import pytest

from chat_forecast.storage.sqlite_files import fault_of

PAGE = 1024


@pytest.fixture
def path(tmp_path):
    """A file with a table, an index, texts longer than a page, and no free page."""
    with closing(sqlite3.connect(tmp_path / "events.db")) as database:
        database.execute(f"PRAGMA page_size = {PAGE}")
        database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, chat TEXT NOT NULL, body TEXT)")
        database.execute("CREATE INDEX by_chat ON events (chat)")
        rows = ((f"chat-{number % 7}", "x" * (number * 37 % 3000)) for number in range(120))
        database.executemany("INSERT INTO events (chat, body) VALUES (?, ?)", rows)
        database.commit()
    return tmp_path / "events.db"


def test_any_single_flipped_page_is_found(path):
    whole = path.read_bytes()
    assert fault_of(path) is None
    assert len(whole) > 100 * PAGE
    for at in range(0, len(whole), PAGE):
        flipped = bytes(byte ^ 0xFF for byte in whole[at : at + PAGE])
        path.write_bytes(whole[:at] + flipped + whole[at + PAGE :])
        assert fault_of(path), f"page {at // PAGE + 1}"


def test_a_file_too_large_for_the_time_is_said_to_be_so_and_its_length_is_known_all_the_same(tmp_path):
    path = tmp_path / "large.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE events (body BLOB)")
        database.executemany("INSERT INTO events VALUES (randomblob(?))", [(1000,)] * 100_000)
        database.commit()
    with pytest.raises(TimeoutError, match=r"large\.db was not looked through"):
        fault_of(path, 0.0)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert fault_of(path, 0.0)
