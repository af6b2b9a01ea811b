"""Telling people from the command line: ``notify``, and what ``run`` tells after its day."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from filelock import Timeout
from rich.console import Console

from chat_forecast.cli.base import Workplace, console_for, examples, json_option, pass_workplace, print_json
from chat_forecast.errors import ChatForecastError
from chat_forecast.presentation.notifications.notices import test_message
from chat_forecast.settings.models import Chat

if TYPE_CHECKING:  # they import Dagster, for which `--help` and `show` need not wait
    from chat_forecast.app.runs import Runner
    from chat_forecast.presentation.notifications import Service, Telling, Told


@click.command(epilog=examples("chat-forecast notify --test", "chat-forecast notify"))
@click.option("--test", "is_test", is_flag=True, help="Send a test message to each service, whatever was told before.")
@json_option
@pass_workplace
def notify(workplace: Workplace, is_test: bool, as_json: bool) -> None:
    """Tell what there is to tell of each chat's last day: to the services whose URLs the environment holds.

    `up` does this by itself, and so does `run` after its day. The URLs (of Apprise: tgram://…, mailto://…) stand in
    CHAT_FORECAST_NOTIFY_URL, separated by spaces; what is told is set by [notify] in chats.toml.
    """
    telling = telling_of(workplace)
    services = telling.services(os.environ)
    if not services:
        raise click.ClickException(
            f"nobody to tell: {telling.settings.url_variable} is not set. It holds one or several Apprise URLs, separated "
            "by spaces, such as tgram://TOKEN/CHAT"
        )
    console = console_for(as_json)
    told = send_test(services) if is_test else tell_all(workplace, telling, services)
    print_told(console, told)
    if not told.sent and not told.failed:
        console.print("Nothing new to tell.")
    if as_json:
        print_json({"sent": told.sent, "failed": told.failed})
    raise SystemExit(1 if told.failed else 0)


def tell_all(workplace: Workplace, telling: "Telling", services: "Sequence[Service]") -> "Told":
    """Tell what is new about every chat."""
    from chat_forecast.app.runs import opened

    with opened(workplace.home, workplace.chats) as runner:
        return tell(workplace, telling, runner, workplace.chats, services)


def tell_after_run(workplace: Workplace, runner: "Runner", chat: Chat, console: Console) -> None:
    """Tell what a run brought, where people are to be told; a failure is said and fails nothing."""
    try:
        telling = telling_of(workplace)
        services = telling.services(os.environ)
        if services:
            print_told(console, tell(workplace, telling, runner, [chat], services))
    except (ChatForecastError, Timeout) as error:
        console.print(f"Nobody was told: {error}", highlight=False)


def telling_of(workplace: Workplace) -> "Telling":
    """What is told, and where it is noted that it was."""
    return workplace.resources.telling


def tell(
    workplace: Workplace, telling: "Telling", runner: "Runner", chats: Sequence[Chat], services: "Sequence[Service]"
) -> "Told":
    """Tell what is new about the chats."""
    return telling.tell(runner.instance, chats, workplace.resources.storages, services, workplace.now, to_train={})


def send_test(services: "Sequence[Service]") -> "Told":
    """Send a test message to each service."""
    from chat_forecast.presentation.notifications import Told

    took = {service.shown: service.send(test_message()) for service in services}
    sent = tuple(f"{test_message().title}, to {shown}" for shown, taken in took.items() if taken)
    return Told(sent, tuple(shown for shown, taken in took.items() if not taken))


def print_told(console: Console, told: "Told") -> None:
    """Say what was sent, and which services did not answer."""
    for title in told.sent:
        console.print(f"Told: {title}", highlight=False, markup=False)
    for service in told.failed:
        console.print(f"Not taken by {service}.", highlight=False, markup=False)
