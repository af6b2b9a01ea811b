"""The settings of a Dagster instance that many machines share.

Belongs here: what of ``dagster.yaml`` differs from that of a single machine.
Does not belong here: writing it for somebody (:mod:`chat_forecast.app.deployment`).
"""

from chat_forecast.pipeline.instance_settings import PART, SETTINGS
from chat_forecast.settings.paths import BROKER_VARIABLE, DATABASE_VARIABLE

STORAGE = f"""\
storage:
  # Runs, events and schedules, for all machines. The address holds a password, and stands in the environment alone.
  postgres:
    postgres_url:
      env: {DATABASE_VARIABLE}

"""
LAUNCHER = f"""\
run_launcher:
  # Runs are executed by the workers: celery -A chat_forecast.pipeline.celery_app worker
  module: chat_forecast.pipeline.celery_launcher
  class: ChatCeleryLauncher
  config:
    broker:
      env: {BROKER_VARIABLE}
"""
LONGEST_WAIT_SECONDS = 6 * 3600
"""A run that no worker has begun by then fails: there are no workers, or far too few."""


def distributed_settings(slots: int) -> str:
    """The ``dagster.yaml`` of all machines, where the workers execute ``slots`` runs at a time."""
    text = SETTINGS.read_text("utf-8")
    parts = {part[1]: part[0] for part in PART.finditer(text)}
    for found, instead in (
        (parts["run_launcher"], LAUNCHER),
        (parts["run_coordinator"], f"{STORAGE}{parts['run_coordinator']}"),
        (
            "max_concurrent_runs: 2",
            f"max_concurrent_runs: {slots}  # as many as the workers of all machines execute at a time",
        ),
        (
            "start_timeout_seconds: 300",
            f"start_timeout_seconds: {LONGEST_WAIT_SECONDS}  # for a worker; meanwhile it is sent again",
        ),
    ):
        if found not in text:
            raise ValueError(f"{SETTINGS} lacks {found!r}")
        text = text.replace(found, instead)
    return text
