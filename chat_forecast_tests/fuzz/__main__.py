"""``python -m chat_forecast_tests fuzz [--seconds 60] [--rounds N] [--seed N]``: reads files that nobody would write.

With a seed and a number of rounds, no machine reads a file that another one did not.

What is found is shown as small as it can be made, and stays in ``test-artifacts/fuzz`` until it is mended.
"""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from chat_forecast_tests.fuzz import rules, shapes
from chat_forecast_tests.sources.export_samples import FILES

FOUND = Path(__file__).parents[2] / "test-artifacts" / "fuzz"
SAMPLES = Path(__file__).parents[1] / "samples" / "v0_1_0" / "old-chat"
PARTITIONS = sorted(SAMPLES.glob("*/2026-04-01.parquet"))
EXAMPLES_A_ROUND = 40


def odd_export(content: bytes, chance: int) -> None:
    rules.expect_read_or_refused(content, ".json", rules.messages_of_export(content), is_stored=chance == 0)


def odd_text_table(table: tuple[bytes, int], chance: int) -> None:
    rules.expect_read_or_refused(table[0], ".csv", table[1], is_stored=chance == 0)


def odd_parquet_table(content: bytes, chance: int) -> None:
    rules.expect_read_or_refused(content, ".parquet", is_stored=chance == 0)


def odd_settings(content: bytes) -> None:
    rules.expect_settings_read_or_refused(content)


def changed_file(file: tuple[str, bytes]) -> None:
    ending, content = file
    if ending == ".toml":
        rules.expect_settings_read_or_refused(content)
    else:
        rules.expect_read_or_refused(content, ending, rules.messages_of_export(content) if ending == ".json" else None)


def foreign_export(file: tuple[str, bytes]) -> None:
    rules.expect_read_or_refused(file[1], file[0])


def damaged_partition(file: tuple[str, bytes]) -> None:
    rules.expect_partition_read_or_refused(file[1], file[0])


def other_programs() -> list[tuple[str, bytes]]:
    """The ending and the content of an export of each program that is one file."""
    with TemporaryDirectory() as folder:
        made = [make(Path(folder) / name) for name, (_exact, make) in FILES.items()]
        return [(path.suffix, path.read_bytes()) for path in made if path.is_file()]


def of_another_program(file: tuple[str, bytes]) -> st.SearchStrategy[tuple[str, bytes]]:
    """The ending of such a file, and what became of its content."""
    return st.tuples(st.just(file[0]), shapes.mutated(file[1]))


ONE_IN_EIGHT = st.integers(0, 7)
TARGETS: dict[Callable[..., None], tuple[st.SearchStrategy[Any], ...]] = {
    odd_export: (shapes.exports(), ONE_IN_EIGHT),
    odd_text_table: (shapes.text_tables(), ONE_IN_EIGHT),
    odd_parquet_table: (shapes.parquet_tables(), ONE_IN_EIGHT),
    odd_settings: (shapes.settings_files(),),
    changed_file: (shapes.changed(shapes.CORPUS_FILES, lambda path: path.suffix),),
    foreign_export: (
        st.sampled_from(other_programs()).flatmap(lambda file: st.tuples(st.just(file[0]), shapes.mutated(file[1]))),
    ),
    damaged_partition: (shapes.changed(PARTITIONS, lambda path: path.parent.name),),
}


def main(arguments: list[str]) -> int:
    """Try every kind of file in turn until that is over; the exit code is 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m chat_forecast_tests fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, help=f"{EXAMPLES_A_ROUND} files of each kind a round; any number by default")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="the same files again")
    asked = parser.parse_args(arguments)
    print(f"fuzz: {asked.seconds:g} s, --seed {asked.seed}", flush=True)
    every = settings(
        max_examples=EXAMPLES_A_ROUND,
        deadline=None,
        database=DirectoryBasedExampleDatabase(FOUND),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    end, number, failed, tried = time.monotonic() + asked.seconds, 0, list[str](), Counter[str]()
    last = None if asked.rounds is None else asked.rounds * len(TARGETS)
    while time.monotonic() < end and number != last:
        target, strategies = list(TARGETS.items())[number % len(TARGETS)]
        if target.__name__ not in failed:
            try:
                seed(asked.seed + number)(every(given(*strategies)(target)))()
            except Exception:
                traceback.print_exc()
                failed.append(target.__name__)
            tried[target.__name__] += EXAMPLES_A_ROUND
        number += 1
    print(f"fuzz: {', '.join(f'{count} {name}' for name, count in tried.items())}")
    print(f"failed: {', '.join(failed)}" if failed else "fuzz: nothing found")
    is_short = last is not None and number < last
    if is_short:
        print(f"fuzz: {asked.seconds:g} s were over before all files were read: --seconds gives it more")
    return bool(failed) or is_short


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
