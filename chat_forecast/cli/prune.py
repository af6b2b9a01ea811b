"""Deleting the traces of old runs: ``prune``."""

import click

from chat_forecast.cli.base import Workplace, examples, pass_workplace
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.domain.windows import TRACES_DAYS
from chat_forecast.plain_text import counted

MOST_DAYS = 36_500


@click.command(epilog=examples("chat-forecast prune --dry-run", "chat-forecast prune --keep-days 7"))
@click.option(
    "--keep-days",
    type=click.IntRange(1, MOST_DAYS),
    metavar="DAYS",
    default=TRACES_DAYS,
    show_default=True,
    help="How long to keep the data of a run.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted without deleting it.")
@json_option
@pass_workplace
def prune(workplace: Workplace, keep_days: int, dry_run: bool, as_json: bool) -> None:
    """Delete the data of old runs.

    Deletes events and logs in Dagster, plots and tables in MLflow, and models in MLflow that no stored forecast uses.
    Metrics, and what the UI shows of assets, partitions and checks, stay. `up` does this each time it starts. Also deletes
    messages older than `retention_days`, as each night does, and keeps their counts.
    """
    from chat_forecast.app.pruning import find_prunable, forget_old
    from chat_forecast.app.pruning import prune as delete
    from chat_forecast.app.runs import opened

    console = console_for(as_json)
    with opened(workplace.home, workplace.chats) as runner:
        found = find_prunable(workplace.home, runner, workplace.now, keep_days)
    size, verb = found.size, "would be"
    if not dry_run:
        # First: whatever is wrong with the rest, messages do not stay.
        for fault in forget_old(workplace.chats, workplace.resources.storages, workplace.now):
            console.print(f"✗ {fault}", highlight=False)
        size, verb = delete(workplace.home, runner.resources.tracking, found), "were"
    console.print(
        f"{counted(found.runs, 'runs')} ended more than {counted(keep_days, 'days')} ago; "
        f"{counted(len(found.files), 'files')} of that age and {counted(len(found.models), 'models')} "
        f"that no stored forecast names {verb} deleted, {size / 1e6:.1f} MB."
    )
    if dry_run:
        console.print("Dagster's index then loses what nothing is shown from, which is not counted here.")
    if found.unasked:
        console.print(f"Models stay for now: {found.unasked}")
    if as_json:
        document = {"runs": found.runs, "files": len(found.files), "models": len(found.models), "dry_run": dry_run}
        print_json({**document, "bytes": size})
