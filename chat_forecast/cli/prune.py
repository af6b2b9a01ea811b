"""Deleting the traces of old runs: ``prune``."""

from datetime import UTC, datetime

import click

from chat_forecast.cli.base import Workplace, console_for, examples, json_option, pass_workplace, print_json
from chat_forecast.domain.windows import TRACES_DAYS


@click.command(epilog=examples("chat-forecast prune --dry-run", "chat-forecast prune --keep-days 7"))
@click.option(
    "--keep-days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    default=TRACES_DAYS,
    show_default=True,
    help="How long traces stay.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@json_option
@pass_workplace
def prune(workplace: Workplace, keep_days: int, dry_run: bool, as_json: bool) -> None:
    """Delete the traces of old runs.

    These are their events and logs in Dagster, and their plots and tables in MLflow. What is stored of a chat is never
    deleted, nor are figures, models, and what the UI shows of assets, partitions and checks. `up` does the same each time it
    starts.
    """
    from chat_forecast.app.pruning import find_prunable
    from chat_forecast.app.pruning import prune as delete
    from chat_forecast.app.runs import opened

    console = console_for(as_json)
    with opened(workplace.home, ()) as runner:
        found = find_prunable(workplace.home, runner.instance, datetime.now(UTC), keep_days)
    freed = 0 if dry_run else delete(workplace.home, found)
    verb, size = ("would be", found.size) if dry_run else ("were", freed)
    console.print(
        f"{found.runs} runs ended more than {keep_days} days ago; {len(found.files)} files of that age {verb} deleted, "
        f"{size / 1e6:.1f} MB."
    )
    if as_json:
        print_json({"runs": found.runs, "files": len(found.files), "bytes": size, "dry_run": dry_run})
