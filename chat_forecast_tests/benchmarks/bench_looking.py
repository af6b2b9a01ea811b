"""Looking at many chats with years behind them: ``status``, ``show``, ``report``, its page, and a plot of a stored day.

``python -m chat_forecast_tests.benchmarks.bench_looking [--days N] [CHATS …]``: of 20, 100 and 200 chats of 1,095 days each
by default. One chat is made up, and the others are links to its files, so that a thousand days cost no disk. Each command is
a process of its own, from its start to its end. Of ``status`` there are four rows: one with the cache of inspections and
without that of answers; the same again, where that holds; one an hour later; one after a night in which
``up`` did not run, with a new file in each folder but that of the models. Of
``report`` there are three rows: the first ever, which reads every day and puts the charts' JavaScript together; one whose
page is outdated; one that finds it up to date. The page is the first one that the report server is asked for, and then once
more; the plot is one that it has not drawn yet.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_forecast.app.health_cache import FILE, HOLDS
from chat_forecast.settings.privacy import keep_private
from chat_forecast.storage.file_fingerprints import Listing
from chat_forecast.storage.inspection_cache import CACHE_FILE, CachedFolder
from chat_forecast_tests.benchmarks.processes import Took, measure, measure_command

CHAT = """
[chats.chat-{number}]
source = "simulated"
timezone = "UTC"
first_day = {first}
"""
TRAINED_EVERY = 14
CHATS, DAYS = (20, 100, 200), 1095
LOOKS = (
    "status",
    "status, again",
    "status, an hour later",
    "status, after a night without up",
    "show chat-0",
    "report chat-0, outdated",
    "report chat-0, up to date",
)
"""Commands, each with what is measured of it behind a comma."""
PAGES = "from chat_forecast_tests.benchmarks.bench_looking import *; look_at_pages(Path({0!r}), {1!r})"
IMPORTS = "import chat_forecast.cli"


def store_chat(home: Path, first: str, days: int) -> None:
    """Store so many days of a chat: what was read, counted, trained, forecast and scored."""
    import numpy as np
    import pandas as pd

    from chat_forecast.domain.hourly_series import count_by_hour
    from chat_forecast.domain.local_day import LocalDay
    from chat_forecast.forecasting.fallback_chain import make_forecast
    from chat_forecast.forecasting.score_record import ScoreInputs, judge_score
    from chat_forecast.forecasting.score_record import score as score_of
    from chat_forecast.settings.models import Chat, Check
    from chat_forecast.storage.locks import Locks
    from chat_forecast.storage.partition_content import NotedTable
    from chat_forecast.storage.partitions import Storages
    from chat_forecast.storage.schemas import TRAINED_MODEL
    from chat_forecast_tests.factories import make_message_batch

    begin = LocalDay.parse(first, "UTC")
    chat = Chat(slug="chat-0", source="simulated", timezone="UTC", first_day=begin.date)
    storage = Storages(str(home), Locks(home / "locks")).of(chat)
    rng, made, score = np.random.default_rng(0), None, None
    tables: list[pd.DataFrame] = []
    for number in range(days):
        day = begin.plus(number)
        batch = make_message_batch(day, np.sort(rng.uniform(0, 1430, 60)))
        storage.write("raw_messages", day, batch)
        storage.write("merged_history", day, batch)
        counts = count_by_hour(batch, day)
        storage.write("hourly_series", day, counts)
        tables = [*tables[-59:], counts]
        history = pd.concat(tables, ignore_index=True)
        if number % TRAINED_EVERY == TRAINED_EVERY - 1:
            record = dict.fromkeys(TRAINED_MODEL.arrow().names) | {"trained_through": day.key, "forecaster": "same_hour"}
            record |= {"why": "", "comparison": "[]", "model": "{}", "hours_known": 24, "reason": None}
            record |= {"first_hour": f"{day.start}", "last_hour": f"{day.start}"}
            storage.write("trained_model", day, pd.DataFrame([record]))
        forecast = make_forecast(None, history, day.plus(1).hours)
        notes = {"source": forecast.source, "reason": forecast.reason, "withheld": forecast.withheld}
        storage.write("next_day_forecast", day, NotedTable(forecast.table, notes))
        if score is None and number == 40:
            score, _ = judge_score(score_of(day, ScoreInputs(counts, made, history.iloc[:-24])), [], Check())
        if score is not None:
            storage.write("daily_score", day, pd.DataFrame([score | {"day": day.key}], dtype=object))
        made = forecast.table


def look_at_pages(home: Path, day: str) -> None:
    """Print how long the report server takes for a page, and for a plot of a day; a plot before it is left out."""
    import threading

    from chat_forecast.app.api.dispatch import no_api
    from chat_forecast.app.live_page import LivePages
    from chat_forecast.app.plot_drawer import PlotDrawer
    from chat_forecast.app.report_server import ReportServer
    from chat_forecast.app.serving.endpoint import parse_endpoint
    from chat_forecast.settings.paths import Home

    there = Home.from_environment({"CHAT_FORECAST_HOME": str(home)})
    parts = PlotDrawer(there), no_api, "", LivePages(there)
    with ReportServer(there.reports, parse_endpoint(["--port", "0"]), *parts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page, plot = "chat-0.en.html", f"pictures/chat-{{}}/daily_score/{day}.png"
        for name, path in (("page", page), ("page again", page), ("", plot.format(0)), ("plot", plot.format(1))):
            begun = time.perf_counter()
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{path}").read()
            if name:
                print(f"  {name}: {time.perf_counter() - begun:.3f} s wall", flush=True)
        server.shutdown()


def main() -> None:
    """Make a home, let it grow, and print a row a number of chats."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chats", type=int, nargs="*", default=CHATS, help="how many chats there are")
    parser.add_argument("--days", type=int, default=DAYS, help="how many days each has")
    arguments = parser.parse_args()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    first = (yesterday - timedelta(days=arguments.days - 1)).isoformat()
    keep_private()  # as the files of any home: else the first command closes a million of them to others
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = f"from chat_forecast_tests.benchmarks.bench_looking import *; store_chat(Path({folder!r}), {first!r}, "
        print(f"storing {arguments.days} days of a chat: {measure(home, '-c', store + f'{arguments.days})')}", flush=True)
        print(f"importing the command alone: {measure(home, '-c', IMPORTS)}")
        for number in range(1, max(arguments.chats)):
            shutil.copytree(home / "chat-0", home / f"chat-{number}", copy_function=link)
        print(f"1 chat, {arguments.days} days, status, first look: {look(home, 1, first, 'status')}", flush=True)
        print(f"1 chat, {arguments.days} days, report, the first: {look(home, 1, first, 'report', 'chat-0')}", flush=True)
        for number in range(1, max(arguments.chats)):  # the same files: so what was found is the same
            shutil.copy(home / "chat-0" / CACHE_FILE, home / f"chat-{number}")
        look(home, max(arguments.chats), first, "status")  # in other folders, which are remembered too
        for count in arguments.chats:
            (home / "reports" / "chat-0.en.html").unlink()
            for path in home.glob(f"*/{FILE}"):
                path.unlink()
            for what in LOOKS:
                if what.endswith("later"):
                    let_an_hour_pass(home)
                if what.endswith("without up"):
                    forget_the_last_night(home)
                took = look(home, count, first, *what.partition(",")[0].split())
                print(f"{count} chats, {arguments.days} days, {what}: {took}", flush=True)
            subprocess.run([sys.executable, "-c", PAGES.format(str(home), yesterday.isoformat())], check=True)


