"""The output of a run's process, kept in a file that the run's page in the UI shows.

Belongs here: catching what the process prints.
Does not belong here: what a run reports to Dagster, which is in the events of the run.

Dagster's own manager shows the output on the terminal too, by four processes a run that follow two files. A launched run has
no terminal, and the run of a command needs no file, since what it prints is the command's own output.
"""

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from chat_forecast.pipeline.compat import (
    CapturedLogContext,
    ConfigurableClassData,
    LocalComputeLogManager,
    redirect_to_file,
)
from chat_forecast.pipeline.without_settings import WithoutSettings

FOLDER = "storage"
"""Where Dagster keeps such files, below the instance."""


class RunOutput(WithoutSettings, LocalComputeLogManager):
    """Keeps what launched runs print, and the logs of ticks."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        LocalComputeLogManager.__init__(self, "", inst_data=inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Take the instance below whose folder the files are."""
        super().register_instance(instance)
        self._base_dir = str(Path(instance.root_directory) / FOLDER)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Keep what is printed meanwhile, if this process was launched for the run."""
        if multiprocessing.parent_process() is None:
            yield CapturedLogContext(log_key)
            return
        files = [self.get_captured_local_path(log_key, suffix) for suffix in ("out", "err")]
        Path(files[0]).parent.mkdir(parents=True, exist_ok=True)
        with redirect_to_file(sys.stdout, files[0]), redirect_to_file(sys.stderr, files[1]):
            yield CapturedLogContext(log_key)
        Path(self.get_captured_local_path(log_key, "complete")).touch()
