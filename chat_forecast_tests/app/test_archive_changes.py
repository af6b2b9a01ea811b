"""An archive changes after days were made from it: what is gone is taken back, and those days are made again."""

from datetime import timedelta

import pandas as pd
import pytest
from click.testing import CliRunner

from chat_forecast.app.archive_changes import NoSuchImportError, change_statements, remove_import, remove_withdrawn
from chat_forecast.app.archive_gaps import list_gaps
from chat_forecast.app.runs import opened
from chat_forecast.cli import main
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.pipeline.runs import HISTORY_ASSETS
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.unmade_days import unmade_days
from chat_forecast_tests.at_home import NO_MLFLOW, at_home
from chat_forecast_tests.factories import make_messages
from chat_forecast_tests.sources.message_files import chat, entry, instant, write_json

ZONE = "Europe/Berlin"
FIRST = LocalDay.parse("2023-05-01", ZONE)
HOURLY = 60
DAY = 24 * 60


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose MLflow takes nothing."""
    with at_home(tmp_path_factory.mktemp("home"), MLFLOW_TRACKING_URI=NO_MLFLOW) as home:
        home.prepare()
        yield home


def command(*words):
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def made(home, tmp_path, request):
    """A chat of nine days, imported from two files that overlap, and the series of all its days.

    It has a message each hour, and from the fourth day on two.
    """
    slug = f"chat-{len(list(home.root.glob('chat-*')))}"
    minutes = sorted([*range(0, 9 * DAY, HOURLY), *range(3 * DAY + 5, 9 * DAY, HOURLY)])
    lines = [entry(number + 1, minute, f"user{number % 3}") for number, minute in enumerate(minutes)]
    earlier, later = lines[: minutes.index(6 * DAY)], lines[minutes.index(4 * DAY) :]
    files = write_json(tmp_path / "a.json", chat(*earlier)), write_json(tmp_path / "b.json", chat(*later))
    for file in files:
        code, words = command("import", slug, file, "--timezone", ZONE)
        assert code == 0, words
    settings = settings_of(home, slug)
    with opened(home, [settings]) as runner:
        runner.materialise(settings, HISTORY_ASSETS, FIRST, FIRST.plus(8))
        storage = runner.storage(settings)
    return slug, Archive(home.storage_url, slug), storage


def settings_of(home, slug):
    (settings,) = [each for each in load_chats(home.chats_file, FIRST.plus(999).date) if each.slug == slug]
    return settings


def counts(storage: ChatStorage, day: LocalDay):
    return storage.frame("hourly_series", day)["messages"]


def test_a_stretch_said_to_be_missing_is_taken_out_of_the_days_and_forgotten_again(home, made):
    slug, _, storage = made
    first, second = FIRST.plus(3), FIRST.plus(4)
    with opened(home, [settings_of(home, slug)]) as runner:
        runner.materialise(settings_of(home, slug), ("next_day_forecast", "daily_score"), second, second.plus(1))
    before = {day: counts(storage, day) for day in FIRST.until(FIRST.plus(7))}
    forecast = storage.frame("next_day_forecast", second)
    code, words = command("gaps", slug, "--missing", f"{first.key}..{second.key}", "--json")
    assert (code, '"reason": "said to be missing"' in words) == (0, True)
    days = f"2 ({first.key} to {second.key})"
    assert f"days made again: {days}, with the 2 forecasts and 2 scores that look back to them" in words
    for day in (first, second):
        assert counts(storage, day).isna().all()
        assert len(storage.messages("merged_history", day).messages) > 24  # what was sent is known all the same
    assert storage.frame("next_day_forecast", second)["expected"].sum() < forecast["expected"].sum()
    for day in (first.plus(-1), second.plus(1)):
        pd.testing.assert_series_equal(counts(storage, day), before[day])

    code, words = command("gaps", slug, "--forget", f"{first.key}..{second.key}", "--json")
    assert (code, '"gaps": []' in words, f'"{first.key}", "{second.key}"' in words) == (0, True, True)
    for day, expected in before.items():
        pd.testing.assert_series_equal(counts(storage, day), expected)
    assert storage.frame("next_day_forecast", second)["expected"].tolist() == forecast["expected"].tolist()


def test_an_import_taken_out_goes_out_of_the_days_with_what_it_alone_brought(made):
    slug, archive, storage = made
    code, words = command("imports", slug, "--remove", 2)
    assert (code, "Import 2 is out." in words) == (0, True), words
    assert counts(storage, FIRST.plus(5)).tolist() == [2] * 24  # of both
    # The sixth day after the first is the archive's last one now: it ends at 11:12, and after it there is no day.
    assert counts(storage, FIRST.plus(6)).isna().tolist() == [False] * 10 + [True] * 14
    for asset in HISTORY_ASSETS:
        assert storage.days(asset)[-1] == FIRST.plus(6)
    assert [record.number for record in archive.ledger.imports] == [1]
    with pytest.raises(NoSuchImportError, match=r"has no import 2; it has: 1\. See chat-forecast imports"):
        remove_import(archive, 2, storage)


def test_days_that_a_killed_command_did_not_make_again_are_named_and_made_by_the_next_one(home, made):
    slug, archive, storage = made
    remove_import(archive, 2, storage)  # as the command does, which is killed then
    assert counts(storage, FIRST.plus(7)).notna().all()
    assert f"not counted again yet since the archive changed: chat-forecast backfill {slug} --from" in command("status")[1]
    code, words = command("imports", slug, "--remove", 2)
    assert (code, "has no import 2" in words) == (1, True), words
    assert counts(storage, FIRST.plus(6)).isna().tolist() == [False] * 10 + [True] * 14
    assert storage.days("hourly_series")[-1] == FIRST.plus(6)
    assert "not counted again" not in command("status")[1]


@pytest.mark.parametrize("next_one", [("import", "a.json"), ("run", "--day", FIRST.plus(4).key)], ids=lambda words: words[0])
def test_an_interrupted_change_is_finished_by_whatever_command_comes_next(made, tmp_path, next_one):
    slug, archive, storage = made
    gap = ReadIntervals.of((FIRST.plus(3).start, FIRST.plus(3).end))
    change_statements(archive, lambda ledger: ledger.missing_in(gap), storage)
    assert counts(storage, FIRST.plus(3)).notna().all()
    name, *rest = next_one
    assert command(name, slug, *(tmp_path / word if word == "a.json" else word for word in rest))[0] == 0
    assert counts(storage, FIRST.plus(3)).isna().all()
    assert unmade_days(storage) == []


def test_a_file_imported_again_with_what_is_missing_changes_the_days(made, tmp_path):
    slug, _, storage = made
    hours = f"{FIRST.plus(3).key}T12:00..{FIRST.plus(3).key}T15:00"
    code, words = command("import", slug, tmp_path / "a.json", "--missing", hours)
    assert (code, f"days made again: 1 ({FIRST.plus(3).key})" in words) == (0, True), words
    assert counts(storage, FIRST.plus(3)).isna().tolist() == [12 <= hour < 15 for hour in range(24)]
    assert command("import", slug, tmp_path / "a.json")[1].count("made again") == 0


def test_without_days_nothing_is_made(home, tmp_path):
    file = write_json(tmp_path / "a.json", chat(*(entry(n + 1, n * HOURLY) for n in range(100))))
    command("import", "bare-chat", file, "--timezone", ZONE)
    code, words = command("gaps", "bare-chat", "--missing", "2023-05-02")
    assert (code, "made again" in words) == (0, False)
    code, words = command("imports", "bare-chat", "--json")
    assert (code, '"chat_id": 77' in words, '"new": 100' in words) == (0, True, True)
    assert command("imports", "bare-chat", "--remove", 1)[1].endswith("bare-chat: nothing was imported.")
    code, words = command("gaps", "bare-chat")
    assert (code, "First: chat-forecast import bare-chat FILE" in words) == (1, True)


def test_what_a_live_chat_read_itself_stays_and_what_only_the_archive_covered_is_read_again(tmp_path):
    storage = ChatStorage(str(tmp_path), "my-chat", ZONE, Locks(tmp_path / "locks"))
    archive = Archive(str(tmp_path), "my-chat")
    noon = FIRST.start + timedelta(hours=12)
    times = [FIRST.start + timedelta(hours=hour, minutes=30) for hour in range(24)]
    whole = make_messages(times)
    imported = whole[whole["sent_at"] < noon]
    archive.add(NewImport(MessageBatch(imported, ReadIntervals.of((FIRST.start, noon)))))
    for asset in ("raw_messages", "merged_history"):
        storage.write(asset, FIRST, MessageBatch(whole, ReadIntervals.of((FIRST.start, FIRST.end))))
    before = archive.contents()
    remove_withdrawn(storage, before, before.without_import(1))
    for asset in ("raw_messages", "merged_history"):
        left = storage.messages(asset, FIRST)
        assert left.messages["sent_at"].tolist() == times[12:]
        assert left.read_intervals == ReadIntervals.of((noon, FIRST.end))  # so the day is asked for again


def test_gaps_are_listed_with_why_they_are(tmp_path):
    archive = Archive(str(tmp_path), "my-chat")
    spans, unread = (
        ReadIntervals.of((instant(0), instant(600))),
        ReadIntervals.of((instant(100), instant(200)), (instant(300), instant(400))),
    )
    archive.add(NewImport(MessageBatch(make_messages([instant(0), instant(600)]), spans), unread, file="a"))
    later = ReadIntervals.of((instant(900), instant(1000)))
    archive.add(NewImport(MessageBatch(make_messages([instant(900), instant(1000)], first_id=9), later), file="b"))
    archive.change(lambda contents: contents.with_ledger(
        lambda ledger: ledger.trusting(ReadIntervals.of((instant(300), instant(400)))).missing_in(
            ReadIntervals.of((instant(950), instant(960)))
        )
    ))  # fmt: skip
    assert [(gap.start, gap.reason, gap.hours) for gap in list_gaps(archive)] == [
        (instant(100), "ids jump", 100 / 60),
        (instant(300), "trusted", 100 / 60),
        (instant(600), "between files", 300 / 60),
        (instant(950), "said to be missing", 10 / 60),
    ]


def test_what_was_said_of_a_time_that_nothing_imported_reaches_is_listed_and_can_be_forgotten(tmp_path):
    archive = Archive(str(tmp_path), "my-chat")
    read = ReadIntervals.of((instant(0), instant(600)))
    archive.add(NewImport(MessageBatch(make_messages([instant(0), instant(600)]), read), file="a"))
    mistyped = ReadIntervals.of((instant(540), instant(660)))
    archive.change(lambda contents: contents.with_ledger(lambda ledger: ledger.missing_in(mistyped)))
    assert [(gap.start, gap.reason, gap.hours) for gap in list_gaps(archive)] == [
        (instant(540), "said to be missing", 1),
        (instant(600), "said of no import", 1),
    ]
    archive.change(lambda contents: contents.with_ledger(lambda ledger: ledger.forgetting(mistyped)))
    assert list_gaps(archive) == []
