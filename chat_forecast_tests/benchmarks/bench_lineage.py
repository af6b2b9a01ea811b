"""A chat's lineage page in a browser, and how long a queued run waits until it starts, with many chats, inside ``up``.

``python -m chat_forecast_tests.benchmarks.bench_lineage [CHATS …]``: with 1, 200 and 1,000 simulated chats by default; all
but the first have ended, so that no nights run meanwhile. Each figure of the page lasts until the last of the chat's six
assets is shown. The first visit is timed twice, in a browser each: one that has just begun, which opens its window beside
it, and one that has done so. Then come another visit with the browser's cache, and another chat's page. Then runs are
launched as the button *Materialize* does, one after another: the seconds from the launch to the start.
"""

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_forecast.pipeline.compat import PARTITION_NAME_TAG
from chat_forecast.pipeline.runs import ALL_ASSETS, CHAT_TAG
from chat_forecast_tests.benchmarks.processes import measure_command
from chat_forecast_tests.served import Served, served, wait_for

CHATS = (1, 200, 1000)
RUNS = 3
PATIENCE_SECONDS = 600
WINDOW_SECONDS = 5
"""In which Chromium has opened its window."""
ENDED = """
[chats.chat-{number}]
source = "simulated"
timezone = "UTC"
first_day = {first}
last_day = {first}
"""


def pages(system: Served, count: int) -> None:
    """Print what the lineage page takes in a headless Chromium."""
    from playwright.sync_api import sync_playwright

    just_begun = (("first visit, browser just begun", 0),)
    at_rest = (("first visit, browser at rest", 0), ("again", 0), ("another chat", count - 1))
    with sync_playwright() as playwright:
        for rest, visits in ((0, just_begun), (WINDOW_SECONDS, at_rest)):
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1500, "height": 950})
            page.set_default_timeout(1000 * PATIENCE_SECONDS)
            time.sleep(rest)
            for words, chat in visits:
                begun = time.perf_counter()
                page.goto(f"{system.dagster}/locations/chat_forecast/asset-groups/chat_{chat}")
                for asset in ALL_ASSETS:
                    page.get_by_text(asset, exact=True).first.wait_for()
                print(f"{count} chats, lineage page, {words}: {time.perf_counter() - begun:.2f} s", flush=True)
            browser.close()


def runs(system: Served, count: int, day: str) -> None:
    """Launch runs of the first chat one after another, and print how long each waited."""
    query = """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
        creationTime startTime endTime } } } }"""
    for number in range(1, RUNS + 1):
        tags = {CHAT_TAG: "chat-0", PARTITION_NAME_TAG: day, "benchmark": str(number)}
        system.launch("chat-0", ["hourly_series"], tags)
        wanted = {"tags": [{"key": "benchmark", "value": str(number)}]}
        wait_for(lambda wanted=wanted: system.have_ended(**wanted), PATIENCE_SECONDS, "the run's end")
        (run,) = system.ask(query, filter=wanted)["runsOrError"]["results"]
        waited, took = run["startTime"] - run["creationTime"], run["endTime"] - run["startTime"]
        print(f"{count} chats, a queued run: {waited:.1f} s until it started, {took:.1f} s from there", flush=True)


def main(numbers: list[int]) -> None:
    """Serve homes of so many chats, and measure each."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    for count in numbers:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            (home / "chats.toml").write_text("".join(ENDED.format(number=number, first=day) for number in range(count)))
            measure_command(home, "backfill", "chat-0")
            begun = time.perf_counter()
            with served(home) as system:
                print(f"{count} chats, up, until it answers: {time.perf_counter() - begun:.1f} s", flush=True)
                pages(system, count)
                runs(system, count, day.isoformat())


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or list(CHATS))
