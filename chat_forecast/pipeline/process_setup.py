"""What this project changes in Dagster at run time: the one list, by kind of process.

Belongs here: which processes get which changes, and in which order.
Does not belong here: any one change. Each has a module that says what Dagster does, and why a setting is not enough.

Calling these again changes nothing, so that a process may be of several kinds.
"""

from pathlib import Path

from chat_forecast.pipeline.code_server_cache import cache_large_answers
from chat_forecast.pipeline.daemon_work import trim_daemon_work
from chat_forecast.pipeline.database_connections import retry_and_pool_connections
from chat_forecast.pipeline.instance_files import speed_up, use_small_pages
from chat_forecast.pipeline.masked_errors import mask_errors
from chat_forecast.settings.privacy import keep_private


def set_up_code_location(dagster_home: Path) -> None:
    """Prepare a process that loads the definitions: a code server, or the process of a run."""
    mask_errors()
    keep_private()
    speed_up(dagster_home)
    retry_and_pool_connections()
    cache_large_answers()


def set_up_instance(dagster_home: Path) -> None:
    """Prepare a process that opens the instance: any of the above, the daemon, the webserver, Dagster's commands."""
    mask_errors()
    trim_daemon_work()
    retry_and_pool_connections()
    keep_private()
    use_small_pages(dagster_home)


def set_up_celery_worker() -> None:
    """Prepare a Celery worker, before it forks the processes of runs."""
    mask_errors()
    keep_private()
    retry_and_pool_connections()
