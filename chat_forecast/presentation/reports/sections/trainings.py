"""The section about the trainings of the model."""

from chat_forecast.presentation.phrases.catalogue import UNKNOWN, Phrases
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.facts.trainings import COMPARED_DAYS, TrainingNote
from chat_forecast.presentation.reports.sections import Context, Row
from chat_forecast.presentation.reports.sections.verdicts import failed_reasons, reason_sentence

COLUMNS = ("through", "why", "changed", "effect")


def trainings_section(facts: Facts, phrases: Phrases) -> Context:
    """The newest trainings as rows, and how many are not listed."""
    earlier = None
    if facts.earlier_trainings and facts.first_training is not None:
        earlier = phrases.count("trainings.earlier", facts.earlier_trainings, day=facts.first_training)
    return {
        "headings": [phrases(f"trainings.{name}") for name in COLUMNS],
        "rows": [_row(note, phrases) for note in facts.trainings],
        "earlier": earlier,
    }


def _row(note: TrainingNote, phrases: Phrases) -> Row:
    return [phrases.date(note.through), _why(note, phrases), _changed(note, phrases), _effect(note, phrases)]


def _why(note: TrainingNote, phrases: Phrases) -> str:
    """Why the model was trained: in the page's language where a failed verdict is stored, else the stored reason."""
    if note.verdict is not None and not note.verdict.passed:
        reason = failed_reasons(note.verdict, phrases)
    elif note.reason is not None:
        reason = reason_sentence(note.reason, phrases)
    else:
        reason = UNKNOWN if note.verdict is None else phrases("trainings.requested")
    if note.method_before is not None:
        return reason
    first = phrases("trainings.first")
    return first if reason == UNKNOWN else f"{first} {reason}"


def _changed(note: TrainingNote, phrases: Phrases) -> str:
    method = phrases.method(note.method)
    if note.method_before is None:
        changed = [phrases("trainings.method_new", method=method)]
    elif note.method_before == note.method:
        changed = [phrases("trainings.method_same", method=method)]
    else:
        changed = [phrases("trainings.method_other", method=method, before=phrases.method(note.method_before))]
    changed.append(phrases.count("trainings.data", note.hours_known))
    if note.candidates:
        listed = [
            phrases("trainings.candidate", name=phrases.method(name), pinball=phrases.number(loss, 3))
            for name, loss in note.candidates
        ]
        changed.append(phrases("trainings.pinball", candidates="; ".join(listed)))
    return " ".join(changed)


def _effect(note: TrainingNote, phrases: Phrases) -> str:
    before, after = (phrases.percent(value, signed=True) for value in (note.skill_before, note.skill_after))
    if note.skill_after is None:
        said = UNKNOWN if note.skill_before is None else phrases("trainings.effect_before", before=before)
    elif note.skill_before is None:
        said = phrases("trainings.effect_after", after=after)
    else:
        said = phrases("trainings.effect_both", before=before, after=after)
    is_going_on = note.skill_after is not None and 0 < note.days_after < COMPARED_DAYS
    return f"{said} {phrases.count('trainings.days_so_far', note.days_after)}" if is_going_on else said
