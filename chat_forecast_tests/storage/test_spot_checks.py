"""Spot checks find what a look at every file finds, except for a file that is overwritten in place."""

import dataclasses
import os
import shutil
from array import array
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage import spot_checks
from chat_forecast.storage.file_fingerprints import UNSETTLED, list_folder
from chat_forecast.storage.inspection import StoredChat, inspect_asset
from chat_forecast.storage.inspection_cache import CACHE_FILE, VERSIONED, load_cache
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_files import NEWEST_DAYS, REWRITTEN
from chat_forecast.storage.partitions import Storages
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast.storage.spot_checks import SpotChecks, newest_names
from chat_forecast_tests.damage import WAYS, copy_beside, cut_in_half, every_way, make_a_folder
from chat_forecast_tests.factories import make_message_batch, make_scores, make_series
from chat_forecast_tests.presentation.reports.stored import make_chat

FIRST = LocalDay.parse("2026-05-10", "Europe/Berlin")
LAST = FIRST.plus(39)
OLD = FIRST.plus(4)
PARTS = 8
ASSETS = ("raw_messages", "hourly_series", "daily_score")


def store(storage, day):
    storage.write("raw_messages", day, make_message_batch(day))
    storage.write("hourly_series", day, make_series(day, 1, lambda _hour: None if day.date.day == 20 else 3))
    storage.write("daily_score", day, make_scores(day, [0.1]))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    storage = Storages(str(root), Locks(root / "locks")).of(make_chat())
    for day in FIRST.until(LAST):
        store(storage, day)
    return root


@pytest.fixture
def storage(stored, tmp_path):
    """Forty days of a chat that was looked at as a whole when nothing had changed for long."""
    shutil.copytree(stored, tmp_path / "home")
    storage = Storages(str(tmp_path / "home"), Locks(tmp_path / "locks")).of(make_chat())
    settle(storage)
    StoredChat.inspect(storage, LAST)
    return storage


def settle(storage):
    """Let the folders be as if nothing had changed in them for long."""
    for asset in ASSETS:
        os.utime(Path(storage.root, storage.chat, asset), (0, 0))


def path_of(storage, asset="hourly_series", day=OLD):
    return Path(storage.url(asset, day))


def look_again(storage, part=0):
    look = SpotChecks.of(storage, load_cache(storage), LAST, part, PARTS)
    return StoredChat.inspect(storage, LAST, look).assets


def plainly(storage):
    """What is found without a cache."""
    Path(storage.root, storage.chat, CACHE_FILE).unlink(missing_ok=True)
    return StoredChat.inspect(storage, LAST).assets


def replace(path, change):
    """Change a file as whoever writes another one aside and renames it does."""
    aside = path.with_name(f".{path.name}.aside")
    shutil.copy(path, aside)
    change(aside)
    aside.replace(path)


@pytest.fixture
def looked_at(monkeypatch):
    """The names of the files that were looked at, and the folders of which all were."""
    names = []
    plain = spot_checks.fingerprint_in
    monkeypatch.setattr(spot_checks, "fingerprint_in", lambda opened, name: names.append(name) or plain(opened, name))
    monkeypatch.setattr(spot_checks, "list_folder", lambda url: names.append(url) or list_folder(url))
    return names


def test_each_old_file_is_looked_at_in_one_part_and_the_newest_in_all(storage, looked_at):
    known, newest = load_cache(storage)["hourly_series"], newest_names(LAST)
    in_parts = []
    for part in range(PARTS):
        looked_at.clear()
        SpotChecks(newest, part, PARTS).list_folder(str(path_of(storage).parent), known)
        assert {name for name in known.all_names if name in newest} <= set(looked_at)
        in_parts += [name for name in set(looked_at) if name not in newest]
    assert sorted([*in_parts, *(name for name in known.all_names if name in newest)]) == sorted(known.all_names)
    assert len(newest) == NEWEST_DAYS + 1


@pytest.mark.parametrize("part", range(2))
@every_way
def test_a_file_that_is_replaced_is_seen_whichever_part_is_looked_at(storage, damage, part):
    (damage if damage is make_a_folder else partial(replace, change=damage))(path_of(storage))
    found = look_again(storage, part)
    (fault,) = found["hourly_series"].faults
    assert fault.startswith(f"{path_of(storage)} {WAYS[damage]}")
    assert found == plainly(storage)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_file_that_is_removed_and_made_again_is_seen_though_it_may_get_the_inode_that_it_had(storage, part):
    whole = path_of(storage).read_bytes()
    path_of(storage).unlink()
    path_of(storage).write_bytes(whole[:40])
    assert len(look_again(storage, part)["hourly_series"].faults) == 1


