"""What the commands print: on a terminal, through a pipe, for machines."""

import json
import os
import pty
import re
import subprocess
import sys

import click
import pytest

from chat_forecast.cli import main
from chat_forecast.settings.editing import add_chat
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.commands import all_commands
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_whole_chat

CHAT = make_chat("loud-chat")
COMMANDS = sorted(all_commands())
ESCAPE = "\x1b["


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one chat of which everything is stored."""
    root = tmp_path_factory.mktemp("home")
    add_chat(root / "chats.toml", CHAT.slug, source="export", timezone=CHAT.timezone, first_day=FIRST.date)
    store_whole_chat(Storages(str(root), Locks(root / "locks")).of(CHAT))
    return root


def environment(home, **more):
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "CHAT_FORECAST_HOME": str(home), "TERM": "xterm-256color", **more}


def chat_forecast(home, *arguments, **more):
    """Run the command with its output in pipes."""
    command = [sys.executable, "-m", "chat_forecast.cli", *arguments]
    return subprocess.run(command, env=environment(home, **more), capture_output=True, text=True, timeout=120)


def on_terminal(home, *arguments, **more) -> str:
    """Run the command on a terminal of its own; gives what it showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "chat_forecast.cli", *arguments]
    with subprocess.Popen(command, env=environment(home, **more), stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # Linux ends a terminal so once nobody has it open any more
            pass
        assert process.wait(60) == 0
    os.close(ours)
    return shown.decode()


def test_every_command_explains_itself_with_examples_of_options_it_has():
    for name, command in all_commands().items():
        text = command.get_help(click.Context(command, info_name=f"chat-forecast {name}"))
        _, _, shown = text.partition("Examples:\n")
        lines = [line.strip() for line in shown.splitlines() if line.strip()]
        assert lines, f"{name} has no examples"
        assert all("chat-forecast" in line for line in lines), name
        parts = [command, *getattr(command, "commands", {}).values()]
        options = {option for part in parts for parameter in part.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", shown)) <= options, name


@pytest.mark.parametrize("width", [60, 80])
def test_the_list_of_commands_cuts_no_explanation_off(width):
    _, _, listed = main.get_help(click.Context(main, info_name="chat-forecast", terminal_width=width)).partition("Commands:")
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= width
    in_one = " ".join(listed.split())
    assert all(f"{name} {command.get_short_help_str(999)}" in in_one for name, command in all_commands().items())


@pytest.mark.parametrize("name", ["show", "import", "backfill", "run", "demo", "report"])
def test_every_command_that_prints_results_can_print_json(name):
    assert any("--json" in parameter.opts for parameter in all_commands()[name].params)


def test_show_is_coloured_on_a_terminal_alone(home):
    assert ESCAPE in on_terminal(home, "show", "loud-chat")
    without = on_terminal(home, "show", "loud-chat", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*[39][0-7]m", without)  # bold and dim are no colours
    piped = chat_forecast(home, "show", "loud-chat")
    assert ESCAPE not in piped.stdout + piped.stderr
    assert "loud-chat: Wednesday 2026-05-20, 143 messages expected" in piped.stdout
    assert "✗ not good enough" in piped.stdout or "✓ good enough" in piped.stdout
    assert "Unusual on 2026-05-19: 90 messages at 12:00, 10 expected" in piped.stdout.replace("\n", " ")
    assert max(map(len, piped.stdout.splitlines())) <= 80


def test_json_is_the_only_thing_on_standard_output(home):
    shown = json.loads(chat_forecast(home, "show", "loud-chat", "--json").stdout)
    assert shown["chat"] == "loud-chat"
    assert shown["forecast"]["day"] == "2026-05-20"
    assert len(shown["forecast"]["hours"]) == 24
    assert shown["forecast"]["hours"][0]["hour"] == "2026-05-20T00:00:00+02:00"
    assert [row["day"] for row in shown["scores"]][-1] == "2026-05-19"
    assert shown["scores"][-1]["hours_missing"] == 2
    assert shown["unusual_hours"][0]["messages"] == 90
    assert shown["check"]["passed"] in (True, False)

    ended = chat_forecast(home, "report", "loud-chat", "--language", "ru", "--json")
    made = json.loads(ended.stdout)
    assert made["file"] == str(home / "reports" / "loud-chat.ru.html")
    assert made["bytes"] == (home / "reports" / "loud-chat.ru.html").stat().st_size
    assert "loud-chat.ru.html" in ended.stderr
    assert (home / "reports" / "index.html").exists()


def test_what_is_imported_is_told_in_json_too(home, tmp_path):
    (tmp_path / "messages.csv").write_text("sent_at\n2026-01-01T10:00:00Z\n2026-01-02T11:00:00Z\n")
    arguments = ["import", "other", str(tmp_path / "messages.csv"), "--timezone", "Europe/Moscow", "--json"]
    made = json.loads(chat_forecast(tmp_path, *arguments).stdout)
    assert (made["chat"], made["new"], made["duplicates"]) == ("other", 2, 0)
    assert made["first_message"] == "2026-01-01T10:00:00+00:00"
    assert made["partly_covered"] == [["2026-01-01", "2026-01-02"]]


def test_a_mistake_is_one_message_and_no_output(home):
    ended = chat_forecast(home, "show", "quiet-chat", "--json")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "has no chat 'quiet-chat'; it has: loud-chat" in ended.stderr
    ended = chat_forecast(home, "report", "loud-chat", "--out", "/proc/nowhere/page.html")
    assert ended.returncode == 1
    assert "/proc/nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("shell", "words"), [("bash", "complete -o nosort"), ("zsh", "#compdef"), ("fish", "complete ")])
def test_a_shell_gets_what_completes_for_it(home, shell, words):
    from click.testing import CliRunner

    printed = CliRunner().invoke(main, ["completion", shell]).output
    assert words in printed
    assert "_CHAT_FORECAST_COMPLETE" in printed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["sh"], ["show"]),
        (["show", "lo"], ["loud-chat"]),
        (["show", "x"], []),
        (["report", "loud-chat", "--language", ""], ["en", "ru"]),
    ],
)
def test_commands_chats_and_choices_are_completed(home, monkeypatch, typed, expected):
    from click.shell_completion import BashComplete

    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_HOME"):
        monkeypatch.setenv(name, "")  # the command sets them in its process; they are restored with the test
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(home))
    complete = BashComplete(main, {}, "chat-forecast", "_CHAT_FORECAST_COMPLETE")
    assert [item.value for item in complete.get_completions(typed[:-1], typed[-1])] == expected
