"""A disk that is full, read-only or gone, at any write of a command: a sentence, old files whole, and the next run heals.

A number is the write that fails; a negative one fails alone, after a positive one every later write fails too.
"""

import json
import os
from datetime import timedelta

import pytest

from chat_forecast_tests import forked

pytestmark = pytest.mark.sweep

PLACES = ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE")
FAILING_WRITES = (
    "import runpy; runpy.run_module('chat_forecast_tests.cli.failing_writes', run_name='__main__', alter_sys=True)"
)
OLD = timedelta(days=60).total_seconds()


def results_of(template, numbers, *words):
    environment = {name: value for name, value in os.environ.items() if name not in PLACES}
    done = forked.run(FAILING_WRITES, template, json.dumps(numbers), *words, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expect_sentences_and_healing(results, *, last):
    """See that each fault was met in words and left no trace; ``last`` is a write that the command does not come to."""
    *failed, whole = results
    assert whole["failed"] == ""
    assert whole["n"] == last
    assert whole["code"] == 0, whole["said"]
    for result in failed:
        assert result["failed"], result["n"]
        assert "Traceback" not in result["said"], result
        assert result["code"] in (0, 1), result
        if result["code"]:
            assert "Error: " in result["said"], result
        assert result["lost"] == [], result
        assert result["again"] == 0, result
        assert without_key(result["stored"]) == without_key(whole["stored"]), result
        assert result["leftovers"] == [], result


def without_key(stored):
    """A home that is new has a key of its own, and so other pseudonyms."""
    return {name: digest for name, digest in stored.items() if name != "pseudonym.key"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory, today):
    """A home with a chat of which all days but the last one are done."""
    home = tmp_path_factory.mktemp("ran")
    chat = f'[chats.my-chat]\nsource = "simulated"\ntimezone = "{today.timezone}"\nfirst_day = {today.plus(-3).key}\n'
    (home / "chats.toml").write_text(chat)
    environment = {name: value for name, value in os.environ.items() if name not in PLACES}
    words = ["backfill", "my-chat", "--to", today.plus(-2).key]
    done = forked.run(forked.COMMAND, *words, env={**environment, "CHAT_FORECAST_HOME": str(home)})
    assert done.returncode == 0, done.stderr
    return home


def test_every_write_of_a_first_import_may_fail(tmp_path):
    (tmp_path / "new").mkdir()
    export = tmp_path / "export.csv"
    export.write_text("id,time\n1,2026-03-01T10:00:00Z\n2,2026-03-02T10:00:00Z\n")
    numbers = [number if number % 2 else -number for number in range(1, 34)]
    results = results_of(tmp_path / "new", [*numbers, 500], "import", "my-chat", str(export), "--timezone", "UTC")
    made = {result["failed"].rpartition("/")[2].partition(".part")[0] for result in results}
    assert any(name.startswith(".pseudonym.key") for name in made)
    assert any(name.startswith(".chats.toml") for name in made)
    assert any(name.startswith(".messages.parquet") for name in made)
    expect_sentences_and_healing(results, last=500)


def test_writes_of_a_night_may_fail(ran):
    results = results_of(ran, [60, -110, 5000], "run", "my-chat")
    expect_sentences_and_healing(results, last=5000)


def test_writes_of_a_pruning_may_fail(ran):
    for path in ran.rglob("*.db"):
        os.utime(path, (path.stat().st_mtime - OLD,) * 2)
    expect_sentences_and_healing(results_of(ran, [17, -18, 19, 5000], "prune"), last=5000)
