"""Consoles that record what a person sees, at a width and with or without colour."""

import io
import re

import pytest
from rich.console import Console

ESCAPE = "\x1b["
COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7])m")
at_each_width = pytest.mark.parametrize("width", [60, 80])


def seen(print_it, *arguments, width: int = 80, **how) -> str:
    """What a function prints, as plain text."""
    console = Console(file=io.StringIO(), width=width, record=True, color_system=None, **how)
    print_it(console, *arguments)
    return console.export_text(styles=False)


def sent(print_it, *arguments, width: int = 80, **how) -> str:
    """What a function sends to a terminal that knows colours, escapes included."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="standard", **how)
    print_it(console, *arguments)
    return console.file.getvalue()


def expect_readable(text: str, width: int) -> None:
    """Every table fits, with its borders, and nothing in it was cut."""
    table = [line for line in text.splitlines() if re.match(r"[┏┡│┃└]", line)]
    assert table
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert {len(line) for line in table if line[0] == "┏"} == {len(line) for line in table if line[0] == "└"}
    assert all(line[-1] in "┓┩│┃┘" for line in table)
