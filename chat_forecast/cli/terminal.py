"""What the command line prints: tables, progress, places.

Belongs here: the words and their layout on a terminal.
Does not belong here: finding out what to say.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chat_forecast.app.importing import ImportReport
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.presentation import plots
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.partitions import ChatStorage

BAR_WIDTH = 24
SCORED_DAYS = 7


class RunProgress:
    """A bar for each asset of the run under way."""

    def __init__(self, console: Console, bars: Progress) -> None:
        self._console = console
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def headline(self, words: str) -> None:
        """Say what comes next; the bars of what went before go away."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._console.print(f"[bold]›[/] {words}", highlight=False)

    def update(self, asset: str, done: int, total: int) -> None:
        """Show how many of an asset's days are done."""
        if asset not in self._tasks or done == 0:
            self._tasks[asset] = self._bars.add_task(asset, total=total)
        self._bars.update(self._tasks[asset], completed=done)


@contextmanager
def progress(console: Console) -> Iterator[RunProgress]:
    """Show a run's progress while the block lasts; nothing moves where there is no terminal."""
    columns = (TextColumn("  {task.description:<18}"), BarColumn(BAR_WIDTH), MofNCompleteColumn(), TextColumn("days"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as bars:
        yield RunProgress(console, bars)


@contextmanager
def byte_progress(console: Console, words: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many bytes of a whole are done while the block lasts."""
    columns = (TextColumn("  {task.description}"), BarColumn(BAR_WIDTH), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(words, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def print_chat(console: Console, chat: Chat, storage: ChatStorage, day: LocalDay) -> None:
    """Print the forecast made at the end of a day, the scores of the week that it ends, and what its check said."""
    forecast = storage.frames("next_day_forecast", day, day)
    if forecast.empty:
        console.print(f"{_name(chat)}: no model yet, so there is no forecast for {day.plus(1).key}.")
    else:
        console.print(forecast_table(chat, day.plus(1), forecast))
    scores = _scores(storage, day)
    if len(scores):
        console.print(score_table(chat, scores))
        verdict = evaluate_rule(scores, chat.check)
        mark, colour = ("✓", "green") if verdict.passed else ("✗", "red")
        words = "good enough" if verdict.passed else "not good enough"
        console.print(f"[{colour}]{mark}[/] {words}: {verdict.reason}", highlight=False)
    unusual = _unusual(storage, day)
    if len(unusual):
        console.print(f"Unusual on {day.key}: {'; '.join(unusual['words'])}", highlight=False)


def chat_figures(chat: Chat, storage: ChatStorage, day: LocalDay, retrained: LocalDay | None = None) -> dict[str, object]:
    """What :func:`print_chat` shows, as figures; ``retrained`` is the day through which the model was just trained."""
    forecast, scores = storage.frames("next_day_forecast", day, day), _scores(storage, day)
    verdict = evaluate_rule(scores, chat.check) if len(scores) else None
    about = ["forecaster", "trained_through"]
    return {
        "chat": chat.slug,
        "is_simulated": chat.source == "simulated",
        "timezone": chat.timezone,
        "forecast": None
        if forecast.empty
        else {
            "day": day.plus(1).key,
            "expected": round(float(forecast["expected"].sum()), 3),
            **{name: forecast[name].iloc[0] for name in about},
            "hours": forecast.drop(columns=about),
        },
        "scores": scores,
        "check": verdict and {"passed": verdict.passed, "reason": verdict.reason, **verdict.figures},
        "unusual_hours": _unusual(storage, day),
        "retrained_through": retrained and retrained.key,
    }


def forecast_table(chat: Chat, day: LocalDay, forecast: pd.DataFrame) -> Table:
    """The hours of a forecast with their intervals as bars."""
    total = forecast["expected"].sum()
    table = Table(
        title=f"{_name(chat)}: {day.date:%A} {day.key}, {total:.0f} messages expected",
        caption=f"█ expected  ▒ in one case of two  ░ in four of five\n"
        f"{forecast['forecaster'].iloc[0]}, trained through {forecast['trained_through'].iloc[0]}; times in {chat.timezone}",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("hour")
    for name in ("expected", "median", "80 % interval"):
        table.add_column(name, justify="right")
    table.add_column("", min_width=BAR_WIDTH)
    highest = max(1.0, forecast["q90"].max(), forecast["expected"].max())
    for row in forecast.to_dict("records"):
        interval = f"{row['q10']:.0f} – {row['q90']:.0f}"
        bar = interval_bar({str(name): value for name, value in row.items()}, highest)
        table.add_row(f"{row['hour']:%H:%M}", f"{row['expected']:.1f}", f"{row['median']:.0f}", interval, bar)
    return table


def interval_bar(row: Mapping[str, float], highest: float) -> Text:
    """The intervals of an hour and its expectation, on a line that ends at ``highest``.

    >>> interval_bar({"q10": 2, "q25": 4, "expected": 5, "q75": 6, "q90": 11}, 24).plain
    '  ░░▒█░░░░░             '
    """
    bar = Text()
    for place in range(BAR_WIDTH):
        low, high = place * highest / BAR_WIDTH, (place + 1) * highest / BAR_WIDTH
        if low <= row["expected"] < high or (place == BAR_WIDTH - 1 and row["expected"] >= high):
            bar.append("█", "bold yellow")
        elif low < row["q75"] and high > row["q25"]:
            bar.append("▒", "cyan")
        elif low < row["q90"] and high > row["q10"]:
            bar.append("░", "cyan dim")
        else:
            bar.append(" ")
    return bar


def score_table(chat: Chat, scores: pd.DataFrame) -> Table:
    """How the forecasts of some days did."""
    table = Table(title=f"{_name(chat)}: scores", title_justify="left", caption_justify="left")
    table.caption = (
        "skill: 1 − error ÷ error of the same hour a week before; above 0 is better than that. sMAPE from 0 to 2."
    )
    columns = {
        "day": "day",
        "messages": "messages",
        "expected_total": "expected",
        "rmse": "RMSE",
        "smape": "sMAPE",
        "pinball": "pinball",
        "coverage_80": "in 80 %",
        "skill": "skill",
    }
    for name in columns.values():
        table.add_column(name, justify="left" if name == "day" else "right")
    for row in scores[list(columns)].to_dict("records"):
        table.add_row(*(_cell(str(name), value) for name, value in row.items()))
    return table


BACKTEST_NAMES = {
    "rmse": "RMSE", "rmsse": "RMSSE", "mae": "MAE", "smape": "sMAPE", "wape_day": "day", "deviance": "dev.",
    "pinball": "pinb.", "coverage_80": "80 %", "skill": "skill",
}  # fmt: skip


def print_backtest(console: Console, chat: Chat, rows: pd.DataFrame, summary: pd.DataFrame, compared: pd.DataFrame) -> None:
    """Print how each forecaster did over the same hours, and how sure the differences are."""
    origins, hours = rows["origin"].nunique(), int(summary["hours"].max()) if len(summary) else 0
    table = Table(
        title=f"{_name(chat)}: backtest of {origins} days, {hours} hours in which all have a forecast",
        caption="RMSE: of the mean. MAE: of the median. sMAPE: 0 to 2, of the point best for it. day: WAPE of the daily "
        "total. dev.: Poisson deviance. pinb.: pinball loss of seven quantiles. 80 %: coverage, by randomised PIT. "
        "skill: 1 − RMSE ÷ that of the week before; RMSSE: RMSE ÷ that in the history.",
        title_justify="left",
        caption_justify="left",
        padding=(0, 0, 0, 1),
    )
    table.add_column("forecaster", no_wrap=True)
    for name in BACKTEST_NAMES.values():
        table.add_column(name, justify="right", no_wrap=True)
    formats = {"coverage_80": ".0%", "skill": "+.0%", "hours": "d"}
    for row in summary.to_dict("records"):
        cells = ("–" if pd.isna(row[name]) else format(row[name], formats.get(name, ".3g")) for name in BACKTEST_NAMES)
        style = "bold" if row["forecaster"] == "product" else ""
        table.add_row(str(row["forecaster"]), *cells, style=style)
    console.print(table)
    for row in compared.to_dict("records"):
        said = [
            f"{words} {row[name]:+.1%} ({row[f'{name}_low']:+.1%} to {row[f'{name}_high']:+.1%})"
            for name, words in (("rmse", "RMSE"), ("pinball", "pinball"))
            if f"{name}_low" in row and not pd.isna(row[name])
        ]
        if said:
            console.print(f"error avoided against {row['forecaster']}: {', '.join(said)}", highlight=False)


def _scores(storage: ChatStorage, day: LocalDay) -> pd.DataFrame:
    return storage.frames("daily_score", day.plus(1 - SCORED_DAYS), day)


def _unusual(storage: ChatStorage, day: LocalDay) -> pd.DataFrame:
    actuals = storage.frames("hourly_series", day, day)
    return unusual_hours(actuals, storage.frame("next_day_forecast", day.plus(-1)))


def print_retraining(console: Console, day: LocalDay | None) -> None:
    """Say whether the model was trained anew."""
    if day is None:
        console.print("The score passed its check, or a model covers its day already: no retraining.")
    else:
        console.print(f"The score failed its check: the model was trained anew, through {day.key}.")


def print_places(console: Console, home: Home, chat: Chat, storage: ChatStorage, day: LocalDay, report: Path | None) -> None:
    """Say where the files are, draw the forecast beside them, and tell how to open the UI."""
    forecast = storage.frames("next_day_forecast", day, day)
    coming = day.plus(1)
    picture = home.root / f"{chat.slug}-forecast.png"
    title = f"{_name(chat)}: forecast, {coming.date:%A} {coming.key}"
    picture.write_bytes(plots.draw_forecast(forecast, None, title))
    folder = join_url(storage.root, chat.slug)
    places = {"files": folder, "picture": picture, "report": report, "settings": home.chats_file}
    for words, place in places.items():
        if place is None:
            continue
        console.print(f"{words + ':':<10}{_shortened(str(place))}", highlight=False, soft_wrap=True)
    console.print("Open the Dagster and MLflow UIs and the report: [bold]chat-forecast up[/]")


def print_import(console: Console, chat: str, report: ImportReport) -> None:
    """Print what an import took and what it passed over."""
    for line in report.lines():
        console.print(line, highlight=False)
    console.print(f"Next: [bold]chat-forecast backfill {chat}[/]")


def import_figures(report: ImportReport) -> dict[str, object]:
    """What :func:`print_import` says, as figures; days as lists of their first and last ones."""

    def keys(ranges: tuple[tuple[LocalDay, LocalDay], ...]) -> list[tuple[str, str]]:
        return [(first.key, last.key) for first, last in ranges]

    days = ("covered", "partly_covered", "not_covered")
    figures = {each.name: getattr(report, each.name) for each in fields(report)}
    return figures | {name: keys(figures[name]) for name in days}


def _cell(name: str, value: float | str | None) -> Text:
    """A score, in colour where it tells good from bad."""
    if value is None or pd.isna(value):
        return Text("–", "dim")
    formats = {"messages": ".0f", "expected_total": ".0f", "coverage_80": ".0%", "skill": "+.0%"}
    shown = value if isinstance(value, str) else format(value, formats.get(name, ".2f"))
    colour = ("green" if float(value) > 0 else "red") if name == "skill" else ""
    return Text(shown, colour)


def _name(chat: Chat) -> str:
    return f"{chat.slug} (simulated)" if chat.source == "simulated" else chat.slug


def _shortened(place: str) -> str:
    return place.removeprefix(f"{Path.cwd()}/")
