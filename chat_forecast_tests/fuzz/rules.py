"""What must hold of any file at all: it is read, or refused in a sentence; soon, in little memory, and counted right."""

import faulthandler
import json
import signal
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from chat_forecast.app.importing import import_files
from chat_forecast.app.reading_files import ImportOptions, read_chats
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.mistakes import ConfigError
from chat_forecast.settings.reading import load_chats_file, load_notify
from chat_forecast.sources.exports.base import Tally
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.partition_files import PartitionFiles
from chat_forecast_tests.memory import forget_peak, megabytes

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"k" * 32)
MOST_MEGABYTES = 500
LONGEST = 20
"""Seconds that a small file may take, on a machine that has other things to do."""


LONGEST_SAID = 4000


class TooLongError(AssertionError):
    """A small file kept the reader busy."""


@contextmanager
def bounded(content: bytes, ending: str):
    """A file with this content, which is to be read soon and in little memory."""

    def too_long(*_):
        raise TooLongError(f"still reading after {LONGEST} s")

    forget_peak()
    held = megabytes("VmRSS")
    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST)
    faulthandler.dump_traceback_later(3 * LONGEST, exit=True)  # where not even a signal is heard
    try:
        with TemporaryDirectory(prefix="chat-forecast-fuzz-") as folder:
            path = Path(folder) / f"file{ending}"
            path.write_bytes(content)
            yield path
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    took = megabytes("VmHWM") - held
    assert took <= MOST_MEGABYTES, f"took {took} MB"


def expect_named(path: Path, error: ChatForecastError) -> None:
    """What is said names the file, and shows none of its content at length."""
    said = str(error)
    assert str(path) in said, said
    assert len(said) < LONGEST_SAID, said


def expect_read_or_refused(content: bytes, ending: str, count: int | None = None, *, is_stored: bool = False) -> None:
    """The messages of a file are as many as ``count`` (None: unknown), those of impossible times included."""
    with bounded(content, ending) as path:
        options = ImportOptions(is_partial_accepted=True)
        tally = Tally()
        try:
            chats = read_chats(path, "Europe/Berlin", options, PSEUDONYMS, NOW, tally, lambda _done: None)
        except ChatForecastError as error:
            expect_named(path, error)
            return
        found = sum(len(chat.messages) for chat in chats) + tally.impossible
        assert count is None or found == count, f"counted {found} messages of {count}"
        if is_stored:
            archive = Archive(str(path.parent / "data"), "my-chat")
            with suppress(ChatForecastError):
                import_files(archive, [path], timezone="Europe/Berlin", pseudonyms=PSEUDONYMS, options=options, now=NOW)
                assert len(archive.read().messages) <= found
                assert archive.ledger.imports


def messages_of_export(content: bytes) -> int | None:
    """How many messages an export has, by the standard library; None if it cannot tell."""
    try:
        document = json.loads(content, strict=False)
        entries = document["messages"]
        dated = [each for each in entries if each["type"] == "message" and (each.get("date") or each.get("date_unixtime"))]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    is_odd = any(each.get(key) in ("", 0, False, [], {}) for each in entries for key in ("date", "date_unixtime"))
    return None if is_odd else len(dated)


def expect_settings_read_or_refused(content: bytes) -> None:
    """A mistake is named with its file; one in a chat's table leaves the other chats as they are."""
    with bounded(content, ".toml") as path:
        try:
            file = load_chats_file(path, NOW.date())
            load_notify(path)
        except ConfigError as error:
            expect_named(path, error)
            return
        assert all(str(path) in mistake for mistake in file.put_aside.values())
        if content.startswith(b"[chats.good]\n"):
            assert "good" in file.put_aside or file.find("good") is not None


def expect_partition_read_or_refused(content: bytes, asset: str) -> None:
    """A stored file that is damaged is named in a sentence."""
    with bounded(content, ".parquet") as path:
        files = PartitionFiles(str(path.parent), "old-chat", "Europe/Berlin", path.parent / "locks")
        day = LocalDay.parse("2026-04-01", files.timezone)
        stored = Path(files.url(asset, day))
        stored.parent.mkdir(parents=True)
        path.rename(stored)
        read = files.messages if asset in ("raw_messages", "merged_history") else files.frame
        try:
            read(asset, day)
            files.notes(asset, day)
        except ChatForecastError as error:
            expect_named(stored, error)
