"""Tables that fit the terminal: of the columns that can be spared, as many are left out as do not fit.

Belongs here: choosing the columns of a table by the console's width.
Does not belong here: any one table.
"""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000


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
