"""Tables that fit the terminal: of the columns that can be spared, as many are left out as do not fit.

Belongs here: choosing the columns of a table, and how wide its bars are, by the console's width.
Does not belong here: any one table.
"""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000
WIDEST_BAR, NARROWEST_BAR = 24, 8


def table_with_bars(console: Console, first: str, numbers: Sequence[str], *, beside: int) -> tuple[Table, int]:
    """An empty table of a column to the left, columns of numbers, and one of bars; with the width of a bar.

    ``beside`` is how many characters the other columns and the lines between them take. Where next to nothing is left for
    bars, there is no column of them, and their width is 0.
    """
    width = min(WIDEST_BAR, console.width - beside)
    table = Table(title_justify="left", caption_justify="left")
    table.add_column(first, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    if width < NARROWEST_BAR:
        return table, 0
    table.add_column("", width=width)
    return table, width


def fitting_table(
    console: Console, headings: Mapping[str, str], sparable: Sequence[str], build: Callable[[Mapping[str, str]], Table]
) -> Table:
    """Build a table from the columns that fit the console.

    ``headings`` is column -> heading; ``sparable`` are the columns left out where all do not fit, the first of them first.
    """
    left = dict(headings)
    table = build(left)
    for column in sparable:
        if _width(console, table) <= console.width:
            break
        del left[column]
        table = build(left)
    return table


def _width(console: Console, table: Table) -> int:
    """How wide a table is where nothing of it is cut or wrapped."""
    return console.measure(table, options=console.options.update(width=UNLIMITED)).maximum
