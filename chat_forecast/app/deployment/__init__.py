"""The files of a deployment on many machines, ready to be changed.

Belongs here: the files, and writing them into a folder.
Does not belong here: Dagster's settings (:mod:`chat_forecast.pipeline.distributed`), and running anything.
"""

from pathlib import Path

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.distributed import distributed_settings
from chat_forecast.whole_files import SECRET, replace_file

FILES = ("compose.yaml", "Dockerfile", "worker.service", "workspace.yaml")
"""Files of this folder that are written as they are."""
ENVIRONMENT = "deployment.env"
"""The file that is to hold the secrets: it is its owner's alone."""


class DeploymentError(ChatForecastError):
    """The files of a deployment were not written; the message says why."""


def write_deployment(folder: Path, slots: int, *, is_replacing: bool) -> list[Path]:
    """Write the files into a folder, which is made if there is none; returns where.

    Raises:
        DeploymentError: one of them is there, and is not to be replaced; then none is written.
    """
    here = Path(__file__).parent
    contents = {name: (here / name).read_text("utf-8").replace("@SLOTS@", str(slots)) for name in (*FILES, ENVIRONMENT)}
    contents["dagster.yaml"] = distributed_settings(slots)
    there = [name for name in sorted(contents) if (folder / name).exists()]
    if there and not is_replacing:
        raise DeploymentError(
            f"{folder} holds {', '.join(there)} already, which may have been changed: nothing was written. Name another "
            "folder, or write over them with --force."
        )
    for name, text in contents.items():
        replace_file(folder / name, text.encode(), mode=SECRET if name == ENVIRONMENT else None)
    return [folder / name for name in sorted(contents)]
