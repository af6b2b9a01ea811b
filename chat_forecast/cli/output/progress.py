"""Progress while something runs: bars on a terminal, headlines only where nothing can move.

Belongs here: showing how much is done.
Does not belong here: what is printed at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

BAR_WIDTH = 24


class RunProgress:
    """A bar for each asset of the run in progress."""

    def __init__(self, console: Console, bars: Progress) -> None:
        self._console = console
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def headline(self, text: str) -> None:
        """Print what comes next; the bars of what went before disappear."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._console.print(Text.assemble(("›", "bold"), " ", text), highlight=False)

    def update(self, asset: str, done: int, total: int) -> None:
        """Show how many of an asset's days are done."""
        if asset not in self._tasks or done == 0:
            self._tasks[asset] = self._bars.add_task(asset, total=total)
        self._bars.update(self._tasks[asset], completed=done)


@contextmanager
def run_progress(console: Console) -> Iterator[RunProgress]:
    """Show a run's progress while the block lasts; nothing moves where there is no terminal."""
    columns = (TextColumn("  {task.description:<18}"), BarColumn(BAR_WIDTH), MofNCompleteColumn(), TextColumn("days"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as bars:
        yield RunProgress(console, bars)


@contextmanager
def byte_progress(console: Console, text: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many bytes of a whole are done while the block lasts."""
    columns = (TextColumn("  {task.description}"), BarColumn(BAR_WIDTH), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(text, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