def test_a_file_that_is_gone_or_came_is_seen_whichever_part_is_looked_at(storage):
    path_of(storage).unlink()
    copy_beside(path_of(storage, day=FIRST))
    store(storage, LAST.plus(1))
    found = look_again(storage)
    assert len(found["hourly_series"].faults) == 1
    assert OLD.date not in found["hourly_series"].days
    assert LAST.plus(1).date in found["raw_messages"].usable
    assert found == plainly(storage)


def test_a_file_that_is_overwritten_where_it_lies_is_seen_with_the_last_part_at_the_latest(storage):
    cut_in_half(path_of(storage))
    seen = [part for part in range(PARTS) if look_again(storage, part)["hourly_series"].faults]
    assert len(seen) > 0
    assert seen == list(range(seen[0], PARTS))  # what is damaged is looked at each time


@pytest.mark.parametrize("part", range(PARTS))
def test_of_files_that_are_all_restored_where_they_lie_none_goes_unseen(storage, part):
    for path in path_of(storage).parent.glob("*.parquet"):
        cut_in_half(path)
    assert len(look_again(storage, part)["hourly_series"].faults) == 40


def test_where_an_old_file_was_written_again_all_are_looked_at_and_a_new_one_is_none(storage):
    note = Path(storage.root, storage.chat, REWRITTEN)
    store(storage, LAST.plus(1))
    assert not note.exists()
    storage.write("hourly_series", OLD, make_series(OLD, 1, lambda _hour: None))
    assert SpotChecks.of(storage, load_cache(storage), LAST, 3, PARTS).parts == 1
    assert not note.exists()
    assert SpotChecks.of(storage, load_cache(storage), LAST, 3, PARTS).parts == PARTS


def test_while_a_file_is_damaged_and_where_nothing_is_known_all_are_looked_at(storage):
    assert SpotChecks.of(storage, {}, LAST, 3, PARTS).parts == 1
    replace(path_of(storage), cut_in_half)
    look_again(storage)
    assert SpotChecks.of(storage, load_cache(storage), LAST, 3, PARTS).parts == 1


def test_in_a_file_system_that_tells_no_inodes_all_files_of_a_folder_that_changed_are_looked_at(
    storage, looked_at, monkeypatch
):
    plain = spot_checks.names_in
    monkeypatch.setattr(spot_checks, "names_in", lambda opened: (plain(opened)[0], array("Q", [1] * 40)))
    replace(path_of(storage), cut_in_half)
    assert look_again(storage)["hourly_series"].faults
    assert str(path_of(storage).parent) in looked_at


def test_a_folder_that_changed_a_moment_ago_may_change_again_at_the_same_time(storage, looked_at):
    os.utime(path_of(storage).parent)
    look_again(storage)
    known = load_cache(storage)["hourly_series"]
    assert known.folder.inode
    assert known.folder.times == UNSETTLED
    assert look_again(storage) == plainly(storage)


def test_a_chat_that_was_copied_is_looked_at_as_a_whole(storage, tmp_path, looked_at):
    copied = dataclasses.replace(storage, root=str(tmp_path / "copy"))
    shutil.copytree(storage.root, copied.root)
    found = look_again(copied)
    assert {str(path_of(copied, asset).parent) for asset in ASSETS} <= set(looked_at)
    assert found == plainly(storage)


def any_change(storage, chosen):
    """Something that happens to a file otherwise than by writing into it."""
    paths = sorted(path for path in Path(storage.root, storage.chat).glob("*/????-??-??.parquet") if path.is_file())
    path = paths[chosen.integers(len(paths))]
    day = LocalDay.parse(path.stem, storage.timezone)
    changes = [
        lambda: replace(path, cut_in_half),
        lambda: replace(path, lambda aside: shutil.copy(min(path.parent.glob("*.parquet")), aside)),
        lambda: make_a_folder(path),
        lambda: copy_beside(path),
        lambda: store(storage, LAST.plus(int(chosen.integers(1, 9)))),
        lambda: path.unlink(),
        lambda: path.rename(path.with_name(f"{day.plus(60).key}.parquet")),
    ]
    changes[chosen.integers(len(changes))]()


@pytest.mark.parametrize("seed", range(8))
def test_after_any_changes_of_names_a_look_at_a_part_finds_what_a_look_at_all_does(storage, seed):
    chosen = np.random.default_rng(seed)
    for _ in range(5):
        for _ in range(chosen.integers(3)):
            any_change(storage, chosen)
        look = SpotChecks(newest_names(LAST), int(chosen.integers(PARTS)), PARTS)
        found = StoredChat.inspect(storage, LAST, look).assets
        assert found == {asset: inspect_asset(storage, asset) for asset in PARTITION_SCHEMAS}
        for asset, stored in found.items():
            listing = list_folder(str(path_of(storage, asset).parent))
            assert (stored.listing.names, stored.listing.digest) == (listing.names, listing.digest)
            assert asset not in VERSIONED or stored.listing.versions == listing.versions
