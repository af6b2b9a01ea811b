"""Progress while something runs: bars on a terminal, headlines and a line a minute where nothing can move.

Belongs here: showing how much is done.
Does not belong here: what is printed at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from chat_forecast.plain_text import counted

BAR_WIDTH = 24
LINE_EVERY = 60.0
"""Seconds from line to line where there is no terminal."""
Clock = Callable[[], float]
"""Seconds, which only ever grow."""


class Lines:
    """Says how much is done where no bar can move, at most once a minute."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._said = clock()

    def update(self, text: str) -> None:
        """Print the text as a line, if there is no terminal and the last one is a minute old."""
        if self._console.is_terminal or self._clock() - self._said < LINE_EVERY:
            return
        self._said = self._clock()
        self._console.print(f"  {text}", highlight=False, soft_wrap=True)

    def wait(self) -> None:
        """Let a minute go by before the next line: something else was said just now."""
        self._said = self._clock()


class RunProgress:
    """A bar for each asset of the run in progress; without a terminal, a line a minute."""

    def __init__(self, console: Console, bars: Progress, clock: Clock) -> None:
        self._console = console
        self._bars = bars
        self._lines = Lines(console, clock)
        self._tasks: dict[str, TaskID] = {}

    def headline(self, text: str) -> None:
        """Print what comes next; the bars of what went before disappear."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._lines.wait()
        is_wrapped = self._console.is_terminal  # a line of a log stays one
        self._console.print(Text.assemble(("›", "bold"), " ", text), highlight=False, soft_wrap=not is_wrapped)

    def update(self, asset: str, done: int, total: int) -> None:
        """Show how many of an asset's days are done."""
        if asset not in self._tasks or done == 0:
            self._tasks[asset] = self._bars.add_task(asset, total=total)
        self._bars.update(self._tasks[asset], completed=done)
        self._lines.update(f"{asset}: {done:,} of {counted(total, 'days')}")


@contextmanager
def run_progress(console: Console, clock: Clock = monotonic) -> Iterator[RunProgress]:
    """Show a run's progress while the block lasts."""
    columns = (TextColumn("  {task.description:<18}"), BarColumn(BAR_WIDTH), MofNCompleteColumn(), TextColumn("days"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as bars:
        yield RunProgress(console, bars, clock)


@contextmanager
def byte_progress(console: Console, text: str, clock: Clock = monotonic) -> Iterator[Callable[[int, int], None]]:
    """Show how many bytes of a whole are done while the block lasts."""
    columns = (TextColumn("  {task.description}"), BarColumn(BAR_WIDTH), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task, lines = bars.add_task(text, total=None), Lines(console, clock)

        def update(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)
            lines.update(f"{text}: {decimal(done)} of {decimal(total)}")

        yield update
