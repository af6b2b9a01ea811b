"""The files of a deployment: ``instance distributed``."""

from pathlib import Path

import click

from chat_forecast.cli.base import examples
from chat_forecast.cli.printing import console


@click.group(epilog=examples("chat-forecast instance distributed --write deployment"))
def instance() -> None:
    """Prepare a Dagster instance for several machines."""


@instance.command(
    epilog=examples(
        "chat-forecast instance distributed --write deployment",
        "chat-forecast instance distributed --write deployment --slots 16",
    )
)
@click.option(
    "--write",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to.",
)
@click.option(
    "--slots",
    type=click.IntRange(min=1),
    metavar="N",
    default=2,
    show_default=True,
    help="Maximum number of concurrent runs on all machines together.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def distributed(folder: Path, slots: int, force: bool) -> None:
    """Write the files of a deployment on several machines.

    Writes Dagster's settings for PostgreSQL and Celery, the environment of all machines, a compose file, and a service unit
    for a worker without containers. Existing files are kept unless you pass --force.
    """
    from chat_forecast.app.deployment import write_deployment

    for path in write_deployment(folder, slots, is_replacing=force):
        console.print(str(path), highlight=False, soft_wrap=True)
    console.print("Put your own passwords and key into deployment.env; docs/distributed.md says what else there is to do.")
