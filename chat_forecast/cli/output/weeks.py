"""The coming week as a table: its days with their intervals, and when it is busiest and quietest.

Belongs here: laying out one week.
Does not belong here: gathering it (:mod:`chat_forecast.presentation.week`).
"""

import pandas as pd
from rich.console import Console
from rich.table import Table

from chat_forecast.cli.output.forecasts import interval_bar
from chat_forecast.cli.output.lines import print_sentence
from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.tables import columns_with_bars, table_with_bars
from chat_forecast.presentation.phrases import count_messages, join
from chat_forecast.presentation.week import Week, window_in_words


def print_week(console: Console, week: Week) -> None:
    """Print the week: a row a day, the week's total, the best times to post and the quietest hours."""
    if week.days.empty:
        print_sentence(console, "yellow", "–", f"{shown_name(week.chat)}: no forecast of the week: {week.reason}")
        return
    console.print(week_table(console, week))
    if week.reason:
        print_sentence(console, "yellow", "–", f"not by the model: {week.reason}")
    if week.busiest:
        first, *others = (window_in_words(window) for window in week.busiest)
        beside = f"; then {join(others)}" if others else ""
        print_sentence(console, "green", "▲", f"best time to post: {first}{beside}")
    if week.quietest is not None:
        print_sentence(console, "cyan", "▼", f"quietest: {week.quietest[0]:02d}–{week.quietest[1]:02d} every day")


def week_table(console: Console, week: Week) -> Table:
    """The days: expected messages, 80% interval, and the interval as a bar."""
    return table_with_bars(console, lambda bar_width: _table(week, bar_width))


def _table(week: Week, bar_width: int) -> Table:
    table = columns_with_bars("day", ("expected", "80% interval"), bar_width)
    expected, low, high = week.total
    table.title = f"{shown_name(week.chat)}: coming week, {count_messages(round(expected))} ({low:,.0f} to {high:,.0f})"
    highest = max(1.0, week.days["high"].max())
    for row in week.days.to_dict("records"):
        day = pd.Timestamp(row["day"])
        name = f"{day:%a} {row['day']}" + (" *" if row["holiday"] else "")
        cells = [name, f"{row['expected']:,.0f}", f"{row['low']:,.0f} – {row['high']:,.0f}"]
        middle = dict.fromkeys(("q25", "expected", "q75"), row["expected"])
        bar = {"q10": row["low"], "q90": row["high"], **middle}
        table.add_row(*cells, *([interval_bar(bar, highest, bar_width)] if bar_width else []))
    holidays = "; ".join(f"{row['day']} {row['holiday']}" for row in week.days.to_dict("records") if row["holiday"])
    named = f"* {holidays}; " if holidays else ""
    table.caption = f"80% intervals; {named}times in {week.chat.timezone}"
    return table
