"""What of a file shows in its mark."""

import os
import subprocess
import sys

import pytest

from chat_forecast.storage.file_fingerprints import file_versions, folder_fingerprints, list_folder
from chat_forecast.storage.schemas import StoredFileError


def truncate(path):
    os.truncate(path, 3)


def overwrite(path):
    path.write_bytes(path.read_bytes()[::-1])


def replace(path):
    aside = path.with_name(".aside")
    aside.write_bytes(path.read_bytes()[::-1])
    aside.rename(path)


def forbid(path):
    path.chmod(0o400)


def remove(path):
    path.unlink()


@pytest.mark.parametrize("change", [truncate, overwrite, replace, forbid, remove])
def test_a_change_of_a_file_shows_in_its_mark_even_where_its_time_is_put_back(tmp_path, change):
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 9)
    before, times = folder_fingerprints(str(tmp_path)), (tmp_path / "b").stat()
    change(tmp_path / "b")
    if (tmp_path / "b").exists():
        os.utime(tmp_path / "b", ns=(times.st_atime_ns, times.st_mtime_ns))
    after = folder_fingerprints(str(tmp_path))
    assert {name for name in "abc" if after.get(name) != before[name]} == {"b"}


def test_the_version_of_a_file_is_as_the_ledger_of_mlflow_has_it(tmp_path):
    path = tmp_path / "2026-01-01.parquet"
    path.write_bytes(b"12345678901234567890")
    assert file_versions(str(tmp_path), ".parquet") == {path.name: f"14-{path.stat().st_mtime_ns:x}"}
    assert list_folder(str(tmp_path)).versions == file_versions(str(tmp_path), "")


def test_a_link_that_leads_nowhere_and_a_hidden_file_hide_no_other(tmp_path):
    for name in ("a", "c", ".hidden"):
        (tmp_path / name).touch()
    whole = folder_fingerprints(str(tmp_path))
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    assert folder_fingerprints(str(tmp_path)) == whole
    assert set(whole) == {"a", "c"}
    (tmp_path / "b").unlink()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert folder_fingerprints(str(tmp_path)) == whole | {"b": whole["a"]}


def test_a_file_in_the_place_of_a_folder_is_said_and_no_folder_is_an_empty_one(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoredFileError, match=r"file cannot be read \(Not a directory\), expected a folder that can be"):
        list_folder(str(tmp_path / "file"))
    assert list_folder(str(tmp_path / "nowhere")).names == []


DIGESTS = """
import sys
from chat_forecast.storage.file_fingerprints import Listing, list_folder
listing = list_folder(sys.argv[1])
print(listing.names, list(listing.digests), listing.digest)
print(list(Listing(["a", "b"], ["14-etag", "14-other"]).digests))
"""


def test_the_digest_of_a_fingerprint_is_the_same_in_every_process(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name)
    told = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS, str(tmp_path)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("change", [truncate, overwrite, replace, forbid, remove])
def test_the_digest_of_a_folder_changes_with_any_of_its_files(tmp_path, change):
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 9)
    before = list_folder(str(tmp_path))
    change(tmp_path / "b")
    after = list_folder(str(tmp_path))
    assert before.digest != after.digest
    assert set(before.digests) - set(after.digests) == {before.digests[before.names.index("b")]}
