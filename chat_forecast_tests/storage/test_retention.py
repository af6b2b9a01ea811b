"""Of old messages nothing is kept that is not counted, and what is counted stays the same, however often it is counted."""

from datetime import date

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.app.importing import import_files
from chat_forecast.app.runs import opened
from chat_forecast.cli import main
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch, order_messages
from chat_forecast.domain.placeholder_messages import are_placeholders, to_placeholders
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.pipeline.runs import HISTORY_ASSETS
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.settings.reading import load_chats, parse_chats
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.retention import forget_old_messages
from chat_forecast_tests.damage import cut_in_half

DAYS = [LocalDay(date(2026, 3, 1), "UTC").plus(number) for number in range(4)]
CHATS_TOML = '[chats.club]\nsource = "export"\ntimezone = "UTC"\nfirst_day = 2026-03-01\n'
CLOCK_CHANGES = st.sampled_from(
    [LocalDay(date(2026, 3, 29), "Europe/Berlin"), LocalDay(date(2026, 10, 25), "Europe/Berlin"),
     LocalDay(date(2026, 5, 1), "Asia/Kolkata")]
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(CLOCK_CHANGES, st.lists(st.tuples(st.floats(0, 0.999), st.none() | st.integers(0, 3)), min_size=1, max_size=40))
def test_placeholders_are_counted_as_the_messages_were(day, sent):
    length = (day.end - day.start).total_seconds()
    times = [day.start + pd.Timedelta(seconds=int(part * length)) for part, _ in sent]
    senders = pd.Series([None if who is None else f"pseudonym-{who}" for _, who in sent], dtype="str")
    columns = {"message_id": range(1, len(sent) + 1), "sent_at": pd.to_datetime(times, utc=True), "sender": senders}
    messages = order_messages(pd.DataFrame(columns).astype(MESSAGE_DTYPES))
    covered = ReadIntervals.of((day.start, day.end))
    left = to_placeholders(messages, day)
    assert are_placeholders(left)
    assert not are_placeholders(messages)
    assert left["message_id"].is_unique
    assert "pseudonym" not in str(left["sender"].to_list())
    pd.testing.assert_frame_equal(to_placeholders(left, day), left)
    before, after = (count_by_hour(MessageBatch(each, covered), day) for each in (messages, left))
    pd.testing.assert_frame_equal(before, after)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path))
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "chats.toml").write_text(CHATS_TOML)
    return Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})


@pytest.fixture
def exported(tmp_path_factory):
    """On the first day Ann writes, on the others Ben."""
    path = tmp_path_factory.mktemp("export") / "messages.csv"
    hours = pd.date_range("2026-03-01 08:07", periods=96, freq="h", tz="UTC")
    pd.DataFrame({"sent_at": hours, "sender": ["Ann"] * 16 + ["Ben"] * 80}).iloc[:88].to_csv(path, index=False)
    return path


@pytest.fixture
def storage(home, exported):
    bring_in(home, exported)
    storage = ChatStorage(home.storage_url, "club", "UTC", Locks(home.locks))
    for day in DAYS:
        batch = Archive(home.storage_url, "club").read_window(day.start, day.end)
        for asset in ("raw_messages", "merged_history"):
            storage.write(asset, day, batch)
        storage.write("hourly_series", day, count_by_hour(batch, day))
    return storage


def bring_in(home, exported):
    archive = Archive(home.storage_url, "club")
    import_files(archive, [exported], timezone="UTC", pseudonyms=Pseudonyms.load(home.root))


def places_of(home, *texts):
    """The files of a home that hold any of the texts, in their bytes or in the tables that they hold."""
    named = set()
    for path in home.root.rglob("*"):
        if path.is_file():
            content = str(pq.read_table(path).to_pydict()) if path.suffix == ".parquet" else ""
            if any(text.encode() in path.read_bytes() or text in content for text in texts):
                named.add(path.relative_to(home.root).as_posix())
    return named


def test_of_old_messages_no_byte_names_anybody_and_every_count_stays(home, storage, exported):
    ann, ben = (Pseudonyms.load(home.root).of(name) for name in ("Ann", "Ben"))
    ids = [str(each) for each in storage.messages("merged_history", DAYS[0]).messages["message_id"]]
    assert len(places_of(home, ann)) == 3
    series = [storage.frame("hourly_series", day) for day in DAYS]
    for _ in range(2):  # an import of the same file, and days read again, bring nothing back
        assert forget_old_messages(storage, DAYS[1]) == []
        assert places_of(home, ann, *ids) == set()
        assert len(places_of(home, ben)) == 7
        for day, before in zip(DAYS, series, strict=True):
            counted = count_by_hour(storage.messages("merged_history", day), day)
            pd.testing.assert_frame_equal(counted, before)
        assert len(Archive(home.storage_url, "club").read().messages) == 72
        bring_in(home, exported)
        storage.write("raw_messages", DAYS[0], Archive(home.storage_url, "club").read_window(DAYS[0].start, DAYS[0].end))


