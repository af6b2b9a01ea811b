"""Comparing the product's forecaster with others on a chat's past: ``backtest``."""

import os
from pathlib import Path

import click

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.output.backtests import print_backtest
from chat_forecast.cli.output.progress import run_progress
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.forecasting.backtest import differences, summarise


@click.command(
    epilog=examples(
        "chat-forecast backtest my-chat",
        "chat-forecast backtest my-chat --days 30 --every 3",
        "chat-forecast backtest my-chat --out backtest.parquet",
    )
)
@chat_argument
@click.option(
    "--days", type=click.IntRange(1), metavar="N", default=90, show_default=True, help="Number of past days to forecast."
)
@click.option(
    "--every",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Forecast only every Nth of these days.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write every forecast to this Parquet file.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=os.cpu_count() or 1,
    show_default="all processors",
    help="Number of processes.",
)
@json_option
@pass_workplace
def backtest(
    workplace: Workplace, chat_slug: str, days: int, every: int, out: Path | None, jobs: int, as_json: bool
) -> None:
    """Compare forecasters on a chat's last days.

    Forecasts each day again from what was known the night before, training the model as the nightly pipeline would. Compares
    it with Prophet's defaults, the same hour a week before (seasonal naive), the mean of the same hour over 28 days, and the
    nearest neighbour.
    """
    from chat_forecast.app.backtesting import run_backtest, store_rows

    chat = workplace.chat(chat_slug)
    if out is not None and not out.absolute().parent.is_dir():
        raise click.UsageError(f"--out {out}: there is no folder {out.absolute().parent}")
    console = console_for(as_json)
    with run_progress(console) as progress:
        progress.headline(f"{chat.slug}: forecasting the last {days} days again")
        found = run_backtest(
            chat,
            workplace.yesterday(chat),
            storage=workplace.resources.storages.of(chat),
            sources=workplace.resources.sources,
            days=days,
            every=every,
            jobs=jobs,
            progress=lambda done, total: progress.update("backtest", done, total),
        )
    if out is not None:
        store_rows(out, found.rows)
    summary, compared = summarise(found.rows, found.history), differences(found.rows)
    if as_json:
        print_json({"chat": chat.slug, "summary": summary, "differences": compared})
        return
    print_backtest(console, chat, found.rows, summary, compared)
    if out is not None:
        console.print(f"Every forecast: {out}", highlight=False, soft_wrap=True)
