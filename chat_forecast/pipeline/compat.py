"""What this project uses of Dagster that is not public: the one place to look at when Dagster is upgraded.

Belongs here: every import from a private module of Dagster, with what it is for and who uses it.
Does not belong here: using them. Private methods of Dagster's objects are used in :mod:`.event_batches`,
:mod:`.daemon_work` and :mod:`.repository` alone. A test keeps both rules.

Dagster is pinned to one minor version: an import that fails here names what has moved.
"""

import sys
from collections.abc import Callable

import click
import dagster as dg

# Raised where a setting is of another type than Dagster expects: instance.py.
from dagster._check import CheckError

# Which materialisation a check evaluated: checks.py, newest_events.py.
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

# The job that materialises any selection of assets, which runs are requested of by name: schedules.py and the sensors.
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

# A repository that builds its definitions when it is asked for them: repository.py.
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.repository_definition.repository_data import RepositoryData

# Marks events as one batch: event_batches.py.
from dagster._core.events import DagsterEventBatchMetadata

# Where the output of a run goes: compute_logs.py.
from dagster._core.execution.compute_logs import redirect_to_file

# Holds the metadata that a step adds to the days of a range: event_batches.py.
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator

# How a run on another machine notices that it is cancelled: celery_app.py.
from dagster._core.execution.run_cancellation_thread import start_run_cancellation_thread

# Base classes and arguments of what dagster.yaml names by its path: the launchers and the coordinator of the run queue.
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._core.run_coordinator import SubmitRunContext

# The states of ticks, checks and runs, which Dagster documents and does not export.
from dagster._core.scheduler.instigation import TickStatus

# Reads the migrations of an instance's tables: instance_files.py.
from dagster._core.storage import sql
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

# Base class of what keeps the output of runs: compute_logs.py.
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES, NOT_FINISHED_STATUSES

# The tables of events, and the storages over them: event_batches.py, newest_events.py, instance_files.py, followed_logs.py.
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, SqliteEventLogStorageWatchdog
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

# The tags of runs, which Dagster documents and does not export.
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    GRPC_INFO_TAG,
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    ROOT_RUN_ID_TAG,
    WILL_RETRY_TAG,
)

# What Dagster's webserver serves, for one behind a guard: app/serving.
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._core.workspace.workspace import CurrentWorkspace

# What the process of a run is started with: run_launcher.py.
from dagster._grpc.types import ExecuteRunArgs

# How dagster.yaml configures a class: without_settings.py.
from dagster._serdes import ConfigurableClass, ConfigurableClassData

# What an error is stored as: masked_errors.py.
from dagster._utils.error import SerializableErrorInfo  # type: ignore[attr-defined]  # of another package of Dagster's

# How Dagster's own servers write their logs: app/serving.
from dagster._utils.log import configure_loggers

# Of features that are used on purpose, and so are not warned of: partitions.py.
from dagster._utils.warnings import BetaWarning, PreviewWarning

SQLITE_STORAGES = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)
"""The modules of an instance's storages, each of which makes an engine for every connection."""

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
    """Whether the daemon will retry a run that is about to be failed."""
    from dagster._core.execution.retries import auto_reexecution_should_retry_run

    failed = run.with_status(dg.DagsterRunStatus.FAILURE)
    return bool(instance.run_retries_enabled and auto_reexecution_should_retry_run(instance, failed, None))


def run_command() -> click.Command:
    """Dagster's command that executes a run; imported late, since that takes a tenth of a second."""
    from dagster._cli.api import execute_run_command

    return execute_run_command


def run_command_body() -> Callable[..., int]:
    """The part of :func:`run_command` after the instance is opened."""
    from dagster._cli.api import _execute_run_command_body

    return _execute_run_command_body


def code_server_class() -> type | None:
    """The class that answers questions about definitions; None in a process that is no code server."""
    module = sys.modules.get("dagster._grpc.server")
    return None if module is None else module.DagsterApiServer
