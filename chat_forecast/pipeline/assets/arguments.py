"""What the definitions of a chat's assets have in common: keys, partitions, pools, versions, column schemas.

Belongs here: arguments of ``@dg.asset`` that all six share.
Does not belong here: what an asset makes.
"""

from typing import Any, TypedDict

import dagster as dg

from chat_forecast.pipeline.named_chats import pool_of
from chat_forecast.pipeline.partitions import SAME_DAY, daily_partitions
from chat_forecast.settings.models import Chat
from chat_forecast.storage.schemas import PARTITION_SCHEMAS

SESSION_POOL = "telegram_session"
"""The pool of everything that opens Telegram's session: one run at a time, whichever chat it is of. The lock around the
session (:mod:`chat_forecast.sources.telegram.session`) holds against other processes too; the pool keeps runs from waiting
for it."""

OWNER = "team:chat_forecast"

CODE_VERSIONS = {
    "raw_messages": "2",
    "merged_history": "1",
    "hourly_series": "1",
    "trained_model": "2",
    "next_day_forecast": "2",
    "daily_score": "2",
}
"""To be raised when an asset's code gives other values from the same inputs: Dagster then shows what is outdated."""


class AssetArguments(TypedDict):
    """Keyword arguments that every asset of a chat is made with."""

    key_prefix: str
    group_name: str
    partitions_def: dg.DailyPartitionsDefinition
    backfill_policy: dg.BackfillPolicy
    code_version: str
    owners: list[str]
    tags: dict[str, str]
    metadata: dict[str, Any]
    pool: str


def asset_arguments(chat: Chat, asset: str) -> AssetArguments:
    """Key prefix, group, partitions, backfill policy, version, column schema and pool of one of a chat's assets.

    The pool holds one run at a time (see the instance's settings), so that runs of a chat never overlap, whatever
    launched them.
    """
    return {
        "key_prefix": chat.slug,
        "group_name": chat.group,
        "partitions_def": daily_partitions(chat),
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "code_version": CODE_VERSIONS[asset],
        "owners": [OWNER],
        "tags": {"source": chat.source},
        "metadata": {"dagster/column_schema": column_schema(asset), "timezone": chat.timezone},
        "pool": pool_of(chat.slug),
    }


def column_schema(asset: str) -> dg.TableSchema:
    """The columns of an asset's files, with their types and meanings, as the asset's page shows them."""
    schema = PARTITION_SCHEMAS[asset]
    return dg.TableSchema(
        [
            dg.TableColumn(column.name, str(column.type), column.meaning)
            for column in schema.columns
            if column.is_in(schema.version)
        ]
    )


def upstream(chat: Chat, asset: str, mapping: dg.PartitionMapping = SAME_DAY) -> dg.AssetDep:
    """A dependency on another asset of the chat, which is read through storage."""
    return dg.AssetDep([chat.slug, asset], partition_mapping=mapping)
