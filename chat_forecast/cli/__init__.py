"""The ``chat-forecast`` command: thin, over the same functions and jobs as the schedule and the sensor.

Belongs here: arguments, what is printed, exit codes; a module for each family of commands.
Does not belong here: doing the work (:mod:`chat_forecast.app`).
"""

import atexit
import gc

import click

from chat_forecast.cli.base import examples
from chat_forecast.cli.on_demand import CommandsOnDemand

MODULES = {
    "demo": "pipeline",
    "up": "serving",
    "import": "importing",
    "imports": "importing",
    "gaps": "gaps",
    "login": "telegram",
    "logout": "telegram",
    "chats": "telegram",
    "add": "telegram",
    "backfill": "pipeline",
    "run": "pipeline",
    "show": "pipeline",
    "now": "today",
    "watch": "today",
    "report": "reports",
    "status": "status",
    "rescore": "rescore",
    "timezone": "timezone",
    "backtest": "backtest",
    "notify": "notify",
    "prune": "prune",
    "forget": "forget",
    "instance": "instance",
    "completion": "shell",
}
"""Name of a command -> the module of this package that has it."""

# Looking through all that pandas and its like have made, once more for garbage, takes a fifth of a short command's time.
atexit.register(gc.freeze)


@click.group(
    cls=CommandsOnDemand,
    package=__name__,
    modules=MODULES,
    epilog=examples("chat-forecast demo", "chat-forecast show my-chat --help"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="chat_forecast")
def main() -> None:
    """Forecast, every night, how many messages a chat will get in each hour of the next day."""
