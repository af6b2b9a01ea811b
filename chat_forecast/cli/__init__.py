"""The ``chat-forecast`` command: thin, over the same functions and jobs as the schedule and the sensor.

Belongs here: arguments, what is printed, exit codes; a module for each family of commands.
Does not belong here: doing the work (:mod:`chat_forecast.app`).
"""

import click

from chat_forecast.cli.backtest import backtest
from chat_forecast.cli.base import Commands, examples
from chat_forecast.cli.forget import forget
from chat_forecast.cli.gaps import gaps
from chat_forecast.cli.importing import import_, imports
from chat_forecast.cli.instance import instance
from chat_forecast.cli.notify import notify
from chat_forecast.cli.pipeline import backfill, demo, run, show
from chat_forecast.cli.prune import prune
from chat_forecast.cli.reports import report
from chat_forecast.cli.rescore import rescore
from chat_forecast.cli.serving import up
from chat_forecast.cli.shell import completion
from chat_forecast.cli.status import status
from chat_forecast.cli.telegram import add, chats, login, logout
from chat_forecast.cli.timezone import timezone
from chat_forecast.cli.today import now, watch


@click.group(
    cls=Commands,
    epilog=examples("chat-forecast demo", "chat-forecast show my-chat --help"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="chat_forecast")
def main() -> None:
    """Forecast every night how many messages a chat will get in each hour of the next day."""


for command in (
    demo, up, import_, imports, gaps, login, logout, chats, add, backfill, run, show, now, watch, report, status, rescore,
    timezone, backtest, notify, prune, forget, instance, completion,
):  # fmt: skip
    main.add_command(command)
