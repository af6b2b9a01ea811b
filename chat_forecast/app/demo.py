"""The demo: a hundred nights of a simulated chat, as they would have been.

Belongs here: doing them in their order with few runs, and telling what happened.
Does not belong here: what the chat does (:mod:`chat_forecast.sources.simulated`), or printing it.

A night is a forecast, its score, and a training if the score fails its check. Nights that pass are done many in one run;
what was done beyond one that fails is done again, by the model that was trained because of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from chat_forecast.app.runs import Runner
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict, relation_to_same_hour
from chat_forecast.forecasting.score_record import judge_score, score
from chat_forecast.pipeline.assets.scoring import score_inputs, scores_before
from chat_forecast.pipeline.runs import (
    CATCH_UP,
    DAY,
    DAY_ASSETS,
    HISTORY_ASSETS,
    LATER_TAG,
    RETRAINING,
    RETRAINING_ASSETS,
    kind_tags,
)
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

LEARNING_DAYS = 28
"""How many days are read before the first model is trained."""
NIGHTS = 91
"""How many nights with a model are done at most."""
NIGHT_ASSETS = ("next_day_forecast", "daily_score")
BAD_NIGHT_ASSETS = (*NIGHT_ASSETS, "trained_model")
LATER = {LATER_TAG: "later"}
FEW, MANY = 1, 16
"""How many nights one run does: after one that failed, and after many that passed."""

Say = Callable[[str], object]


@dataclass(frozen=True)
class Chapter:
    """Nights that followed one another, all good enough but for the model's age, or none of them."""

    first: LocalDay
    last: LocalDay
    is_good: bool
    nights: int
    skill: float
    """The mean of the days' skill against the same hour a week before."""
    trainings: int
    reason: str
    """The verdict on its first night, in words."""


def play(runner: Runner, chat: Chat, yesterday: LocalDay, say: Say) -> LocalDay | None:
    """Read the chat, and do its nights; returns the day trained through last night, if so.

    Raises:
        RunFailed: a step failed.
        ChatIsBusy: another run of the chat is under way.
    """
    first = LocalDay(chat.first_day, chat.timezone)
    start = min(max(first.plus(LEARNING_DAYS - 1), yesterday.plus(-NIGHTS)), yesterday)
    say(f"reading {first.key} to {yesterday.key} (simulated)")
    runner.materialise(chat, HISTORY_ASSETS, first, yesterday)
    say(f"{first.key} to {start.key}: learning, without a model")
    runner.materialise(chat, NIGHT_ASSETS, first, start, LATER)
    say(f"{start.key}: the first model is trained")
    _train(runner, chat, start, "the first model")
    for reason in _nights(runner, chat, start, yesterday.plus(-1)):
        say(reason)
    say(f"{yesterday.key}: last night's run")
    runner.materialise(chat, DAY_ASSETS, yesterday, yesterday, kind_tags(chat, DAY))
    return runner.retrain_if_wanted(chat)


def _nights(runner: Runner, chat: Chat, trained: LocalDay, last: LocalDay) -> Iterator[str]:
    """Do the nights after the first training; yields what changes, in words."""
    storage, done, stride, well = runner.storage(chat), trained, MANY, True
    while done < last:
        if not well and (reason := _why_bad(chat, storage, done.plus(1))):
            done = trained = done.plus(1)  # as in two runs: its score fails, and leads to a training
            runner.materialise(chat, BAD_NIGHT_ASSETS, done, done, kind_tags(chat, RETRAINING, reason) | LATER)
            continue
        if not well:
            yield f"{done.plus(1).key}: good again"
        end = min(done.plus(stride), max(trained.plus(chat.check.max_model_age_days), done.plus(1)), last)
        runner.materialise(chat, NIGHT_ASSETS, done.plus(1), end, kind_tags(chat, CATCH_UP) | LATER)
        judged = _verdicts(storage, done.plus(1), end)
        done, stride, well = end, min(stride * 2, MANY), True
        for day, verdict in judged:
            if not verdict.passed:
                yield f"{day.key}: {verdict.reason}: the model is retrained"
                _train(runner, chat, day, verdict.reason)
                done, trained, well = day, day, not is_bad(verdict)
                stride = MANY if well else FEW
                break


def _why_bad(chat: Chat, storage: ChatStorage, day: LocalDay) -> str | None:
    """Why the score of a day, whose forecast is stored, will be bad; None where it will not."""
    (given,) = score_inputs(storage, [day])
    before = scores_before(storage, day, chat.check.window_days)
    _, verdict = judge_score(score(day, given), before, chat.check, given.withheld)
    return verdict.reason if is_bad(verdict) else None


def _train(runner: Runner, chat: Chat, day: LocalDay, reason: str) -> None:
    runner.materialise(chat, RETRAINING_ASSETS, day, day, kind_tags(chat, RETRAINING, reason) | LATER)


def _verdicts(storage: ChatStorage, first: LocalDay, last: LocalDay) -> list[tuple[LocalDay, Verdict]]:
    rows = (row for _, row in storage.frames("daily_score", first, last).iterrows())
    judged = ((LocalDay.parse(str(row["day"]), storage.timezone), Verdict.from_row(row)) for row in rows)
    return [(day, verdict) for day, verdict in judged if verdict is not None]


def is_bad(verdict: Verdict) -> bool:
    """Whether a verdict failed for the forecasts, and not for the model's age alone."""
    compared = "rmse" in verdict.figures
    return not verdict.passed and not (compared and relation_to_same_hour(verdict.figures) != "above")


def chapters(storage: ChatStorage, first: LocalDay, last: LocalDay) -> list[Chapter]:
    """What happened from one day to another, from what is stored: the good nights, those that were not, and so on."""
    skill = storage.frames("daily_score", first, last).set_index("day")["skill"].astype("float64")
    trained = {day.key for day in storage.days("trained_model")}
    told = []
    for bad, group in groupby(_verdicts(storage, first, last), key=lambda judged: is_bad(judged[1])):
        nights = list(group)
        days = [day.key for day, _ in nights]
        told.append(
            Chapter(
                nights[0][0],
                nights[-1][0],
                is_good=not bad,
                nights=len(days),
                skill=float(skill[days].mean()),
                trainings=len(trained.intersection(days)),
                reason=nights[0][1].reason,
            )
        )
    return told
