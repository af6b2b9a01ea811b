"""What a backfill covers, whatever order Python's sets happen to have."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.asset_backfill import AssetBackfillData

from chat_forecast.definitions import build_definitions
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.runs import ALL_ASSETS
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home

ASKED = ["2026-01-05", "2026-01-06"]
CODE = f"from {__name__} import covered; print(covered())"


def covered() -> list[str]:
    """The days that a backfill of all assets covers, which is asked for some of a chat's."""
    chat = Chat(slug="my-chat", source="simulated", timezone="Europe/Moscow", first_day=date(2026, 1, 1))
    graph = build_definitions([chat], resources_of(Home.from_environment({}))).resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        data = AssetBackfillData.from_asset_partitions(
            asset_graph=graph,
            partition_names=ASKED,
            asset_selection=[dg.AssetKey([chat.slug, name]) for name in ALL_ASSETS],
            dynamic_partitions_store=instance,
            backfill_start_timestamp=1780000000.0,
            all_partitions=False,
        )
    return sorted({key.partition_key for key in data.target_subset.iterate_asset_partitions()})


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources`:DeprecationWarning")  # Dagster calls it itself
@pytest.mark.parametrize("salt", range(20))
def test_a_backfill_of_all_assets_covers_the_days_asked_for_and_no_other(monkeypatch, salt):
    """Each salt gives the sets of assets another order."""
    monkeypatch.setattr(dg.AssetKey, "__hash__", lambda key: hash((salt, *key.path)))
    assert covered() == ASKED


@pytest.mark.parametrize("seed", ["1", pytest.param("2", marks=pytest.mark.sweep)])
def test_it_does_so_in_processes_whose_texts_are_hashed_otherwise(seed):
    environment, folder = {**os.environ, "PYTHONHASHSEED": seed}, Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == str(ASKED)
