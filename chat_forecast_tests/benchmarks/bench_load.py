"""Time and memory of loading the code location, beyond those of ``import dagster`` alone.

``python -m chat_forecast_tests.benchmarks.bench_load [CHATS]``: with so many simulated chats (1 if not given). Each figure
is the best of five processes.
"""

import sys
import tempfile
from pathlib import Path

from chat_forecast_tests.benchmarks.processes import Took, measure

TIMES = 5


def main(chats: int) -> None:
    """Measure both, and print the difference."""
    with tempfile.TemporaryDirectory() as folder:
        tables = (
            f'[chats.chat-{number}]\nsource = "simulated"\ntimezone = "Europe/Moscow"\nfirst_day = 2026-01-01\n'
            for number in range(chats)
        )
        Path(folder, "chats.toml").write_text("\n".join(tables))
        alone = best(Path(folder), "import dagster")
        location = best(Path(folder), "import chat_forecast.definitions as d; d.defs.get_repository_def()")
    print(f"import dagster: {alone}")
    print(f"the code location, {chats} chats: {location}")
    print(f"beyond import dagster: {location.wall - alone.wall:.2f} s, {location.megabytes - alone.megabytes:.0f} MB")


def best(home: Path, code: str) -> Took:
    """Run some code in several processes, and take the quickest."""
    return min((measure(home, "-c", code) for _ in range(TIMES)), key=lambda took: took.wall)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
