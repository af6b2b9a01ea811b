"""How the chats are doing: ``status``."""

import gc
import math
from dataclasses import asdict

import click

from chat_forecast.cli.base import Workplace, examples, pass_workplace
from chat_forecast.cli.printing import console, console_for, json_option, print_json


@click.command(epilog=examples("chat-forecast status", "chat-forecast status --json"))
@click.option("--thorough", is_flag=True, help="Check the databases of Dagster and MLflow in full, each run's file too.")
@json_option
@pass_workplace
def status(workplace: Workplace, thorough: bool, as_json: bool) -> None:
    """Show the state of every chat.

    The exit code is 1 if something needs your attention. The databases of Dagster and MLflow are checked for damage for half
    a second; a database that is too large for that is listed.
    """
    from chat_forecast.app.database_checks import STATUS_SECONDS, check_databases
    from chat_forecast.app.health_cache import Examiner
    from chat_forecast.cli.output.health import print_health
    from chat_forecast.cli.output.lines import print_line, print_sentence
    from chat_forecast.pipeline.instance_settings import lacking_settings

    resources = workplace.resources
    file = workplace.chats_file
    gc.freeze()  # what was imported is no garbage; looking through it again and again takes a tenth of the time
    examiner = Examiner(resources.storages, resources.sources, resources.tracking, file.put_aside)
    found = examiner.examine_all(file.chats, workplace.now)
    if as_json:
        print_json([asdict(health) for health in found])
    elif not workplace.first_steps or any(health.last_day_read for health in found):
        print_health(console, found)
    else:
        print_sentence(console, "yellow", "–", workplace.first_steps)
    looked = check_databases(
        workplace.home, resources.tracking.file, math.inf if thorough else STATUS_SECONDS, has_runs=thorough
    )
    for fault in looked.faults:
        print_line(console_for(as_json), "red", "✗", fault)
    for path in looked.unfinished:
        hint = f"{path} is too large to be looked through in passing; status --thorough does it"
        print_line(console_for(as_json), "dim", "–", hint)
    if lacking := lacking_settings(workplace.home):
        console_for(as_json).print(lacking, markup=False, soft_wrap=True)
    raise SystemExit(1 if looked.faults or any(health.concerns for health in found) else 0)
