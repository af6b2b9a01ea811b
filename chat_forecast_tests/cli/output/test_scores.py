"""What ``rescore`` prints."""

from chat_forecast.app.rescoring import Rejudged, Rescoring
from chat_forecast.cli.output.scores import print_rescoring, rescoring_figures
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast_tests.cli.output.screens import at_each_width, seen
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat

CHAT = make_chat()
GOOD = Verdict(passed=True, rule="smape", reason="sMAPE is low")
BAD = Verdict(passed=False, rule="smape", reason="sMAPE is high")
JUDGED = Rescoring([Rejudged(FIRST, GOOD, GOOD), Rejudged(FIRST.plus(1), GOOD, BAD), Rejudged(FIRST.plus(2), None, BAD)], [])


@at_each_width
def test_changed_verdicts_are_listed_and_counted(width):
    assert seen(print_rescoring, CHAT, JUDGED, width=width).splitlines()[0] == "✗ 2026-03-02 fails now: sMAPE is high"
    text = " ".join(seen(print_rescoring, CHAT, JUDGED, width=width).split())
    assert text.endswith("my-chat: 3 scores judged by the rule relative: 1 verdict changed, 1 had no verdict before.")


def test_a_day_that_passes_now_is_told_so():
    text = seen(print_rescoring, CHAT, Rescoring([Rejudged(FIRST, BAD, GOOD)], ["a/b is damaged"]))
    assert text.splitlines() == [
        "✗ a/b is damaged",
        "✓ 2026-03-01 passes now: sMAPE is low",
        "my-chat: 1 score judged by the rule relative: 1 verdict changed.",
    ]


def test_nothing_to_judge_is_said():
    assert seen(print_rescoring, CHAT, Rescoring([], [])) == "my-chat: no score is stored for these days.\n"


def test_figures_hold_every_score_that_was_judged():
    figures = rescoring_figures(CHAT, JUDGED)
    assert (figures["changed"], figures["without_verdict_before"]) == (1, 1)
    assert [(row["day"], row["passed_before"], row["passed"]) for row in figures["scores"]] == [
        ("2026-03-01", True, True),
        ("2026-03-02", True, False),
        ("2026-03-03", None, False),
    ]
