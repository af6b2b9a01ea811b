"""``chat-forecast import`` as a user types it."""

import os
import resource
import subprocess
import sys
from functools import partial

import pytest
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast_tests.sources.message_files import account, chat, entry, write_json

LATER = 60 * 24 * 40
"""Minutes: the later file begins so long after the earlier one."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home; its name has a space and letters that are not ASCII."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(tmp_path / "my hömé"))
    return tmp_path / "my hömé"


@pytest.fixture
def files(tmp_path):
    """An export, one of later messages of the same chat, and one that is cut."""
    earlier = write_json(tmp_path / "earlier.json", chat(*(entry(number, number * 60) for number in range(1, 60))))
    later = write_json(tmp_path / "later.json", chat(*(entry(99 + number, LATER + number * 60) for number in range(60))))
    cut = tmp_path / "cut.json"
    cut.write_text(earlier.read_text()[:-9])
    return earlier, later, cut


def command(*words):
    """Run it; returns the exit code and what was printed, on one line."""
    done = CliRunner().invoke(main, ["import", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def everything(home):
    """All files but the locks, with their contents."""
    found = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {str(path): path.read_bytes() for path in found}


def test_a_first_import_waits_for_no_dagster_and_gives_freed_memory_back(home, files):
    code = (
        "import sys; from chat_forecast.cli import main; main(sys.argv[1:], standalone_mode=False);"
        "import pyarrow; print({'dagster', 'mlflow'} & set(sys.modules), pyarrow.default_memory_pool().backend_name)"
    )
    words = ["import", "my-chat", str(files[0]), "--timezone", "UTC"]
    done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set() system"


def test_an_import_adds_the_chat_and_says_what_comes_next(home, files):
    code, words = command("my-chat", files[1], "--timezone", "Australia/Lord_Howe")
    assert code == 0
    assert "60 new messages, 0 already known" in words
    assert words.endswith("Next: chat-forecast backfill my-chat")
    assert "first_day = 2023-06-10\n" in (home / "chats.toml").read_text()

    code, words = command("my-chat", *files[:2])  # the zone is known now
    assert (code, "59 new messages, 60 already known" in words) == (0, True)
    assert "first_day = 2023-05-01\n" in (home / "chats.toml").read_text()


def test_nothing_changes_when_the_second_file_is_refused(home, files):
    command("my-chat", files[1], "--timezone", "Europe/Berlin")
    before = everything(home)
    code, words = command("my-chat", files[0], files[2])
    assert (code, f"{files[2]}: it ends in the middle" in words) == (1, True)
    code, words = command("other", files[0], files[2], "--timezone", "Europe/Berlin")
    assert (code, "it ends in the middle" in words) == (1, True)
    assert everything(home) == before


@pytest.mark.parametrize(
    ("slug", "zone", "expected"),
    [
        ("My Chat", "Europe/Berlin", "did you mean my-chat?"),
        ("", "Europe/Berlin", "1 to 40 lowercase letters"),
        ("mlflow", "Europe/Berlin", "this one is the program's own"),
        ("my_chat", "Europe/Berlin", "found the chat my-chat too"),
        ("new", "Europe/Berlni", "did you mean Europe/Berlin?"),
        ("new", None, "give its time zone, such as --timezone Europe/Moscow"),
        ("my-chat", "Europe/Moscow", "is configured with the time zone Europe/Berlin"),
        ("made-up", None, "is a simulated chat"),
    ],
)
def test_a_name_or_zone_that_cannot_be_used_is_refused_before_anything_is_read(home, files, slug, zone, expected):
    command("my-chat", files[0], "--timezone", "Europe/Berlin")
    with (home / "chats.toml").open("a") as file:
        file.write('[chats.made-up]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-01-01\n')
    before = everything(home)
    code, words = command(slug, files[0], *(["--timezone", zone] if zone else []))
    assert (code > 0, expected in words) == (True, True), words
    assert everything(home) == before


def test_a_chat_of_an_account_is_listed_and_then_chosen(home, tmp_path):
    chats, left = [chat(entry(1, 0), chat_id=1)], [chat(entry(1, 0), entry(2, 5), chat_id=2, name="Left")]
    path = write_json(tmp_path / "result.json", account(chats, left))
    code, words = command("my-chat", path, "--timezone", "UTC")
    assert (code, "Choose one with --chat-id: 1 A chat" in words, "2 Left" in words) == (1, True, True)
    assert not (home / "chats.toml").exists()
    code, words = command("my-chat", path, "--timezone", "UTC", "--chat-id", 2)
    assert (code, "2 new messages" in words) == (0, True)


def test_the_first_day_is_the_archives_although_the_configuration_was_lost(home, files):
    command("my-chat", files[0], "--timezone", "UTC")
    (home / "chats.toml").unlink()
    command("my-chat", files[1], "--timezone", "UTC")
    assert "first_day = 2023-05-01\n" in (home / "chats.toml").read_text()


def test_a_full_disk_leaves_the_archive_as_it_was_and_is_told_in_words(home, tmp_path):
    small = tmp_path / "small.csv"
    small.write_text("sent_at\n2023-05-01T00:00:00Z\n2023-05-02T00:00:00Z\n")
    command("my-chat", small, "--timezone", "UTC")
    before = everything(home)
    great = tmp_path / "great.csv"
    great.write_text(
        "sent_at,sender\n" + "".join(f"2023-05-01 {n // 60:02}:{n % 60:02}:{n % 59:02},{n}\n" for n in range(1440))
    )
    done = subprocess.run(
        [sys.executable, "-m", "chat_forecast.cli", "import", "my-chat", great],
        env={**os.environ, "CHAT_FORECAST_HOME": str(home)},
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (8000, 8000)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "messages.parquet could not be written (File too large); what stood there before is as it was" in done.stderr
    assert everything(home) == before


def test_another_chats_file_is_refused_until_it_is_said_to_be_the_same(home, files, tmp_path):
    command("my-chat", files[0], "--timezone", "UTC")
    before = everything(home)
    other = write_json(tmp_path / "other.json", chat(entry(1, 0), entry(2, 60), chat_id=78, name="Another [bold]chat"))
    code, words = command("my-chat", other)
    assert (code, 'it holds the chat 78 "Another [bold]chat", but my-chat is the chat 77 "A chat"' in words) == (1, True)
    assert everything(home) == before
    assert command("my-chat", other, "--same-chat")[0] == 0
    listed = " ".join(CliRunner().invoke(main, ["imports", "my-chat", "--json"]).output.split())
    assert '"chat_id": 78, "title": "Another [bold]chat"' in listed


def test_clock_times_are_read_in_the_zone_that_is_given_for_the_file(home, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("sent_at\n2023-05-01 09:00:00\n2023-05-01 12:00:00\n")
    code, words = command("my-chat", table, "--timezone", "Europe/Moscow", "--file-timezone", "UTC")
    assert (code, "from 2023-05-01 12:00 to 2023-05-01 15:00 (Europe/Moscow)" in words) == (0, True)
    assert "clock times without an offset: 2, read in the zone UTC." in words
    code, words = command("new-chat", table, "--timezone", "Europe/Moscow", "--file-timezone", "Europe/Moskau")
    assert (code, "there is no time zone Europe/Moskau" in words) == (1, True)


@pytest.mark.parametrize("option", ["--missing", "--gaps"])
def test_what_is_missing_can_be_said_with_the_import(home, files, tmp_path, option):
    (tmp_path / "gaps.csv").write_text("from,to\n2023-05-02,2023-05-02\n")
    value = {"--missing": "2023-05-02", "--gaps": tmp_path / "gaps.csv"}[option]
    code, words = command("my-chat", files[0], "--timezone", "UTC", option, value)
    assert (code, "days not covered: 1 (2023-05-02)" in words) == (0, True)
    listed = " ".join(CliRunner().invoke(main, ["gaps", "my-chat", "--json"]).output.split())
    assert '"from": "2023-05-02T00:00:00+00:00", "to": "2023-05-03T00:00:00+00:00", "hours": 24' in listed
    code, words = command("my-chat", files[0], "--missing", "yesterday")
    assert (code, "yesterday: expected FROM..TO, such as 2026-05-01..2026-05-03" in words) == (1, True)
