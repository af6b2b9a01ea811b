"""Single lines that people copy from.

Belongs here: printing a line that holds a path or a command.
Does not belong here: sentences that may be wrapped.
"""

from rich.console import Console
from rich.text import Text


def print_line(console: Console, colour: str, mark: str, text: str) -> None:
    """Print one line behind a coloured mark, unbroken whatever the console's width, and without reading markup into it."""
    console.print(Text.assemble((mark, colour), " ", text), highlight=False, soft_wrap=True)
