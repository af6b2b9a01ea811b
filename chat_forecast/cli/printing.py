"""Printing the results of commands: text for people, or one JSON document.

Belongs here: where text goes, ``--json``, and how values become JSON.
Does not belong here: the text of any one command (:mod:`chat_forecast.cli.output`).

A command that prints results takes ``@json_option``, writes text and progress to ``console_for(as_json)``, and ends with
:func:`print_json`.
"""

import json
from datetime import date

import click
import pandas as pd
from rich.console import Console

from chat_forecast.cli.output.safe_console import SafeConsole
from chat_forecast.masking import without_secrets
from chat_forecast.plain_text import in_json

console: Console = SafeConsole()
"""Where text and tables go; with colours and progress bars on a terminal only."""
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON document on standard output."
)


def console_for(as_json: bool) -> Console:
    """Where a command prints text: standard error if standard output is kept for JSON."""
    return SafeConsole(stderr=True) if as_json else console


def print_json(document: object) -> None:
    """Print one JSON document: instants in ISO 8601 with their offset, tables as lists of rows, unknown values as null."""
    click.echo(in_json(json.dumps(_plain(document), ensure_ascii=console.options.ascii_only, indent=2, allow_nan=False)))


def _plain(value: object) -> object:
    """A value as JSON can hold it."""
    match value:
        case pd.DataFrame():
            return [_plain(row) for row in value.to_dict("records")]
        case pd.Series():
            return _plain(value.to_dict())
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _ if pd.isna(value):  # type: ignore[call-overload]  # takes any object, whatever its annotations say
            return None
        case date():  # datetimes and pandas' timestamps too
            return value.isoformat()
        case _ if hasattr(value, "item"):  # numpy's numbers
            return value.item()
        case int() | float():
            return value
        case _:
            return without_secrets(str(value))
