"""Size and build time of a report for some years of a chat, and what a browser needs to draw it.

``python -m chat_forecast_tests.benchmarks.bench_report [--years N]``: the chat is made up and stored first (3 years by
default), with a forecast and a score for each of its last 60 days. The page is built in a process of its own: first
with nothing kept, which puts the charts' JavaScript together, then as every night after that.
"""

import argparse
import gzip
import multiprocessing
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

FORECAST_DAYS = 60


def store(root: str, days: int) -> None:
    """Store a chat of so many days."""
    from chat_forecast.storage.locks import Locks
    from chat_forecast.storage.partitions import Storages
    from chat_forecast_tests.presentation.reports.stored import (
        make_chat,
        store_forecasts,
        store_scores,
        store_series,
        store_training,
        usual,
    )

    storage = Storages(root, Locks(Path(root) / "locks")).of(make_chat())
    rng = np.random.default_rng(0)
    store_series(storage, days, lambda day, hour: int(rng.poisson(usual(day, hour) * (1 + day / days))))
    for number in range(20, 1, -1):
        store_training(storage, days - 14 * number)
    store_forecasts(storage, days - FORECAST_DAYS, days - 1)
    store_scores(storage, days - FORECAST_DAYS + 1, days - 1)


def build(root: str, words: str) -> None:
    """Build the page; print how long it took, from the start of the process's own imports on, and the peak memory."""
    begun, worked = time.perf_counter(), time.process_time()
    from chat_forecast.presentation.reports import Reports
    from chat_forecast.storage.locks import Locks
    from chat_forecast.storage.partitions import Storages
    from chat_forecast_tests.presentation.reports.stored import make_chat

    reports = Reports(Path(root) / "reports", Storages(root, Locks(Path(root) / "locks")))
    for language in ("en", "ru"):
        page = reports.make(make_chat(), language)
        seconds, busy, content = time.perf_counter() - begun, time.process_time() - worked, page.read_bytes()
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{words}, {language}: {len(content) / 1e6:.2f} MB ({len(gzip.compress(content)) / 1e6:.2f} MB gzipped) in "
            f"{seconds:.2f} s ({busy:.2f} s of processor time), peak {megabytes:.0f} MB"
        )
        begun, worked = time.perf_counter(), time.process_time()


def draw(root: str) -> None:
    """Open the page in Chromium; print when its last chart was drawn."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto((Path(root) / "reports" / "my-chat.en.html").as_uri())
        page.wait_for_function("document.documentElement.dataset.drawn")
        print(f"drawn {page.evaluate('performance.now()') / 1000:.2f} s after the browser began to load it")
        browser.close()


def main() -> None:
    """Take the arguments, store the chat, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=float, default=3)
    days = round(parser.parse_args().years * 365)
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as root:
        steps = [(store, (root, days)), (build, (root, "first time")), (build, (root, "every night"))]
        if shutil.which("chromium"):
            steps.append((draw, (root,)))
        for step, arguments in steps:
            process = spawn.Process(target=step, args=arguments)
            process.start()
            process.join()


if __name__ == "__main__":
    main()
