"""Titles, keys, headers and names of files that command a terminal, or read backwards: what every command shows of them."""

import json
import os
import re
import subprocess
import sys

import pytest

from chat_forecast.plain_text import HARMFUL
from chat_forecast_tests.commands import run_commands

ESCAPES = "\x1b[31mred\x1b]0;title\x07\x1b]52;c;cm0=\x07\x9b2J\r"
BACKWARDS = "\u202egnp.exe\u2066"
HOSTILE = f"[bold]{ESCAPES}{BACKWARDS}[/nothing]=1+1 ../../etc <script>alert(1)</script>"
OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\r?\x1b\[1A|\r?\x1b\[2K")
"""What rich sends to colour a text, and to move a bar."""


@pytest.fixture
def commands(tmp_path):
    """Run commands in a home of its own, as a person does at a terminal that knows colours; what each of them says."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*asked, colours="1"):
        environment = {key: value for key, value in os.environ.items() if key not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
        environment |= {"CHAT_FORECAST_HOME": str(home), "FORCE_COLOR": colours, "COLUMNS": "200"}
        return run_commands([[str(each) for each in arguments] for arguments in asked], environment)

    run.home = home
    return run


def expect_harmless(said: str) -> None:
    """Nothing but the program's own colours and moving bars command the terminal."""
    found = HARMFUL.search(OWN.sub("", said))
    assert found is None, (found, said[max(0, found.start() - 80) : found.end() + 20])


def export(title, **more):
    messages = [
        {"id": number, "type": "message", "date": f"2026-05-0{number}T10:00:00", "from": title, "from_id": f"user{number}",
         "text": title}
        for number in range(1, 6)
    ]  # fmt: skip
    return {"name": title, "type": "private_supergroup", "id": 77, "messages": messages, **more}


def test_a_chats_title_and_a_files_name_are_shown_as_text(commands, tmp_path):
    path = tmp_path / f"re{BACKWARDS}\x1b]0;x\x07 sult.json"
    path.write_text(json.dumps(export(HOSTILE)))
    imported, listed, as_json, _ = said = commands(
        ["import", "my-chat", path, "--timezone", "UTC"],
        ["imports", "my-chat"],
        ["imports", "my-chat", "--json"],
        ["status"],
    )
    for each in said:
        expect_harmless(each)
    assert "backfill my-chat" in imported
    assert "[bold]\\x1b[31mred" in listed  # nothing in it is markup
    document = as_json[as_json.index("{") :].partition("\n}")[0] + "}"
    assert json.loads(document)["imports"][0]["title"] == HOSTILE  # whole, for programs


def test_what_is_wrong_with_a_file_is_said_in_harmless_words(commands, tmp_path):
    account = {"chats": {"list": [export(HOSTILE), export(f"{HOSTILE}\nsecond line", id=78)]}}
    (tmp_path / "account.json").write_text(json.dumps(account))
    (tmp_path / "keys.json").write_text(json.dumps({HOSTILE: [HOSTILE]}))
    (tmp_path / "headers.csv").write_text(f'"date{HOSTILE.replace(chr(13), "")}","{ESCAPES[:5]}"\n2026-01-01,1\n')
    (tmp_path / "values.csv").write_text(f"date,from\n{ESCAPES[:-1]},=cmd|' /C calc'!A0\n")
    (tmp_path / "nul.csv").write_bytes(b"date,from\n2026-01-01 10:00\x00,\x1b[2J\n")
    names = ("account.json", "keys.json", "headers.csv", "values.csv", "nul.csv", f"missing{ESCAPES}.json")
    said = commands(*(["import", "my-chat", tmp_path / name, "--timezone", "UTC"] for name in names))
    for each in said:
        assert "Error" in each or "passed over" in each, each
        expect_harmless(each)
    assert "second line" in said[0]
    assert "\nsecond line" not in said[0]  # a title cannot pass for a line of ours


def test_settings_and_arguments_are_shown_in_harmless_words(commands):
    hostile = json.dumps(HOSTILE)
    (commands.home / "chats.toml").write_text(
        f'[chats.a]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-01-01\n{hostile} = 1\n'
        f"[chats.{hostile}]\nsource = {hostile}\n"
    )
    for said in commands(["status"], ["show", HOSTILE], ["run", ESCAPES], [ESCAPES], ["show", "a", f"--{ESCAPES}"]):
        expect_harmless(said)


def test_a_log_holds_no_commands_and_markup_in_it_is_text(tmp_path):
    script = (
        "import logging, os; from chat_forecast.masking import mask_output; mask_output(os.environ); "
        "logging.warning('%s', os.environ['HOSTILE']); raise ValueError(os.environ['HOSTILE'])"
    )
    ended = subprocess.run([sys.executable, "-c", script], env={**os.environ, "HOSTILE": HOSTILE}, capture_output=True)
    expect_harmless(ended.stderr.decode())
    assert ended.stderr.count(b"\\x1b[31mred") == 2


@pytest.mark.parametrize("encoding", ["ascii", "koi8-r"])
def test_a_terminal_that_has_not_all_signs_shows_the_others(tmp_path, encoding):
    (tmp_path / "chats.toml").write_text('[chats.my-chat]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-01-01\n')
    environment = {**os.environ, "CHAT_FORECAST_HOME": str(tmp_path), "PYTHONIOENCODING": encoding}
    for words in (["status"], ["status", "--json"]):
        command = [sys.executable, "-m", "chat_forecast.cli", *words]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=120)
        said = done.stdout.decode(encoding)
        assert done.returncode == 1, (said, done.stderr)
        assert "nothing has been read yet" in said
        assert b"Traceback" not in done.stderr
    assert json.loads(said)
