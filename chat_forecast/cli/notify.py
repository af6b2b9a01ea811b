"""Notifications from the command line: ``notify``, and what ``run`` sends after its day."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from filelock import Timeout
from rich.console import Console

from chat_forecast.cli.base import Workplace, examples, pass_workplace
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.errors import ChatForecastError
from chat_forecast.presentation.notifications import Outcome, Service
from chat_forecast.presentation.notifications.notices import test_message
from chat_forecast.settings.models import Chat

if TYPE_CHECKING:  # it imports Dagster, for which `--help` and `show` need not wait
    from chat_forecast.app.runs import Runner


@click.command(epilog=examples("chat-forecast notify --test", "chat-forecast notify"))
@click.option("--test", "is_test", is_flag=True, help="Send a test message to each service.")
@json_option
@pass_workplace
def notify(workplace: Workplace, is_test: bool, as_json: bool) -> None:
    """Send the notifications that are due.

    Sends notifications about each chat's last day to the services in CHAT_FORECAST_NOTIFY_URL: Apprise URLs such as
    tgram://… or mailto://…, separated by spaces. [notify] in chats.toml selects what is sent.

    `up` does this automatically, and `run` does it after its day. The exit code is 1 if a service rejected a message or a
    chat's files could not be read.
    """
    notifier = workplace.resources.notifier
    services = notifier.services(os.environ)
    if not services:
        raise click.ClickException(
            f"nothing can be sent: {notifier.settings.url_variable} is not set. It holds one or several Apprise URLs, "
            "separated by spaces, such as tgram://TOKEN/CHAT"
        )
    console = console_for(as_json)
    outcome = send_test(services) if is_test else send_all(workplace, services)
    print_outcome(console, outcome)
    if outcome == Outcome():
        console.print("Nothing new to send.")
    if as_json:
        print_json({"sent": outcome.sent, "failed": outcome.refused, "unreadable": outcome.unreadable})
    raise SystemExit(1 if outcome.refused or outcome.unreadable else 0)


def send_all(workplace: Workplace, services: Sequence[Service]) -> Outcome:
    """Send what is due about every chat."""
    from chat_forecast.app.runs import opened

    with opened(workplace.home, workplace.chats) as runner:
        return send_due(workplace, runner, workplace.chats, services)


def send_after_run(workplace: Workplace, runner: "Runner", chat: Chat, console: Console) -> None:
    """Send what is due after a run, if services are named; that it cannot be sent is said, and fails nothing."""
    try:
        services = workplace.resources.notifier.services(os.environ)
        if services:
            print_outcome(console, send_due(workplace, runner, [chat], services))
    except (ChatForecastError, Timeout) as error:
        console.print(f"No notifications were sent: {error}", markup=False, highlight=False)


def send_due(workplace: Workplace, runner: "Runner", chats: Sequence[Chat], services: Sequence[Service]) -> Outcome:
    """Send what is due about some chats; the command line has retrained before, so nothing is waited for."""
    from chat_forecast.pipeline.run_states import read_run_states

    resources, now = workplace.resources, workplace.now
    runs = read_run_states(runner.instance, chats, now)
    return resources.notifier.send_due(chats, resources.storages, runs, services, now, waits_for_retraining=False)


def send_test(services: Sequence[Service]) -> Outcome:
    """Send a test message to each service."""
    message, outcome = test_message(), Outcome()
    for service in services:
        if service.send(message):
            outcome.sent.append(f"{message.title}, to {service.shown}")
        else:
            outcome.refused.append(service.shown)
    return outcome


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Say what was sent, which services refused something, and which chats could not be examined."""
    for title in outcome.sent:
        console.print(f"Sent: {title}", highlight=False, markup=False, soft_wrap=True)
    for service in outcome.refused:
        console.print(f"Refused by {service}.", highlight=False, markup=False, soft_wrap=True)
    for slug, reason in outcome.unreadable.items():
        console.print(f"{slug} could not be examined: {reason}", highlight=False, markup=False, soft_wrap=True)
