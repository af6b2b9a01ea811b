import subprocess
import sys
import threading
import time
import uuid

import pyarrow as pa
import pytest

from chat_forecast.storage import object_stores
from chat_forecast.storage.atomic_files import (
    file_exists,
    join_url,
    list_names,
    read_file,
    read_many,
    write_file,
)
from chat_forecast.storage.file_fingerprints import file_versions
from chat_forecast.storage.parquet_files import read_parquet, write_parquet
from chat_forecast.storage.schemas import INTEGER, Column, Schema, StoredFileError

SCHEMA = Schema("numbers", 1, (Column("number", INTEGER, "a number"),))


def table_of(*numbers):
    return pa.table({"number": pa.array(numbers, pa.int64())})


@pytest.fixture(params=["local", "memory", "s3"])
def root(request, tmp_path):
    """A folder on the disk, one of another fsspec file system, and one in an S3-compatible store."""
    if request.param == "s3":
        return f"{request.getfixturevalue('store').root}/{uuid.uuid4().hex}"
    return str(tmp_path) if request.param == "local" else f"memory://{uuid.uuid4().hex}"


def test_what_is_written_is_read(root):
    url = join_url(root, "chat", "asset", "2026-01-01.parquet")
    assert not file_exists(url)
    write_parquet(url, table_of(1, 2))
    write_parquet(url, table_of(3))
    assert file_exists(url)
    assert read_parquet(url, SCHEMA).equals(table_of(3))
    assert list_names(join_url(root, "chat", "asset")) == ["2026-01-01.parquet"]


def test_a_file_of_any_content_is_replaced_as_a_whole(root):
    url = join_url(root, "chat", "notes.json")
    assert read_file(url) is None
    write_file(url, b"old and long")
    write_file(url, b"new")
    assert read_file(url) == b"new"


def test_the_version_of_a_file_changes_when_it_is_replaced_and_only_then(root):
    folder = join_url(root, "chat", "asset")
    assert file_versions(folder, ".parquet") == {}
    for name in ("a.parquet", "b.parquet", "notes.txt"):
        write_file(join_url(folder, name), b"the same")
    before = file_versions(folder, ".parquet")
    assert set(before) == {"a.parquet", "b.parquet"}
    assert file_versions(folder, ".parquet") == before
    write_file(join_url(folder, "a.parquet"), b"as long.")
    after = file_versions(folder, ".parquet")
    assert after["a.parquet"] != before["a.parquet"]
    assert after["b.parquet"] == before["b.parquet"]


def test_a_folder_that_is_not_there_holds_no_files(root):
    assert list_names(join_url(root, "nowhere")) == []


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "2026-01-01.parquet"
    write_parquet(str(path), table_of(*range(1000)))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoredFileError, match=r"2026-01-01.parquet is damaged"):
        read_parquet(str(path), SCHEMA)


def test_a_foreign_file_is_named_with_what_was_expected_and_found(tmp_path):
    path = tmp_path / "2026-01-01.parquet"
    write_parquet(str(path), pa.table({"word": ["a"]}))
    with pytest.raises(StoredFileError, match=r"expected the columns number \(int64\), found word \(string\)"):
        read_parquet(str(path), SCHEMA)


def test_a_writing_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "2026-01-01.parquet"
    write_parquet(str(path), table_of(1))

    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chat_forecast.whole_files.os.fsync", full_disk)
    with pytest.raises(StoredFileError, match=r"2026-01-01.parquet could not be written \(No space left on device\)"):
        write_parquet(str(path), table_of(2))
    assert read_parquet(str(path), SCHEMA).equals(table_of(1))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_readers_see_whole_files_while_two_writers_race(tmp_path):
    path = str(tmp_path / "2026-01-01.parquet")
    versions = [table_of(*[number] * 2000) for number in range(2)]
    write_parquet(path, versions[0])

    def write(version):
        for _ in range(30):
            write_parquet(path, version)

    writers = [threading.Thread(target=write, args=(version,)) for version in versions]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = read_parquet(path, SCHEMA)
        assert any(found.equals(version) for version in versions)
    for writer in writers:
        writer.join()


WRITING_FOR_EVER = """
import sys, itertools, pyarrow as pa
from chat_forecast.storage.parquet_files import write_parquet
for number in itertools.cycle((1, 2)):
    write_parquet(sys.argv[1], pa.table({"number": pa.array([number] * 200_000, pa.int64())}))
    print(flush=True)
"""


def test_a_process_killed_in_mid_write_leaves_a_whole_file(tmp_path):
    path = tmp_path / "2026-01-01.parquet"
    for pause in (0.0005, 0.0015):
        command = [sys.executable, "-c", WRITING_FOR_EVER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()  # one file is there
            time.sleep(pause)  # another moment of the next one
            writer.kill()
        assert len(set(read_parquet(str(path), SCHEMA)["number"].to_pylist())) == 1
        assert list_names(str(tmp_path)) == [path.name]


def test_a_store_that_answers_503_for_a_while_is_waited_for(store):
    url = f"{store.root}/{uuid.uuid4().hex}"
    store.busy.touch()
    timer = threading.Timer(0.3, store.busy.unlink)
    timer.start()
    write_file(url, b"content")
    timer.join()
    assert read_file(url) == b"content"


def test_a_store_is_asked_once_for_a_file_whether_it_is_there_or_not(store):
    stored, missing = uuid.uuid4().hex, uuid.uuid4().hex
    write_file(f"{store.root}/{stored}", b"content")
    assert read_file(f"{store.root}/{stored}") == b"content"
    assert read_file(f"{store.root}/{missing}") is None
    assert store.requests(stored) == ["PUT", "GET"]
    assert store.requests(missing) == ["GET"]


def test_many_files_of_a_store_are_fetched_at_once_and_those_that_cannot_be_are_left_out(store):
    folder = f"{store.root}/{uuid.uuid4().hex}"
    urls = [f"{folder}/{number}" for number in range(30)]
    for url in urls[1:]:
        write_file(url, url.encode())
    assert read_many(urls) == {url: url.encode() for url in urls[1:]}
    assert read_many([]) == {}


def test_what_another_process_writes_to_a_store_is_seen_at_once(store):
    folder = f"{store.root}/{uuid.uuid4().hex}"
    write_file(f"{folder}/a.parquet", b"a")
    assert list_names(folder) == ["a.parquet"]
    code = f"from chat_forecast.storage.atomic_files import write_file; write_file({folder!r} + '/b.parquet', b'b')"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert file_exists(f"{folder}/b.parquet")
    assert list_names(folder) == ["a.parquet", "b.parquet"]


def test_a_store_that_stays_away_is_named_in_a_sentence(store, monkeypatch):
    monkeypatch.setattr(object_stores, "TRIES", 1)
    object_stores._be_patient.cache_clear()
    store.busy.touch()
    for act in (lambda url: write_file(url, b""), file_exists, list_names):
        with pytest.raises(StoredFileError, match=f"{store.root}/x c"):
            act(f"{store.root}/x")
    store.busy.unlink()
    monkeypatch.undo()
    object_stores._be_patient.cache_clear()
