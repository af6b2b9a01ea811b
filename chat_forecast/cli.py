"""The ``chat-forecast`` command: thin, over the same functions and jobs as the schedule and the sensor.

Belongs here: arguments, what is printed, exit codes. The clock is read here and handed on.
Does not belong here: doing the work (:mod:`chat_forecast.runs`, :mod:`chat_forecast.sources`, :mod:`chat_forecast.serving`).
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from chat_forecast import terminal
from chat_forecast.config import Chat, add_chat, load_chats, update_first_day
from chat_forecast.core.days import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.home import Home, apply_environment

console = Console()
DEMO_MODEL_DAYS = 30
"""The demo scores so many days with the pipeline's own forecasts."""


class Commands(click.Group):
    """A command group that turns an error a user can mend into one message and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ChatForecastError as error:
            raise click.ClickException(str(error)) from error


class Workplace:
    """What every command works on: the home folder and the chats configured in it."""

    def __init__(self) -> None:
        self.home = Home.from_environment(os.environ)
        self.now = datetime.now(UTC)
        apply_environment(self.home)

    @property
    def chats(self) -> tuple[Chat, ...]:
        """Every configured chat."""
        return load_chats(self.home.chats_file, self.now.date())

    def chat(self, slug: str) -> Chat:
        """The configured chat of this name."""
        found = {chat.slug: chat for chat in self.chats}
        if slug not in found:
            raise click.ClickException(
                f"{self.home.chats_file} has no chat {slug!r}; it has: {', '.join(found)}. To add one, import an export "
                f"of it: chat-forecast import {slug} result.json --timezone Europe/Moscow"
            )
        return found[slug]

    def yesterday(self, chat: Chat) -> LocalDay:
        """The chat's last day that has ended."""
        return LocalDay.containing(self.now, chat.timezone).plus(-1)


pass_workplace = click.make_pass_decorator(Workplace, ensure=True)
day_type = click.DateTime(formats=["%Y-%m-%d"])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chat_forecast")
def main() -> None:
    """Forecast, every night, how many messages a chat will get in each hour of the next day."""


@main.command()
@pass_workplace
def demo(workplace: Workplace) -> None:
    """Run the whole pipeline on a simulated chat: read 120 days, train, score, forecast tomorrow."""
    from chat_forecast.jobs import DAY_ASSETS, HISTORY_ASSETS, RETRAINING_ASSETS
    from chat_forecast.runs import opened

    home = workplace.home
    home.prepare()
    if not home.chats_file.exists():
        first_day = workplace.now.date() - timedelta(days=120)
        add_chat(home.chats_file, "demo", source="simulated", timezone="Europe/Moscow", first_day=first_day)
    chat = next((chat for chat in workplace.chats if chat.source == "simulated"), None)
    if chat is None:
        raise click.ClickException(f"{home.chats_file} has no simulated chat: the demo needs one")
    yesterday = workplace.yesterday(chat)
    first = LocalDay(chat.first_day, chat.timezone)
    trained = max(first, yesterday.plus(-DEMO_MODEL_DAYS))
    with terminal.progress(console) as progress, opened(home, workplace.chats, progress.update) as runner:
        progress.headline(f"{chat.slug}: reading {first.key} to {yesterday.key} (simulated)")
        runner.materialise(chat, HISTORY_ASSETS, first, yesterday)
        progress.headline(f"{chat.slug}: training the first model, through {trained.key}")
        runner.materialise(chat, RETRAINING_ASSETS, trained, trained)
        progress.headline(f"{chat.slug}: forecasting and scoring the days since")
        runner.materialise(chat, ("next_day_forecast", "daily_score"), trained.plus(1), yesterday.plus(-1))
        progress.headline(f"{chat.slug}: last night's run, for {yesterday.key}")
        runner.materialise(chat, DAY_ASSETS, yesterday, yesterday)
        progress.headline(f"{chat.slug}: does the score ask for a new model?")
        retrained = runner.retrain_if_wanted(chat)
        storage = runner.storage(chat)
    terminal.print_retraining(console, retrained)
    terminal.print_chat(console, chat, storage, yesterday)
    terminal.print_places(console, home, chat, storage, yesterday)


@main.command()
@click.argument("chat_slug", metavar="CHAT")
@click.option("--day", type=day_type, help="The day to do (YYYY-MM-DD); yesterday by default.")
@pass_workplace
def run(workplace: Workplace, chat_slug: str, day: datetime | None) -> None:
    """Do one day as the schedule does: read, score, forecast; and retrain if the score asks for it."""
    from chat_forecast.runs import opened

    chat = workplace.chat(chat_slug)
    chosen = _ended_day(workplace, chat, day, "--day") if day else workplace.yesterday(chat)
    with terminal.progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
        retrained = runner.run_day(chat, chosen)
        storage = runner.storage(chat)
    terminal.print_retraining(console, retrained)
    terminal.print_chat(console, chat, storage, chosen)


