"""Verdicts in the page's language.

Belongs here: phrasing the figures that are stored with a verdict.
Does not belong here: judging: a verdict is made once, when its score is (:mod:`chat_forecast.domain.retraining_rule`).
"""

from chat_forecast.domain.retraining_rule import Verdict, relation_to_same_hour
from chat_forecast.presentation.phrases.catalogue import UNKNOWN, Phrases


def verdict_mark(verdict: Verdict | None, phrases: Phrases) -> str:
    """Whether a score passed its check, in a word; a dash where no verdict is stored."""
    return UNKNOWN if verdict is None else phrases("verdict.passed" if verdict.passed else "verdict.failed")


def verdict_sentence(verdict: Verdict, phrases: Phrases) -> str:
    """Whether the forecasts were good enough, and why."""
    key = "verdict.good" if verdict.passed else "verdict.bad"
    return phrases(key, reasons=_joined(_reasons(verdict, phrases)))


def failed_reasons(verdict: Verdict, phrases: Phrases) -> str:
    """Why a score failed its check, as a sentence."""
    return reason_sentence(_joined(_reasons(verdict, phrases)), phrases)


def reason_sentence(reason: str, phrases: Phrases) -> str:
    """A reason as a sentence of its own."""
    said = phrases("trainings.because", reasons=reason)
    return said[:1].upper() + said[1:]


def _joined(reasons: list[str]) -> str:
    return "; ".join(reasons)


def _reasons(verdict: Verdict, phrases: Phrases) -> list[str]:
    """What a verdict found: of a failed one only what it failed for, as in its stored English reason."""
    figures = verdict.figures
    found: list[tuple[bool, str]] = []
    if "smape" in figures and "smape_threshold" in figures:
        smape, threshold = (phrases.number(figures[name], 2) for name in ("smape", "smape_threshold"))
        is_above = figures["smape"] > figures["smape_threshold"]
        key = "verdict.smape_above" if is_above else "verdict.smape_not_above"
        found.append((is_above, phrases(key, smape=smape, threshold=threshold)))
    if "rmse" in figures and "same_hour_rmse" in figures:
        rmse, simple = (phrases.number(figures[name], 2) for name in ("rmse", "same_hour_rmse"))
        relation = relation_to_same_hour(figures)
        said = phrases.count(f"verdict.rmse_{relation}", figures.get("days_compared", 1), rmse=rmse, simple=simple)
        found.append((relation == "above", said))
    if "model_age_days" in figures and "max_model_age_days" in figures:
        age, limit = figures["model_age_days"], figures["max_model_age_days"]
        found.append((age >= limit, phrases.count("verdict.age", age, limit=limit)))
    faults = [said for is_fault, said in found if is_fault]
    if found:
        return faults or [said for _, said in found]
    return [_without_figures(verdict, phrases)]


def _without_figures(verdict: Verdict, phrases: Phrases) -> str:
    """What a verdict found that compared nothing, by its stored reason; as it stands where it is another one."""
    if verdict.passed and verdict.reason.startswith("nothing to score"):
        return phrases("verdict.nothing_scored")
    for mark, key in (("withheld", "withheld"), ("without a model", "without_model"), ("no forecast", "no_forecast")):
        if not verdict.passed and mark in verdict.reason:
            return phrases(f"verdict.{key}")
    return verdict.reason
