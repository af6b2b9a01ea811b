"""Drawing in a process of its own, where the libraries for it are not loaded yet.

Belongs here: starting that process, and drawing here where it cannot be done there.
Does not belong here: what is drawn.

Matplotlib is 35 MB that whoever loads it keeps. A night draws one plot, after it has loaded Dagster and MLflow: alone, the
process that draws is a fifth of that one. To start it takes a fifth of a second of a processor, for each plot: who draws
several does it itself, as does a process that has matplotlib already, since it trains.
"""

import gc
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar

from chat_forecast.presentation.programs import run_program

Plot = TypeVar("Plot")
PROGRAM = "chat_forecast.presentation.drawing"


def draw_beside(draw: Callable[[Plot], bytes], plot: Plot) -> bytes:
    """What ``draw`` draws; it and the plot are pickled, and what it raises is raised here."""
    if "matplotlib.figure" in sys.modules:
        return draw(plot)
    try:
        done = run_program(PROGRAM, pickle.dumps((draw, plot)))
    except OSError:  # no process can be started
        return draw(plot)
    return draw(plot) if done.returncode else done.stdout


def main() -> None:
    """Draw what standard input names, to standard output."""
    gc.disable()  # the process ends before there is anything worth collecting
    draw, plot = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    sys.stdout.buffer.write(draw(plot))