@main.command()
@click.argument("chat_slug", metavar="CHAT")
@click.option("--from", "first", type=day_type, help="First day (YYYY-MM-DD); the chat's first day by default.")
@click.option("--to", "last", type=day_type, help="Last day; by default yesterday, or the last day imported.")
@pass_workplace
def backfill(workplace: Workplace, chat_slug: str, first: datetime | None, last: datetime | None) -> None:
    """Do every day of a range in one run, each from what was known at its end."""
    from chat_forecast.runs import opened
    from chat_forecast.sources import Sources

    chat = workplace.chat(chat_slug)
    begin = _ended_day(workplace, chat, first, "--from") if first else LocalDay(chat.first_day, chat.timezone)
    known = Sources(workplace.home.storage_url).last_day(chat, workplace.yesterday(chat))
    end = _ended_day(workplace, chat, last, "--to") if last else known
    if end < begin:
        raise click.UsageError(f"--from {begin.key} is after --to {end.key}")
    with terminal.progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
        progress.headline(f"{chat.slug}: {begin.key} to {end.key}")
        runner.backfill(chat, begin, end)
        storage = runner.storage(chat)
    terminal.print_chat(console, chat, storage, end)


@main.command("import")
@click.argument("chat_slug", metavar="CHAT")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--timezone", help="The chat's time zone, such as Europe/Moscow. Needed for a chat not yet configured.")
@click.option("--chat-id", type=int, help="Which chat to take from an export of a whole account.")
@pass_workplace
def import_(
    workplace: Workplace, chat_slug: str, files: tuple[Path, ...], timezone: str | None, chat_id: int | None
) -> None:
    """Take messages from Telegram Desktop exports (JSON), CSV or Parquet files into a chat's archive."""
    from chat_forecast.sources.archive import Archive
    from chat_forecast.sources.importing import import_files
    from chat_forecast.sources.pseudonyms import Pseudonyms

    home = workplace.home
    home.prepare()
    configured = {chat.slug: chat for chat in workplace.chats} if home.chats_file.exists() else {}
    zone = _zone_of_import(configured.get(chat_slug), chat_slug, timezone)
    # A slug or a zone that cannot be used is refused before anything is read.
    Chat(slug=chat_slug, source="export", timezone=zone, first_day=workplace.now.date())
    with terminal.byte_progress(console, "reading") as progress:
        report = import_files(
            Archive(home.storage_url, chat_slug),
            files,
            timezone=zone,
            pseudonyms=Pseudonyms.load(home.root),
            chat_id=chat_id,
            today=workplace.now.date(),
            progress=progress,
        )
    first_day = LocalDay.containing(report.first_message, zone).date
    if chat_slug in configured:
        update_first_day(home.chats_file, chat_slug, first_day)
    else:
        add_chat(home.chats_file, chat_slug, source="export", timezone=zone, first_day=first_day)
    terminal.print_import(console, chat_slug, report)


@main.command()
@click.argument("chat_slug", metavar="CHAT")
@pass_workplace
def show(workplace: Workplace, chat_slug: str) -> None:
    """Print a chat's newest forecast and the scores of its last week."""
    from chat_forecast.resources.storage import Storages

    chat = workplace.chat(chat_slug)
    storage = Storages(workplace.home.storage_url, workplace.home.locks).of(chat)
    made = storage.days("next_day_forecast")
    if not made:
        raise click.ClickException(f"{chat.slug} has no forecast yet. Make them: chat-forecast backfill {chat.slug}")
    terminal.print_chat(console, chat, storage, made[-1])


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--mlflow-port", default=5000, show_default=True, help="Port of the MLflow UI.")
@pass_workplace
def up(workplace: Workplace, port: int, mlflow_port: int) -> None:
    """Serve the Dagster UI, its daemon (schedule and sensor) and the MLflow UI on this machine, until Ctrl-C."""
    from chat_forecast.serving import serve

    _ = workplace.chats  # a mistake in chats.toml is said now, not in a child's log
    raise SystemExit(serve(workplace.home, port=port, mlflow_port=mlflow_port, say=console.print))


def _ended_day(workplace: Workplace, chat: Chat, day: datetime, option: str) -> LocalDay:
    """The day that an option names, if it lies between the chat's first day and yesterday."""
    chosen, yesterday = LocalDay(day.date(), chat.timezone), workplace.yesterday(chat)
    if not chat.first_day <= chosen.date <= yesterday.date:
        raise click.UsageError(
            f"{option} {chosen.key}: {chat.slug} has the days {chat.first_day} to {yesterday.key} ({chat.timezone})"
        )
    return chosen


def _zone_of_import(configured: Chat | None, slug: str, timezone: str | None) -> str:
    """The time zone of an import: the chat's own, or for a new chat the one given."""
    if configured is None and timezone is None:
        raise click.UsageError(f"{slug} is a new chat: give its time zone, such as --timezone Europe/Moscow")
    if configured is None:
        return str(timezone)
    if configured.source != "export":
        raise click.UsageError(f"{slug} is a {configured.source} chat: choose another name for an imported one")
    if timezone not in (None, configured.timezone):
        raise click.UsageError(f"{slug} is configured with the time zone {configured.timezone}, not {timezone}")
    return configured.timezone


if __name__ == "__main__":
    main()
