"""Running the pipeline and looking at it: ``demo``, ``run``, ``backfill``, ``show``."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chat_forecast.cli.base import Workplace, chat_argument, day_type, ended_day, examples, pass_workplace
from chat_forecast.cli.heartbeats import announce_night, send_heartbeats
from chat_forecast.cli.notify import send_after_run
from chat_forecast.cli.output.chats import overview_figures, print_overview, print_retraining
from chat_forecast.cli.output.lines import print_line
from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.places import print_places
from chat_forecast.cli.output.progress import run_progress
from chat_forecast.cli.printing import console, console_for, json_option, print_json
from chat_forecast.cli.reports import refresh_report
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import DEMO_DAYS
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.whole_files import replace_file

if TYPE_CHECKING:
    from chat_forecast.app.overview import Overview
    from chat_forecast.settings.models import Chat
    from chat_forecast.storage.partitions import ChatStorage


@click.command(epilog=examples("chat-forecast demo", "CHAT_FORECAST_HOME=/tmp/try chat-forecast demo"))
@json_option
@pass_workplace
def demo(workplace: Workplace, as_json: bool) -> None:
    """Run the whole pipeline on a simulated chat.

    Simulates 120 days and processes them night by night: forecasts, scores, retrains the model when the chat changes, and
    forecasts tomorrow.
    """
    from chat_forecast.app.demo import chapters, play
    from chat_forecast.app.overview import gather_overview
    from chat_forecast.app.runs import opened
    from chat_forecast.cli.output.story import print_story, story_figures

    home, console = workplace.home, console_for(as_json)
    home.prepare()
    if not home.chats_file.exists():
        first_day = workplace.now.date() - timedelta(days=DEMO_DAYS)
        add_chat(home.chats_file, "demo", source="simulated", timezone="Europe/Moscow", first_day=first_day)
    chat = next((chat for chat in workplace.chats if chat.source == "simulated"), None)
    if chat is None:
        raise click.ClickException(f"{home.chats_file} has no simulated chat: the demo needs one")
    yesterday = workplace.yesterday(chat)
    with run_progress(console) as progress, opened(home, workplace.chats, progress.update) as runner:
        retrained = play(runner, chat, yesterday, lambda text: progress.headline(f"{chat.slug}: {text}"))
        overview = gather_overview(chat, runner.storage(chat), yesterday)
        story = chapters(runner.storage(chat), yesterday.plus(-DEMO_DAYS), yesterday)
    print_retraining(console, retrained)
    print_overview(console, overview)
    print_story(console, chat, story)
    page = refresh_report(workplace, chat, console)
    files, plot = join_url(home.storage_url, chat.slug), _draw(home, overview)
    print_places(console, {"files": files, "plot": plot, "report": page, "settings": home.chats_file})
    if as_json:
        print_json(overview_figures(overview, retrained) | {"story": story_figures(story)})


def _draw(home: Home, overview: "Overview") -> Path | None:
    """Draw the forecast beside the chat's files; returns where, or None if there is no forecast."""
    from chat_forecast.presentation import plots

    if overview.forecast is None:
        return None
    coming, plot = overview.day.plus(1), home.drawn_forecast(overview.chat.slug)
    title = f"{shown_name(overview.chat)}: forecast, {coming.date:%A} {coming.key}"
    replace_file(plot, plots.draw_forecast(overview.forecast, None, title))
    return plot


@click.command(epilog=examples("chat-forecast run my-chat", "chat-forecast run my-chat --day 2026-01-31"))
@chat_argument
@click.option("--day", type=day_type, help="The day to process.  [default: yesterday]")
@json_option
@pass_workplace
def run(workplace: Workplace, chat_slug: str, day: datetime | None, as_json: bool) -> None:
    """Process one day as the schedule does.

    Reads and scores the day, forecasts the next day, and retrains the model if the score is not good enough. Without --day,
    processes the day that ended last and any nights missed before it.
    """
    from chat_forecast.app.archive_changes import remake_unmade
    from chat_forecast.app.overview import gather_overview
    from chat_forecast.app.runs import opened

    chat = workplace.chat(chat_slug)
    yesterday = workplace.yesterday(chat)
    chosen = ended_day(workplace, chat, day, "--day") if day else workplace.resources.sources.last_day(chat, yesterday)
    console = console_for(as_json)
    with run_progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
        announce_night(workplace, chat, console)
        try:
            remake_unmade(runner, chat)
            retrained = runner.run_day(chat, chosen) if day else runner.run_night(chat, chosen)
        finally:  # a failure is sent too
            send_after_run(workplace, runner, chat, console)
            send_heartbeats(workplace, runner, chat, console)
        overview = gather_overview(chat, runner.storage(chat), chosen)
    print_retraining(console, retrained)
    print_overview(console, overview)
    refresh_report(workplace, chat, console)
    if as_json:
        print_json(overview_figures(overview, retrained))


