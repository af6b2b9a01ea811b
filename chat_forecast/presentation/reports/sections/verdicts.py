"""Verdicts in the page's language.

Belongs here: phrasing the figures that are stored with a verdict.
Does not belong here: judging: a verdict is made once, when its score is (:mod:`chat_forecast.domain.retraining_rule`).
"""

from chat_forecast.domain.retraining_rule import Verdict
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
    said = phrases("trainings.because", reasons=_joined(_reasons(verdict, phrases)))
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
        is_above = figures["rmse"] > figures["same_hour_rmse"]
        key = "verdict.rmse_above" if is_above else "verdict.rmse_not_above"
        found.append((is_above, phrases.count(key, figures.get("days_compared", 1), rmse=rmse, simple=simple)))
    if "model_age_days" in figures and "max_model_age_days" in figures:
        is_old = figures["model_age_days"] >= figures["max_model_age_days"]
        key = "verdict.old" if is_old else "verdict.not_old"
        found.append((is_old, phrases.count(key, figures["model_age_days"], limit=figures["max_model_age_days"])))
    faults = [said for is_fault, said in found if is_fault]
    if found:
        return faults or [said for _, said in found]
    if figures:  # of a rule that this version does not know
        return [verdict.reason]
    return [phrases("verdict.nothing_scored" if verdict.passed else "verdict.no_forecast")]