def link(old: str, new: str) -> None:
    """Let a file stand in another place too."""
    Path(new).hardlink_to(old)


def let_an_hour_pass(home: Path) -> None:
    """Let what ``status`` remembers of each chat be as old as that it looks at each file."""
    for path in home.glob(f"*/{FILE}"):
        stored = json.loads(path.read_bytes())
        stored["at"] = (datetime.fromisoformat(stored["at"]) - HOLDS).isoformat()
        path.write_text(json.dumps(stored, separators=(",", ":")))


def forget_the_last_night(home: Path) -> None:
    """Let what is remembered of each chat be as it was before its newest day."""
    for path in home.glob(f"*/{CACHE_FILE}"):
        stored = json.loads(path.read_bytes())
        for asset, kept in stored["assets"].items():
            if kept["traits"] and asset != "trained_model":
                stored["assets"][asset] = json.loads(_without_newest(CachedFolder.from_dict(kept)).to_json())
        path.write_text(json.dumps(stored, separators=(",", ":")))
        (path.parent / FILE).unlink(missing_ok=True)


def _without_newest(kept: CachedFolder) -> CachedFolder:
    names = kept.all_names
    place = names.index(max(names))
    listing = Listing(names, [], kept.inodes, replace(kept.folder, times="0"), (kept.digests, kept.all_versions))
    traits = [*kept.traits[:place], None, *kept.traits[place + 1 :]]
    left = CachedFolder.of(listing, traits, is_versioned=bool(kept.versions))
    return replace(left, folder=listing.folder)


def look(home: Path, count: int, first: str, *words: str) -> Took:
    """Run a command on the first so many chats."""
    tables = "".join(CHAT.format(number=number, first=first) for number in range(count))
    (home / "chats.toml").write_text(tables)
    return measure_command(home, *words, codes=(0, 1))


if __name__ == "__main__":
    main()
