"""What this project uses of Dagster that is not public: the one place to look at when Dagster is upgraded.

Belongs here: every import of ``dagster._…``, with why there is no public way.
Does not belong here: using them.

Dagster is pinned to one minor version: an import that fails here names what has moved.
"""

import sys
from collections.abc import Callable

import click
import dagster as dg

# What Dagster raises about a value of a type that it did not expect, as in settings.
from dagster._check import CheckError

# What a check was evaluated on.
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

# Names of the tags and states that Dagster documents, but does not export.
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

# A repository that builds its definitions when it is first asked for them.
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.repository_definition.repository_data import RepositoryData

# Events that are stored together; see event_batches.py.
from dagster._core.events import DagsterEventBatchMetadata

# What a run prints; see compute_logs.py.
from dagster._core.execution.compute_logs import redirect_to_file

# What a step says of the days of a range; see event_batches.py.
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator

# How a run on another machine notices that it is to be cancelled; see celery_app.py.
from dagster._core.execution.run_cancellation_thread import start_run_cancellation_thread

# What the instance loads by its path: the launcher, and the coordinator of the run queue.
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.scheduler.instigation import TickStatus

# How it is found out whether an instance's tables are of this version; see instance_files.py.
from dagster._core.storage import sql

# States of checks and runs.
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
)
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES, NOT_FINISHED_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

# The storages of an instance, each of which makes an engine for every connection; see instance_files.py.
from dagster._core.storage.event_log.sqlite import sqlite_event_log

# Notices new events of a run; see followed_logs.py.
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, SqliteEventLogStorageWatchdog
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    GRPC_INFO_TAG,
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    ROOT_RUN_ID_TAG,
    WILL_RETRY_TAG,
)

# What the webserver serves, for a webserver behind our guard.
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._core.workspace.workspace import CurrentWorkspace
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData

# What an error is stored as.
from dagster._utils.error import SerializableErrorInfo  # type: ignore[attr-defined]  # of another package of Dagster's

# How Dagster's own servers write their logs.
from dagster._utils.log import configure_loggers

# Backfill policies, lenient mappings and checks with partitions are meant; see partitions.py.
from dagster._utils.warnings import BetaWarning, PreviewWarning

SQLITE_STORAGES = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)

__all__ = [
    "ASSET_PARTITION_RANGE_END_TAG",
    "ASSET_PARTITION_RANGE_START_TAG",
    "GRPC_INFO_TAG",
    "IMPLICIT_ASSET_JOB_NAME",
    "IN_PROGRESS_RUN_STATUSES",
    "MAX_RETRIES_TAG",
    "NOT_FINISHED_STATUSES",
    "PARTITION_NAME_TAG",
    "ROOT_RUN_ID_TAG",
    "SINGLETON_REPOSITORY_NAME",
    "SQLITE_STORAGES",
    "WILL_RETRY_TAG",
    "AssetCheckEvaluationTargetMaterializationData",
    "AssetCheckExecutionRecordStatus",
    "AssetCheckExecutionsTable",
    "AssetMetadataHandle",
    "BetaWarning",
    "CapturedLogContext",
    "CheckError",
    "CheckRunHealthResult",
    "ConfigurableClass",
    "ConfigurableClassData",
    "CurrentWorkspace",
    "DagsterEventBatchMetadata",
    "ExecuteRunArgs",
    "LaunchRunContext",
    "LocalComputeLogManager",
    "OutputMetadataAccumulator",
    "PreviewWarning",
    "RepositoryData",
    "RunLauncher",
    "SerializableErrorInfo",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqliteEventLogStorage",
    "SqliteEventLogStorageWatchdog",
    "SubmitRunContext",
    "TickStatus",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "WorkspaceRequestContext",
    "code_server_class",
    "configure_loggers",
    "redirect_to_file",
    "run_command",
    "run_command_body",
    "sql",
    "sqlite_event_log",
    "start_run_cancellation_thread",
    "will_be_retried",
]


def will_be_retried(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the daemon tries a run again once it has failed, as it does when its process is gone."""
    from dagster._core.execution.retries import auto_reexecution_should_retry_run

    failed = run.with_status(dg.DagsterRunStatus.FAILURE)
    return bool(instance.run_retries_enabled and auto_reexecution_should_retry_run(instance, failed, None))


def run_command() -> click.Command:
    """Dagster's command that executes a run, for a process that is there for it: its import takes a tenth of a second."""
    from dagster._cli.api import execute_run_command

    return execute_run_command


def run_command_body() -> Callable[..., int]:
    """What that command does once it has an instance."""
    from dagster._cli.api import _execute_run_command_body

    return _execute_run_command_body


def code_server_class() -> type | None:
    """What answers questions about definitions, in a process that serves some; nobody else imports it."""
    module = sys.modules.get("dagster._grpc.server")
    return None if module is None else module.DagsterApiServer
