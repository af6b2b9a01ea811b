"""Changing a chat's time zone: ``timezone``."""

import click

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.output.progress import run_progress
from chat_forecast.cli.output.zones import print_zone, zone_figures
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.cli.reports import refresh_report
from chat_forecast.settings.topics import topics_of


@click.command(
    epilog=examples("chat-forecast timezone my-chat Europe/Moscow", "chat-forecast timezone my-chat Asia/Kolkata --json")
)
@chat_argument
@click.argument("zone", metavar="ZONE")
@json_option
@pass_workplace
def timezone(workplace: Workplace, chat_slug: str, zone: str, as_json: bool) -> None:
    """Change the time zone in which a chat's days begin and end.

    Keeps every stored message, recounts them in the days of the new zone, and forecasts and scores these days again. The
    data of the old zone stays in a separate folder. If the command is interrupted, run it again to continue.
    """
    from chat_forecast.app.runs import opened
    from chat_forecast.app.timezone import change_timezone

    chat, console = workplace.chat(chat_slug), console_for(as_json)
    with run_progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
        progress.headline(f"{chat.slug}: from {chat.timezone} to {zone}")
        changed = change_timezone(runner, workplace.home, chat, zone, workplace.now)
        for topic in topics_of(chat, workplace.chats):  # whose settings have the new zone by now
            progress.headline(f"{topic.slug}: from {chat.timezone} to {zone}")
            change_timezone(runner, workplace.home, topic, zone, workplace.now)
    print_zone(console, changed)
    refresh_report(workplace, changed.chat, console)
    if as_json:
        print_json(zone_figures(changed))
