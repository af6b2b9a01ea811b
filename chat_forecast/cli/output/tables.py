"""Tables that fit the terminal: of the columns that can be spared, as many are left out as do not fit.

Belongs here: choosing the columns of a table, and how wide its bars are, by the console's width.
Does not belong here: any one table.
"""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000
WIDEST_BAR, NARROWEST_BAR = 24, 8
AROUND_BAR = 3
"""Characters around a bar: a blank on either side, and a line."""


def table_with_bars(console: Console, build: Callable[[int], Table]) -> Table:
    """Build a table whose last column holds bars, as wide as the console has room for.

    ``build`` makes it for a width of the bars; with 0, where next to nothing is left for them, it has no column of them.
    """
    bare = build(0)
    width = min(WIDEST_BAR, console.width - _width(console, bare) - AROUND_BAR)
    return bare if width < NARROWEST_BAR else build(width)


def columns_with_bars(first: str, numbers: Sequence[str], bar_width: int) -> Table:
    """An empty table of a column to the left, columns of numbers, and one of bars where they have a width."""
    table = Table(title_justify="left", caption_justify="left")
    table.add_column(first, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    if bar_width:
        table.add_column("", width=bar_width)
    return table


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
