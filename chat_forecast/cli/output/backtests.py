"""A backtest: how each forecaster did, and how certain the differences are.

Belongs here: laying out a backtest's summary.
Does not belong here: computing it (:mod:`chat_forecast.forecasting.backtest`).
"""

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.table import Table

from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.tables import fitting_table
from chat_forecast.plain_text import counted
from chat_forecast.settings.models import Chat

COLUMNS = {
    "rmse": "RMSE", "rmsse": "RMSSE", "mae": "MAE", "smape": "sMAPE", "wape_day": "day", "deviance": "dev.",
    "pinball": "pinb.", "coverage_80": "80%", "skill": "skill",
}  # fmt: skip
"""Column of the summary -> its heading."""
MEANINGS = {
    "rmse": "of the mean",
    "rmsse": "RMSE ÷ that of the week before in the history",
    "mae": "of the median",
    "smape": "0 to 2, of the point that minimises it",
    "wape_day": "WAPE of the daily total",
    "deviance": "Poisson deviance",
    "pinball": "pinball loss of seven quantiles",
    "coverage_80": "coverage, by randomised PIT",
    "skill": "1 − RMSE ÷ that of the week before",
}
SPARABLE = ("rmsse", "deviance", "coverage_80", "wape_day", "mae")
FORMATS = {"coverage_80": ".0%", "skill": "+.0%"}


def print_backtest(console: Console, chat: Chat, rows: pd.DataFrame, summary: pd.DataFrame, compared: pd.DataFrame) -> None:
    """Print how each forecaster did over the same hours, and the errors that the product avoids against each other one."""
    origins, hours = rows["origin"].nunique(), int(summary["hours"].max()) if len(summary) else 0
    title = (
        f"{shown_name(chat)}: backtest of {counted(origins, 'days')}, {counted(hours, 'hours')} that all of them forecast"
    )
    console.print(fitting_table(console, COLUMNS, SPARABLE, lambda headings: _table(title, headings, summary)))
    for row in compared.to_dict("records"):
        avoided = [
            f"{heading} {row[column]:+.1%} ({row[f'{column}_low']:+.1%} to {row[f'{column}_high']:+.1%})"
            for column, heading in (("rmse", "RMSE"), ("pinball", "pinball"))
            if f"{column}_low" in row and not pd.isna(row[column])
        ]
        if avoided:
            console.print(f"error avoided against {row['forecaster']}: {', '.join(avoided)}", highlight=False)


def _table(title: str, headings: Mapping[str, str], summary: pd.DataFrame) -> Table:
    meanings = " ".join(f"{heading}: {MEANINGS[column]}." for column, heading in headings.items())
    table = Table(title=title, caption=meanings, title_justify="left", caption_justify="left", padding=(0, 0, 0, 1))
    table.add_column("forecaster", no_wrap=True)
    for heading in headings.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for row in summary.to_dict("records"):
        cells = ("–" if pd.isna(row[column]) else format(row[column], FORMATS.get(column, ".3g")) for column in headings)
        table.add_row(str(row["forecaster"]), *cells, style="bold" if row["forecaster"] == "product" else "")
    return table
