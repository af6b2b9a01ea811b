"""Loading many chats: the code server, the process of a run, a tick of every sensor.

``python -m chat_forecast_tests.benchmarks.bench_load [CHATS …]``: with these numbers of simulated chats (1, 50, 200 and 1000
if none are given). Each figure is the processor time of a fresh process: beside it stands the wall time, which on a shared
machine says little. A run's process loads the code location and finds its job; the code server builds everything.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from chat_forecast_tests.benchmarks.processes import OWN_PLACES

ZONES = ("Europe/Moscow", "Europe/Berlin", "UTC", "Asia/Tokyo")
CODE = """
import time
marks = [(time.process_time(), time.perf_counter())]
mark = lambda: marks.append((time.process_time(), time.perf_counter()))
import dagster as dg
mark()
import chat_forecast.definitions as d
mark()
keys = {dg.AssetKey(["chat-0", asset]) for asset in ("raw_messages", "merged_history", "hourly_series")}
d.defs.get_maybe_subset_job_def("__ASSET_JOB", asset_selection=keys)
mark()
d.defs.load_all_definitions()
mark()
from chat_forecast.pipeline.resources import resources_of
stores = resources_of(d.home)
cursors = {}
for is_first in (True, False):  # the first ticks have no cursor
    with dg.DagsterInstance.ephemeral() as instance:
        if not is_first:
            mark()
        for sensor in d.defs.sensor_defs:
            with dg.build_sensor_context(
                instance=instance, cursor=cursors.get(sensor.name), resources={"stores": stores}, repository_def=d.defs
            ) as context:
                cursors[sensor.name] = sensor.evaluate_tick(context).cursor
mark()
print(*(f"{b[0] - a[0]:.2f}/{b[1] - a[1]:.2f}" for a, b in zip(marks, marks[1:])))
"""
HEADS = ("chats", "import dagster", "code location", "a run's job", "everything", "first ticks", "later ticks")


def main(numbers: list[int]) -> None:
    """Print a row a number of chats: processor seconds / wall seconds of each step."""
    print("".join(f"{head:>16}" for head in HEADS))
    for chats in numbers:
        with tempfile.TemporaryDirectory() as folder:
            tables = (
                f'[chats.chat-{number}]\nsource = "simulated"\ntimezone = "{ZONES[number % len(ZONES)]}"\n'
                f"first_day = 2026-{1 + number % 9:02d}-01\n"
                for number in range(chats)
            )
            Path(folder, "chats.toml").write_text("\n".join(tables))
            environment = {name: value for name, value in os.environ.items() if name not in OWN_PLACES}
            ended = subprocess.run(
                [sys.executable, "-c", CODE],
                env=environment | {"CHAT_FORECAST_HOME": folder},
                capture_output=True,
                text=True,
                check=True,
            )
        print(f"{chats:>16}" + "".join(f"{cell:>16}" for cell in ended.stdout.splitlines()[-1].split()), flush=True)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or [1, 50, 200, 1000])
