"""What a backfill covers, whatever order Python's sets happen to have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = """
from datetime import date
import dagster as dg
from dagster._core.execution.asset_backfill import AssetBackfillData
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.models import Chat
from chat_forecast.definitions import build_definitions
from chat_forecast.settings.paths import Home
from chat_forecast.pipeline.runs import ALL_ASSETS
chat = Chat(slug="my-chat", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
graph = build_definitions([chat], resources_of(Home.from_environment({}))).resolve_asset_graph()
with dg.DagsterInstance.ephemeral() as instance:
    data = AssetBackfillData.from_asset_partitions(
        asset_graph=graph, partition_names=["2026-01-05", "2026-01-06"],
        asset_selection=[dg.AssetKey([chat.slug, name]) for name in ALL_ASSETS],
        dynamic_partitions_store=instance, backfill_start_timestamp=1780000000.0, all_partitions=False)
print(sorted({key.partition_key for key in data.target_subset.iterate_asset_partitions()}))
"""


@pytest.mark.parametrize("seed", ["1", "2", "3", "4", "5", "6"])
def test_a_backfill_of_all_assets_covers_the_days_asked_for_and_no_other(seed):
    ended = subprocess.run(
        [sys.executable, "-c", TARGET],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "['2026-01-05', '2026-01-06']"
