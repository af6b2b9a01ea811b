"""Many commands in one process, since each would import the libraries anew; what they say is what a person would see."""

import json
import subprocess
import sys

import click

from chat_forecast.cli import main

SCRIPT = """
import json, sys
import click
from chat_forecast.cli import main
for arguments in json.loads(sys.argv[1]):
    print("$", ascii(" ".join(arguments)), flush=True)
    try:
        main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show(sys.stdout)
    except click.Abort:
        print("aborted")
    except SystemExit:
        pass
    sys.stdout.flush()
"""


def all_commands() -> dict[str, click.Command]:
    """Every command by its name."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def run_commands(asked: list[list[str]], environment: dict[str, str], seconds: float = 900) -> list[str]:
    """What each of the commands says, on either stream."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(asked)]
    ended = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=seconds
    )
    said = ended.stdout.decode()
    assert ended.returncode == 0, said
    assert "Traceback" not in said, said
    parts = said.split("\n$ ")
    assert len(parts) == len(asked)
    return parts
