"""A forecast as a table: its hours, with their intervals drawn as bars.

Belongs here: laying out one forecast.
Does not belong here: what stands around it (:mod:`.chats`).
"""

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.tables import columns_with_bars, table_with_bars
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.phrases import count_messages
from chat_forecast.settings.models import Chat


def forecast_table(console: Console, chat: Chat, day: LocalDay, forecast: pd.DataFrame) -> Table:
    """The hours of a forecast for ``day``: expected, median and 80% interval in messages, and the intervals as bars.

    The bars are as wide as the console has room for; where it has next to none, they are left out.
    """
    return table_with_bars(console, lambda bar_width: _table(chat, day, forecast, bar_width))


def _table(chat: Chat, day: LocalDay, forecast: pd.DataFrame, bar_width: int) -> Table:
    table = columns_with_bars("hour", ("expected", "median", "80% interval"), bar_width)
    through = forecast["trained_through"].iloc[0]
    trained = "" if pd.isna(through) else f", trained through {through}"
    legend = "█ expected  ▒ 50% interval  ░ 80% interval\n" if bar_width else ""
    table.title = (
        f"{shown_name(chat)}: {day.date:%A} {day.key}, {count_messages(round(forecast['expected'].sum()))} expected"
    )
    table.caption = f"{legend}{forecast['forecaster'].iloc[0]}{trained}; times in {chat.timezone}"
    highest = max(1.0, forecast["q90"].max(), forecast["expected"].max())
    for row in forecast.to_dict("records"):
        interval = f"{row['q10']:.0f} – {row['q90']:.0f}"
        cells: list[str | Text] = [f"{row['hour']:%H:%M}", f"{row['expected']:.1f}", f"{row['median']:.0f}", interval]
        if bar_width:
            cells.append(interval_bar({str(column): value for column, value in row.items()}, highest, bar_width))
        table.add_row(*cells)
    return table


def interval_bar(row: Mapping[str, float], highest: float, width: int) -> Text:
    """The intervals of an hour and its expectation, on a line of ``width`` characters that ends at ``highest``.

    >>> interval_bar({"q10": 2, "q25": 4, "expected": 5, "q75": 6, "q90": 11}, 24, 24).plain
    '  ░░▒█░░░░░             '
    """
    bar = Text()
    for place in range(width):
        low, high = place * highest / width, (place + 1) * highest / width
        if low <= row["expected"] < high or (place == width - 1 and row["expected"] >= high):
            bar.append("█", "bold yellow")
        elif low < row["q75"] and high > row["q25"]:
            bar.append("▒", "cyan")
        elif low < row["q90"] and high > row["q10"]:
            bar.append("░", "cyan dim")
        else:
            bar.append(" ")
    return bar