def test_a_damaged_day_is_named_and_keeps_no_other_from_being_gone_through(home, storage):
    cut_in_half(home.root / "club/raw_messages/2026-03-01.parquet")
    (fault,) = forget_old_messages(storage, DAYS[2])
    assert "raw_messages/2026-03-01.parquet is damaged" in fault
    assert storage.messages("raw_messages", DAYS[1]).messages.empty
    assert are_placeholders(storage.messages("merged_history", DAYS[0]).messages)


def test_what_is_not_counted_yet_stays_until_it_is(home, exported):
    bring_in(home, exported)
    storage = ChatStorage(home.storage_url, "club", "UTC", Locks(home.locks))
    archive = Archive(home.storage_url, "club")
    first, second = (archive.read_window(day.start, day.end) for day in DAYS[:2])
    storage.write("raw_messages", DAYS[0], first)  # killed before the merge; of the second day nothing was done
    assert forget_old_messages(storage, DAYS[3]) == []
    assert len(archive.read().messages) == 88
    assert len(storage.messages("raw_messages", DAYS[0]).messages) == len(first.messages)
    part = MessageBatch(first.messages.iloc[:-1], first.read_intervals)
    storage.write("merged_history", DAYS[0], part)
    storage.write("merged_history", DAYS[1], MessageBatch(second.messages.iloc[:-1], second.read_intervals))
    assert forget_old_messages(storage, DAYS[3]) == []
    assert not any(are_placeholders(storage.messages("merged_history", day).messages) for day in DAYS[:2])
    assert len(archive.read().messages) == 88
    for day, batch in zip(DAYS, (first, second), strict=False):
        storage.write("merged_history", day, batch)
    assert forget_old_messages(storage, DAYS[3]) == []
    assert all(are_placeholders(storage.messages("merged_history", day).messages) for day in DAYS[:2])
    assert len(archive.read().messages) == 88 - len(first.messages) - len(second.messages)


def test_an_import_that_was_never_counted_loses_nothing_to_a_pruning(home, exported):
    """Else its days would be counted as quiet ones."""
    (home.root / "chats.toml").write_text(f"[retention]\ndays = 2\n{CHATS_TOML}")
    bring_in(home, exported)
    assert CliRunner().invoke(main, ["prune"]).exit_code == 0
    done = CliRunner().invoke(main, ["backfill", "club"])
    assert done.exit_code == 0, done.output
    storage = ChatStorage(home.storage_url, "club", "UTC", Locks(home.locks))
    assert sum(storage.frame("hourly_series", day)["messages"].sum() for day in DAYS) >= 80
    assert CliRunner().invoke(main, ["prune"]).exit_code == 0
    assert Archive(home.storage_url, "club").read().messages.empty


def test_it_is_done_by_the_night_and_by_prune_and_a_backfill_brings_nothing_back(home, storage, exported):
    (home.root / "chats.toml").write_text(f"[retention]\ndays = 2\n{CHATS_TOML}")
    before = storage.frame("hourly_series", DAYS[0])
    chats = load_chats(home.chats_file, date(2026, 11, 1))
    apply_environment(home)
    with opened(home, chats) as runner:
        runner.materialise(chats[0], HISTORY_ASSETS, DAYS[0], DAYS[3])
        assert [are_placeholders(storage.messages("merged_history", day).messages) for day in DAYS] == [
            True,
            True,
            False,
            False,
        ]
        bring_in(home, exported)
        runner.materialise(chats[0], HISTORY_ASSETS, DAYS[0], DAYS[0])
    pd.testing.assert_frame_equal(storage.frame("hourly_series", DAYS[0]), before)
    done = CliRunner().invoke(main, ["prune"])
    assert done.exit_code == 0, done.output
    assert places_of(home, *(Pseudonyms.load(home.root).of(name) for name in ("Ann", "Ben"))) == set()


def test_a_chat_keeps_its_messages_as_long_as_it_says_or_else_as_all_do(home):
    other = CHATS_TOML.replace("club", "other") + "retention_days = 7\n"
    file = parse_chats(home.chats_file, f"[retention]\ndays = 30\n{CHATS_TOML}{other}")
    assert [chat.retention_days for chat in file.chats] == [30, 7]
    assert parse_chats(home.chats_file, CHATS_TOML).chats[0].retention_days is None
