"""Single lines that people copy from.

Belongs here: printing a line that holds a path or a command.
Does not belong here: sentences that may be wrapped.
"""

from rich.console import Console
from rich.text import Text


def print_line(console: Console, colour: str, mark: str, text: str) -> None:
    """Print one line behind a coloured mark, unbroken whatever the console's width, and without reading markup into it."""
    console.print(Text.assemble((mark, colour), " ", text), highlight=False, soft_wrap=True)


def print_sentence(console: Console, colour: str, mark: str, text: str) -> None:
    """Print a sentence behind a coloured mark, over as many lines as it takes, and without reading markup into it."""
    console.print(Text.assemble((mark, colour), " ", text), highlight=False)


def print_next(console: Console, command: str, purpose: str = "Next") -> None:
    """Print a command to go on with."""
    console.print(Text.assemble(f"{purpose}: ", (command, "bold")), highlight=False, soft_wrap=True)
