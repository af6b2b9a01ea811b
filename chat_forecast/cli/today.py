"""The day that is not over: ``now`` and ``watch``."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from filelock import Timeout
from rich.console import Console

from chat_forecast.cli.base import Workplace, chat_argument, complete_chats, examples, pass_workplace
from chat_forecast.cli.output.lines import print_line
from chat_forecast.cli.output.today import print_look
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.errors import ChatForecastError
from chat_forecast.presentation.today import event_in_words, now_figures, now_in_words
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.storage.locks import LockTaken

if TYPE_CHECKING:  # `--help` need not wait for it
    from chat_forecast.presentation.today import Look


@click.command(epilog=examples("chat-forecast now my-chat", "chat-forecast now my-chat --json | jq .total"))
@chat_argument
@click.option("--stored", "is_stored", is_flag=True, help="Show what is already stored; do not read from the source.")
@json_option
@pass_workplace
def now(workplace: Workplace, chat_slug: str, is_stored: bool, as_json: bool) -> None:
    """Print today so far for a live chat, and the forecast for the rest of the day.

    Reads new messages first. They are stored separately and do not affect the nightly run.
    """
    from chat_forecast.pipeline.watching import look, watch

    chat = _watchable(workplace.chat(chat_slug))
    workplace.storage(chat)
    see = look if is_stored else watch
    try:
        seen = see(chat, workplace.resources, workplace.now)
    except LockTaken as error:
        raise click.ClickException(f"{chat.slug}: another process is looking at its day; try again in a minute") from error
    if as_json:
        print_json(now_figures(seen))
    else:
        print_look(console_for(as_json), seen)


@click.command(epilog=examples("chat-forecast watch", "chat-forecast watch my-chat --every 5"))
@click.argument("slugs", metavar="[CHAT]...", nargs=-1, shell_complete=complete_chats)
@click.option(
    "--every",
    "minutes",
    type=click.IntRange(1, 720),
    metavar="MINUTES",
    help="Repeat the check at this interval until Ctrl-C.",
)
@json_option
@pass_workplace
def watch(workplace: Workplace, slugs: tuple[str, ...], minutes: int | None, as_json: bool) -> None:
    """Check today's messages of every live chat, and send alerts.

    `up` does this automatically, every watch_minutes of each chat. The exit code is 1 if a chat could not be read.
    """
    console = console_for(as_json)
    while True:
        chats = [_watchable(workplace.chat(slug)) for slug in slugs] or _live(workplace)
        seen, faults = _look_at_all(workplace, chats, console)
        if as_json:
            print_json({"chats": [now_figures(each) for each in seen], "faults": faults})
        if minutes is None:
            raise SystemExit(1 if faults else 0)
        time.sleep(minutes * 60)  # until the next look; Ctrl-C ends it
        workplace.now = datetime.now(UTC)


def _look_at_all(workplace: Workplace, chats: list[Chat], console: Console) -> tuple[list["Look"], dict[str, str]]:
    """Look at each chat and say how its day goes; one that cannot be read keeps no other from being looked at."""
    from chat_forecast.pipeline.watching import watch as look_now

    seen, faults = [], {}
    for chat in chats:
        try:
            workplace.storage(chat)
            found = look_now(chat, workplace.resources, workplace.now)
        except (ChatForecastError, OSError) as error:
            faults[chat.slug] = str(error)
            print_line(console, "red", "✗", f"{chat.slug}: {error}")
            continue
        except LockTaken:
            faults[chat.slug] = "another process is looking at its day"
            print_line(console, "yellow", "–", f"{chat.slug}: {faults[chat.slug]}")
            continue
        seen.append(found)
        _send(workplace, found, console)
        colour, mark = ("red", "!") if found.alarm else ("green", "✓")
        print_line(console, colour, mark, f"{chat.slug}: {now_in_words(found)}")
        for event in found.events:
            if not event.is_over:
                print_line(console, "red", " ", event_in_words(event))
    return seen, faults


def _send(workplace: Workplace, found: "Look", console: Console) -> None:
    """Send the alerts that are due; that they cannot be sent is said."""
    from chat_forecast.pipeline.today_sensor import send_alerts

    try:
        for title in send_alerts(found, workplace.resources, workplace.now):
            print_line(console, "cyan", "→", f"sent: {title}")
    except (ChatForecastError, Timeout) as error:
        print_line(console, "yellow", "–", f"no alerts were sent: {error}")


def _live(workplace: Workplace) -> list[Chat]:
    from chat_forecast.pipeline.watching import is_watchable

    chats = [chat for chat in workplace.chats if is_watchable(chat)]
    if not chats:
        raise click.ClickException("no chat is live: an imported one has nothing new before its next export")
    return chats


def _watchable(chat: Chat) -> Chat:
    from chat_forecast.pipeline.watching import is_watchable

    if isinstance(chat, Topic):
        raise click.ClickException(
            f"{chat.slug} is a topic: the day that is not over is looked at of {chat.forum.slug} only"
        )
    if not is_watchable(chat):
        raise click.ClickException(
            f"{chat.slug} is not live: an imported chat has nothing new before its next export, and one with a last_day has "
            f"ended. Its newest forecast: chat-forecast show {chat.slug}"
        )
    return chat
