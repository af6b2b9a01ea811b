"""What an archive's change made again, in a line."""

import dataclasses

from chat_forecast.app.archive_changes import Remade
from chat_forecast.cli.output.imports import print_remade
from chat_forecast.domain.local_day import LocalDay
from chat_forecast_tests.cli.output.screens import seen

DAY = LocalDay.parse("2026-05-12", "Europe/Berlin")
REMADE = Remade((DAY, DAY.plus(1)), forecasts=9, scores=1, models=2, newest=DAY.plus(8))


def test_one_line_says_what_was_made_again_and_what_was_not():
    made = "days made again: 2 (2026-05-12 to 2026-05-13), with the 9 forecasts and 1 score that look back to them"
    not_made = (
        "; not trained again: 2 models. To train one now: chat-forecast backfill my-chat --from 2026-05-20 --to 2026-05-20"
    )
    assert seen(print_remade, "my-chat", REMADE) == f"{made}{not_made}\n"
    assert seen(print_remade, "my-chat", dataclasses.replace(REMADE, models=0)) == f"{made}\n"
    assert seen(print_remade, "my-chat", None) == seen(print_remade, "my-chat", Remade()) == ""
