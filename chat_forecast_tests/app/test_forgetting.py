"""That a forgotten member is named by no stored byte, now and later, and that the counts stay."""

import shutil
import signal
from datetime import date

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from chat_forecast.app.importing import import_files
from chat_forecast.cli import main
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.paths import Home
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.forgotten import FILE
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast_tests import forked
from chat_forecast_tests.damage import cut_in_half

DAY = LocalDay(date(2026, 3, 1), "UTC")
CHATS_TOML = '[chats.club]\nsource = "export"\ntimezone = "UTC"\nfirst_day = 2026-03-01\n'


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path))
    (tmp_path / "chats.toml").write_text(CHATS_TOML)
    return Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})


@pytest.fixture
def exported(tmp_path_factory):
    """A table of messages as a program writes it, outside the home."""
    path = tmp_path_factory.mktemp("export") / "messages.csv"
    hours = pd.date_range("2026-03-01 08:00", periods=12, freq="h", tz="UTC")
    pd.DataFrame({"sent_at": hours, "sender": ["Ann", "Ben", "Ann", "user7"] * 3}).to_csv(path, index=False)
    return path


@pytest.fixture
def storage(home, exported):
    """The chat, imported and counted, with a copy of its days from an earlier time zone."""
    bring_in(home, exported)
    storage = ChatStorage(home.storage_url, "club", "UTC", Locks(home.locks))
    batch = Archive(home.storage_url, "club").read_window(DAY.start, DAY.end)
    for asset in ("raw_messages", "merged_history"):
        storage.write(asset, DAY, batch)
    storage.write("hourly_series", DAY, count_by_hour(batch, DAY))
    shutil.copytree(home.root / "club/merged_history", home.root / "club/retired-Europe-Moscow-2026-03-02/merged_history")
    return storage


def bring_in(home, exported):
    archive = Archive(home.storage_url, "club")
    return import_files(archive, [exported], timezone="UTC", pseudonyms=Pseudonyms.load(home.root))


def forget(sender):
    return CliRunner().invoke(main, ["forget", "club", "--sender"], input=f"{sender}\n")


def places_of(home, pseudonym):
    """The files of a home that name somebody, in their bytes or in the tables that they hold."""
    named = set()
    for path in home.root.rglob("*"):
        if path.is_file() and (
            pseudonym.encode() in path.read_bytes()
            or (path.suffix == ".parquet" and pseudonym in str(pq.read_table(path).to_pydict()))
        ):
            named.add(path.relative_to(home.root).as_posix())
    return named


def test_no_byte_names_a_forgotten_member_and_every_count_stays(home, storage):
    ann, ben = (Pseudonyms.load(home.root).of(name) for name in ("Ann", "Ben"))
    before = storage.frame("hourly_series", DAY)
    assert len(places_of(home, ann)) == 4
    done = forget("Ann")
    assert done.exit_code == 0
    assert "club: 6 stored messages no longer name them; files written: 4." in done.output
    assert "Ann" not in done.output
    assert places_of(home, ann) == set()
    assert len(places_of(home, ben)) == 4
    assert len(storage.messages("merged_history", DAY).messages) == 12
    pd.testing.assert_frame_equal(storage.frame("hourly_series", DAY), before)
    counted = count_by_hour(storage.messages("merged_history", DAY), DAY)
    assert counted["messages"].equals(before["messages"])


def test_an_import_of_the_same_file_brings_neither_them_nor_their_messages_again(home, storage, exported):
    ann = Pseudonyms.load(home.root).of("Ann")
    forget(ann)
    bring_in(home, exported)
    assert len(Archive(home.storage_url, "club").read().messages) == 12
    storage.write("raw_messages", DAY, Archive(home.storage_url, "club").read_window(DAY.start, DAY.end))
    assert places_of(home, ann) == set()
    assert (home.root / FILE).exists()


KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from chat_forecast.cli import main
from chat_forecast.storage.partition_files import PartitionFiles
write, done = PartitionFiles.write, []
def killed_at_the_second(*arguments):
    done.append(1)
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*arguments)
PartitionFiles.write = killed_at_the_second
main(["forget", "club", "--sender", "Ann"])
"""


def test_killed_in_the_middle_the_same_command_finishes(home, storage):
    ann = Pseudonyms.load(home.root).of("Ann")
    ended = forked.run(KILLED_IN_THE_MIDDLE)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert 0 < len(places_of(home, ann)) < 4
    assert "no longer name them" in forget("Ann").output
    assert places_of(home, ann) == set()
    assert len(storage.messages("merged_history", DAY).messages) == 12


def test_who_is_not_there_is_said_and_an_id_is_as_good_as_a_name(home, storage):
    assert "no stored message named them" in forget("Nobody").output
    seven = Pseudonyms.load(home.root).of(7)
    assert "no longer name them" in forget("7").output
    assert places_of(home, seven) == set()


def test_a_damaged_day_is_named_and_keeps_no_other_from_being_gone_through(home, storage):
    ann = Pseudonyms.load(home.root).of("Ann")
    cut_in_half(home.root / "club/raw_messages/2026-03-01.parquet")
    done = forget("Ann")
    assert done.exit_code == 1
    assert "raw_messages/2026-03-01.parquet" in done.output.replace("\n", "")
    assert len(storage.messages("merged_history", DAY).messages["sender"].dropna()) == 6
    assert ann not in str(Archive(home.storage_url, "club").read().messages["sender"].to_list())


def test_a_damaged_list_of_the_forgotten_is_named(home, storage):
    (home.root / FILE).write_text("{")
    with pytest.raises(Exception, match="the list of forgotten members, is damaged"):
        storage.write("raw_messages", DAY, storage.messages("raw_messages", DAY))
