"""The commands of a chat's life, each with what it does to what the one before it left."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

BACKFILL = ("backfill", "club", "--from", "2026-05-25", "--to", "2026-05-28")


@dataclass(frozen=True)
class Stage:
    """A command, done in the home that all stages before it have left."""

    name: str
    command: tuple[str, ...]
    share: int = 1
    """How often it is killed, beside the others: a short command is killed more often."""
    later: timedelta = timedelta(0)
    """How much later than now it is for the command."""
    refusal: str = ""
    """What the command says, with exit code 1, if it was done already."""


LIFE = (
    Stage("import", ("import", "club", "first.csv", "--timezone", "UTC"), share=2),
    Stage("training", ("run", "club", "--day", "2026-05-26")),
    Stage("night", ("run", "club", "--day", "2026-05-27"), share=2),
    Stage("backfill", BACKFILL),
    Stage("import again", ("import", "club", "second.csv")),
    Stage("remove", ("imports", "club", "--remove", "2"), refusal="has no import 2"),
    Stage("timezone", ("timezone", "club", "Europe/Moscow")),
    Stage("prune", ("prune",), share=2, later=timedelta(days=60)),
)


def write_exports(folder: Path) -> None:
    """Two overlapping exports, made of the same messages each time."""
    rng = np.random.default_rng(1)
    minutes = np.sort(rng.integers(0, 31 * 1440, 4000))
    times = pd.Timestamp("2026-05-01", tz="UTC") + pd.to_timedelta(minutes, unit="min")
    table = pd.DataFrame(
        {"sent_at": times, "message_id": range(1, 4001), "sender": [f"u{number % 9}" for number in range(4000)]}
    )
    table.iloc[:3500].to_csv(folder / "first.csv", index=False)
    table.iloc[3000:].to_csv(folder / "second.csv", index=False)
