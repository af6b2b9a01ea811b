"""The files of a deployment: ``instance distributed``."""

from pathlib import Path

import click

from chat_forecast.cli.base import console, examples


@click.group(epilog=examples("chat-forecast instance distributed --write deployment"))
def instance() -> None:
    """Prepare a Dagster instance for more than one machine."""


@instance.command(
    epilog=examples(
        "chat-forecast instance distributed --write deployment",
        "chat-forecast instance distributed --write deployment --slots 16",
    )
)
@click.option(
    "--write", "folder", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Where to."
)
@click.option(
    "--slots",
    type=click.IntRange(min=1),
    metavar="N",
    default=2,
    show_default=True,
    help="How many runs the workers of all machines execute at a time.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def distributed(folder: Path, slots: int, force: bool) -> None:
    """Write the files of a deployment on many machines.

    These are Dagster's settings with PostgreSQL and Celery, the environment of all machines, a compose file, and what starts
    a worker without containers. Nothing is written over unless --force says so.
    """
    from chat_forecast.app.deployment import write_deployment

    for path in write_deployment(folder, slots, is_replacing=force):
        console.print(str(path), highlight=False, soft_wrap=True)
    console.print("Put your own passwords and key into deployment.env; docs/distributed.md says what else there is to do.")
