"""What one machine makes of the same chats and days, and comparing with it value for value.

Belongs here: the backfill on a single machine, and reading stored partitions from wherever they are.
Does not belong here: the deployment (:mod:`.deployment`).
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chat_forecast.storage.atomic_files import join_url, list_names, read_file
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast_tests.at_home import NO_MLFLOW
from chat_forecast_tests.commands import run_commands
from chat_forecast_tests.distributed.deployment import chats_file

LONGEST_SECONDS = 1800


def make_expected(home: Path, slugs: list[str], days: int) -> None:
    """Backfill the chats on one machine, two at a time."""
    home.mkdir()
    (home / "chats.toml").write_text(chats_file(len(slugs), days))
    gone = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    environment |= {"CHAT_FORECAST_HOME": str(home), "OPENBLAS_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": NO_MLFLOW}

    def backfill(some: list[str]) -> None:
        run_commands([["backfill", slug, "--json"] for slug in some], environment, seconds=LONGEST_SECONDS)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(backfill, filter(None, (slugs[::2], slugs[1::2]))))


def stored(root: str, slugs: list[str]) -> dict[str, bytes]:
    """Every stored partition below a folder or a URL, by its path: the same table is stored as the same bytes."""
    found = {}
    for slug in slugs:
        for asset in PARTITION_SCHEMAS:
            for name in list_names(join_url(root, slug, asset)):
                content = read_file(join_url(root, slug, asset, name))
                assert content is not None
                found[f"{slug}/{asset}/{name}"] = content
    return found


def chat_and_day(path: str) -> str:
    """The chat and the day of a partition, without its asset."""
    slug, _asset, name = path.split("/")
    return f"{slug}/{name.removesuffix('.parquet')}"


def differences(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> list[str]:
    """Where the stored partitions are not the expected ones, in any value, column or note."""
    lacking = sorted(expected.keys() - found.keys())
    more = sorted(found.keys() - expected.keys())
    other = sorted(path for path in found.keys() & expected.keys() if found[path] != expected[path])
    return [f"{what}: {path}" for what, paths in (("lacking", lacking), ("more", more), ("other", other)) for path in paths]