@click.command(
    epilog=examples(
        "chat-forecast backfill my-chat",
        "chat-forecast backfill my-chat --from 2026-01-01 --to 2026-01-31",
        "chat-forecast backfill my-chat --no-training",
    )
)
@chat_argument
@click.option("--from", "first", type=day_type, help="First day.  [default: the chat's first day]")
@click.option("--to", "last", type=day_type, help="Last day.  [default: yesterday, or the last imported day]")
@click.option(
    "--no-training", is_flag=True, help="Forecast with the stored models and train none; takes a quarter of the time."
)
@json_option
@pass_workplace
def backfill(
    workplace: Workplace, chat_slug: str, first: datetime | None, last: datetime | None, no_training: bool, as_json: bool
) -> None:
    """Process every day of a range in one run.

    Each day is computed only from what was known at its end.
    """
    from chat_forecast.pipeline.worker_processes import prepare_workers

    chat = workplace.chat(chat_slug)
    begin = ended_day(workplace, chat, first, "--from") if first else LocalDay(chat.first_day, chat.timezone)
    known = workplace.resources.sources.last_day(chat, workplace.yesterday(chat))
    end = ended_day(workplace, chat, last, "--to") if last else known
    if end < begin:
        raise click.UsageError(f"--from {begin.key} is after --to {end.key}")
    prepare_workers((end.date - begin.date).days + 1, is_trained=not no_training)  # they import what this one does next
    from chat_forecast.app.archive_changes import remake_unmade
    from chat_forecast.app.overview import gather_overview
    from chat_forecast.app.runs import opened

    console = console_for(as_json)
    with run_progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
        progress.headline(f"{chat.slug}: {begin.key}{f' to {end.key}' if end > begin else ''}")
        remake_unmade(runner, chat)
        runner.backfill(chat, begin, end, is_trained=not no_training)
        overview = gather_overview(chat, runner.storage(chat), end)
    print_overview(console, overview)
    refresh_report(workplace, chat, console)
    if as_json:
        print_json(overview_figures(overview))


@click.command(
    epilog=examples(
        "chat-forecast show my-chat",
        "chat-forecast show my-chat --week",
        "chat-forecast show my-chat --json | jq .forecast.expected",
    )
)
@chat_argument
@click.option("--week", "is_week", is_flag=True, help="Print the next seven days and the best times to post instead.")
@json_option
@pass_workplace
def show(workplace: Workplace, chat_slug: str, is_week: bool, as_json: bool) -> None:
    """Print a chat's newest forecast and latest scores.

    The exit code is 1 if one of their stored files cannot be used.
    """
    from chat_forecast.app.overview import gather_overview, where_it_ended

    chat = workplace.chat(chat_slug)
    storage = workplace.storage(chat)
    made = storage.days("next_day_forecast")
    if not made:
        raise click.ClickException(f"{chat.slug} has no forecast yet. To make one: chat-forecast backfill {chat.slug}")
    if is_week:
        _show_week(chat, storage, made[-1], as_json=as_json)
        return
    overview = gather_overview(chat, storage, made[-1])
    note = where_it_ended(chat, workplace.resources.sources, workplace.yesterday(chat))
    if as_json:
        print_json({**overview_figures(overview), "note": note})
    else:
        print_overview(console, overview)
        if note is not None:
            print_line(console, "yellow", "–", note)
    raise SystemExit(1 if overview.faults else 0)


def _show_week(chat: "Chat", storage: "ChatStorage", day: LocalDay, *, as_json: bool) -> None:
    from chat_forecast.cli.output.weeks import print_week
    from chat_forecast.presentation.week import gather_week, week_figures

    week = gather_week(chat, storage, day)
    if as_json:
        print_json({"chat": chat.slug, "timezone": chat.timezone, "week": week_figures(week)})
    else:
        print_week(console, week)
