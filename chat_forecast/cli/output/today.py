"""A day that is not over, as a table: the hours so far beside what was expected, and those to come.

Belongs here: laying out one look.
Does not belong here: looking (:mod:`chat_forecast.pipeline.watching`).
"""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.cli.output.lines import print_sentence
from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.tables import columns_with_bars, table_with_bars
from chat_forecast.presentation.today import Look, event_in_words, now_in_words

MOST_TIMES = 3.0
"""A count may make the bars end at this many times what was expected; one above it fills its line."""
MARKS = {"busy": Text("▲ busy", "bold red"), "silent": Text("▼ silent", "bold red"), "": Text("")}


def print_look(console: Console, look: Look) -> None:
    """Print the hours of the day, how it goes, and what is unusual."""
    console.print(today_table(console, look))
    print_sentence(console, "cyan", "•", now_in_words(look))
    plan = look.today.plan
    if plan.midnight is not None and plan.reason:
        print_sentence(console, "yellow", "–", f"not by the model: {plan.reason}")
    if plan.midnight is not None and plan.thresholds is None:
        print_sentence(console, "yellow", "–", "too few days are known to tell what is unusual")
    for event in look.events:
        mark, colour = ("✓", "green") if event.is_over else ("!", "red")
        print_sentence(console, colour, mark, event_in_words(event) + (" All clear." if event.is_over else ""))


def today_table(console: Console, look: Look) -> Table:
    """The hours of the day: messages so far or expected now, the 80% interval, and both as a bar."""
    return table_with_bars(console, lambda bar_width: _table(look, bar_width))


def _table(look: Look, bar_width: int) -> Table:
    table = columns_with_bars("hour", ("messages", "expected", "80% interval"), bar_width)
    day = look.today.plan.day
    legend = "█ messages  ◦ expected  ░ 80% interval\n" if bar_width else ""
    table.title = f"{shown_name(look.chat)}: today, {day.date:%A} {day.key}"
    table.caption = f"{legend}… so far; times in {look.chat.timezone}"
    rows = look.today.table
    widest = max(1.0, rows["q90"].fillna(0).max(), rows["high"].fillna(0).max())
    most = float(rows["messages"].fillna(0).max())
    highest = most if rows["q90"].isna().all() else max(widest, min(most, MOST_TIMES * widest))
    for row in rows.to_dict("records"):
        is_coming, is_known = row["is_coming"], not pd.isna(row["messages"])
        low, high, expected = (row["low"], row["high"], row["expected"]) if is_coming else (
            row["q10"], row["q90"], row["midnight"],
        )  # fmt: skip
        messages = f"{row['messages']}{'…' * (not row['is_over'])}" if is_known else "–" if is_coming else "not read"
        mark = MARKS[row["unusual"]]
        cells: list[str | Text] = [f"{row['hour']:%H:%M}", messages]
        cells += ["", ""] if pd.isna(expected) else [f"{expected:.1f}", f"{low:.0f} – {high:.0f}"]
        if bar_width:
            bar = _bar(row["messages"] if is_known else None, (low, expected, high), highest, bar_width)
            cells.append(Text.assemble(bar[: bar_width - len(mark) - 1], " ", mark) if mark else Text(bar))
        table.add_row(*cells, style="" if row["is_over"] or is_known else "dim")
    return table


def _bar(messages: int | None, said: tuple[float, float, float], highest: float, width: int) -> str:
    """An hour as a line of characters that ends at ``highest``; ``said``: its interval around what is expected."""
    low, expected, high = said
    places = []
    for place in range(width):
        begin, end = place * highest / width, (place + 1) * highest / width
        if messages is not None and messages > begin:
            places.append("█")
        elif begin <= expected < end:
            places.append("◦")
        else:
            places.append("░" if low < end and high > begin else " ")
    return "".join(places)
