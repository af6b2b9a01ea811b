"""How the chats are doing: ``status``."""

from dataclasses import asdict

import click

from chat_forecast.cli.base import Workplace, console, console_for, examples, json_option, pass_workplace, print_json


@click.command(epilog=examples("chat-forecast status", "chat-forecast status --json"))
@json_option
@pass_workplace
def status(workplace: Workplace, as_json: bool) -> None:
    """Show how every chat is doing.

    The exit code is 1 if something needs a person.
    """
    from chat_forecast.app.remembered_health import Examiner
    from chat_forecast.cli.output.health import print_health
    from chat_forecast.cli.output.lines import print_sentence
    from chat_forecast.pipeline.instance import damaged_databases, lacking_settings

    resources = workplace.resources
    file = workplace.chats_file
    examiner = Examiner(resources.storages, resources.sources, resources.tracking, file.put_aside)
    found = examiner.examine_all(file.chats, workplace.now)
    if as_json:
        print_json([asdict(health) for health in found])
    elif not workplace.first_steps or any(health.last_day_read for health in found):
        print_health(console, found)
    else:
        print_sentence(console, "yellow", "–", workplace.first_steps)
    if faults := damaged_databases(workplace.home, is_thorough=False):
        console_for(as_json).print("\n".join(f"✗ {fault}" for fault in faults), markup=False, soft_wrap=True)
    if lacking := lacking_settings(workplace.home):
        console_for(as_json).print(lacking, markup=False, soft_wrap=True)
    raise SystemExit(1 if faults or any(health.concerns for health in found) else 0)
