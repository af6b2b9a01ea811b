"""The page: facts, words and charts put together into one HTML file.

Belongs here: what stands where, in which sentences.
Does not belong here: the numbers (:mod:`.facts`), the texts (:mod:`.words`), the charts (:mod:`.charts`), files.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from chat_forecast.domain.scoring import pooled_skill
from chat_forecast.presentation.reports import charts
from chat_forecast.presentation.reports.facts import (
    HEAT_WEEKS,
    DayRange,
    Facts,
    Tomorrow,
    TrainingNote,
    Yesterday,
    pooled_coverage,
    quietest_hours,
)
from chat_forecast.presentation.reports.phrases import Words
from chat_forecast.settings.models import Chat

TEMPLATES = Path(__file__).with_name("templates")
SECTIONS = ("tomorrow", "yesterday", "month", "history", "heat", "busiest", "ledger", "missing", "about")
LEAST_DRAWN = 0.5
"""Where fewer messages are expected and none came, a chart would be an empty frame."""
MISSING_RANGES = 12
"""So many ranges of missing days are listed, the newest ones."""
RANGES = (30, 90, 365)
Row = list[str]
Context = dict[str, Any]


@dataclass(frozen=True)
class IndexEntry:
    """A chat on the index page."""

    chat: Chat
    tomorrow: Tomorrow | None
    pages: Sequence[Mapping[str, str]]
    """``file``, ``language`` and the language's ``name``; the chat's own language first."""


def report_page(facts: Facts, words: Words, *, library: str, state: str) -> str:
    """The page of a chat; ``library`` is the charts' JavaScript, ``state`` tells what the page was made from."""
    drawn = _charts(facts, words)
    data = {
        "charts": drawn,
        "numbers": words.number_locale,
        "times": words.time_locale,
        "day": facts.tomorrow.day.key if facts.tomorrow else None,
        "zone": facts.chat.timezone,
    }
    script = _resource("page.js")
    sections: Context = {
        "tomorrow": _tomorrow(facts, words),
        "yesterday": _yesterday(facts.yesterday, words) if facts.yesterday else None,
        "month": _month(facts, words),
        "history": _history(facts, words),
        "heat": _heat(facts, words),
        "busiest": _busiest(facts, words),
        "ledger": [_training(note, words) for note in facts.trainings],
        "missing": _missing(facts, words),
        "about": _about(facts, words),
    }
    return _render(
        "report.html.jinja",
        words,
        [library, script] if drawn else [script],
        chat=facts.chat,
        is_simulated=facts.chat.source == "simulated",
        state=state,
        contents=[(name, words(f"contents.{name}")) for name in SECTIONS if sections[name] is not None],
        drawn=set(drawn),
        charts=_in_script(data),
        library=_raw(library),
        script=_raw(script),
        ledger_earlier=_earlier(facts, words),
        made_by=_made_by(facts, words),
        **sections,
    )


def index_page(entries: Sequence[IndexEntry], words: Words) -> str:
    """The page that leads to every chat's."""
    shown = []
    for entry in entries:
        forecast = words("index.no_forecast")
        if entry.tomorrow:
            messages = words.count("index.messages", round(entry.tomorrow.expected))
            forecast = words("index.expected", day=words.date(entry.tomorrow.day.date, "full"), messages=messages)
        shown.append({"chat": entry.chat, "pages": entry.pages, "forecast": forecast})
    return _render("index.html.jinja", words, [], entries=shown)


def _charts(facts: Facts, words: Words) -> dict[str, charts.Spec]:
    """The charts that have something to show, by name, each with its description for screen readers."""
    drawn: dict[str, tuple[charts.Spec, str]] = {}
    if facts.tomorrow and facts.tomorrow.expected >= LEAST_DRAWN:
        about = words("tomorrow.chart", day=words.date(facts.tomorrow.day.date), summary=_lead(facts.tomorrow, words))
        drawn["tomorrow"] = charts.tomorrow(words, facts.tomorrow), about
    if facts.yesterday and _is_worth_drawing(facts.yesterday):
        summary = " ".join(_yesterday_sentences(facts.yesterday, words))
        about = words("yesterday.chart", day=words.date(facts.yesterday.day.date), summary=summary)
        drawn["yesterday"] = charts.yesterday(words, facts.yesterday), about
    if _is_scored(facts) and (facts.scores["messages"].sum() or facts.scores["expected_total"].sum() >= LEAST_DRAWN):
        summary = _month_summary(facts.scores, words)
        drawn["month-totals"] = charts.month_totals(words, facts.scores), words("month.daily_chart", summary=summary)
        drawn["month-skill"] = charts.month_skill(words, facts.scores), words("month.skill_chart", summary=summary)
    if facts.has_history:
        first, last = facts.days["day"].iloc[0], facts.days["day"].iloc[-1]
        summary = words("history.summary", mean=words.about(float(facts.read["messages"].mean())))
        drawn["history"] = charts.history(words, facts.days), words("history.chart", first=first, last=last, summary=summary)
        if len(facts.days) > charts.OVERVIEW_FROM_DAYS:
            drawn["overview"] = charts.overview(words, facts.days), words("history.overview")
    if facts.has_week:
        drawn["heat"] = charts.heat(words, facts), words("heat.chart", summary=_busiest_hour(facts, words))
    return {name: {**spec, "description": about} for name, (spec, about) in drawn.items()}


def _tomorrow(facts: Facts, words: Words) -> Context:
    coming = facts.tomorrow
    if coming is None:
        text = words("tomorrow.none") if facts.last_day else words("page.no_data")
        return {"title": words("contents.tomorrow"), "sentences": [text], "rows": []}
    hours = coming.hours
    rows = [
        [
            charts.clock_hour(hours["hour"], coming.day, place),
            words.about(row["expected"]),
            words("hour.interval", low=row["q25"], high=row["q75"]),
            words("hour.interval", low=row["q10"], high=row["q90"]),
            _count(row["week_before"], words),
        ]
        for place, row in enumerate(hours.to_dict("records"))
    ]
    method, through = str(hours["forecaster"].iloc[0]), date.fromisoformat(str(hours["trained_through"].iloc[0]))
    return {
        "title": words("tomorrow.title", day=words.date(coming.day.date, "full")),
        "sentences": _tomorrow_sentences(coming, words),
        "headings": [words(f"hour.{name}") for name in ("name", "expected", "half", "most", "week_before")],
        "rows": rows,
        "model": words("tomorrow.model", method=method, day=words.date(through)),
    }


def _tomorrow_sentences(coming: Tomorrow, words: Words) -> list[str]:
    """The forecast in words."""
    said = [_lead(coming, words)]
    if coming.expected < LEAST_DRAWN:
        return [*said, words("tomorrow.silent")]
    hours = coming.hours
    spans = [charts.clock_hour(hours["hour"], coming.day, place).split("–") for place in range(len(hours))]
    busiest = hours.iloc[int(hours["expected"].to_numpy().argmax())]
    begin, end = spans[int(hours["expected"].to_numpy().argmax())]
    low, high = float(busiest["q10"]), float(busiest["q90"])
    expected = words.about(busiest["expected"])
    said.append(words("tomorrow.busiest", **{"from": begin}, to=end, expected=expected, low=low, high=high))
    place = quietest_hours(hours["expected"].tolist())
    quiet = words.about(float(hours["expected"].iloc[place : place + 4].sum()))
    said.append(words("tomorrow.quietest", **{"from": spans[place][0]}, to=spans[place + 3][1], expected=quiet))
    if coming.week_before:
        change = coming.expected / coming.week_before - 1
        key = "same" if abs(change) < 0.03 else "more" if change > 0 else "fewer"
        day = words.date(coming.day.plus(-7).date)
        said.append(words(f"tomorrow.{key}", percent=words.percent(abs(change)), messages=coming.week_before, day=day))
    return said


def _lead(coming: Tomorrow, words: Words) -> str:
    return words.count("tomorrow.lead", round(coming.expected))


def _yesterday(day: Yesterday, words: Words) -> Context:
    title = words("yesterday.title", day=words.date(day.day.date, "full"))
    legend = [("count", words("hour.messages"))]
    headings = [words("hour.name"), words("hour.actual")]
    if day.has_forecast:
        legend = [("actual", words("hour.actual")), ("expected", words("hour.expected"))]
        legend += [("inner", words("hour.half")), ("band", words("hour.most"))]
        headings += [words("hour.expected"), words("hour.most"), words("hour.widest")]
        if len(day.unusual):
            legend.append(("unusual", words("yesterday.unusual")))
    if day.is_read and day.hours["messages"].isna().any():
        legend.append(("missing", words("hour.missing")))
    rows: list[Row] = []
    for place, row in enumerate(day.hours.to_dict("records")):
        known = [words("hour.missing") if pd.isna(row["messages"]) else _count(row["messages"], words)]
        forecast = (
            [
                words.about(row["expected"]),
                words("hour.interval", low=row["q10"], high=row["q90"]),
                words("hour.interval", low=row["q01"], high=row["q99"]),
            ]
            if day.has_forecast
            else []
        )
        rows.append([charts.clock_hour(day.hours["hour"], day.day, place), *known, *forecast])
    unusual = None
    if day.is_read and day.has_forecast:
        unusual = [
            words.count(
                "yesterday.unusual_hour",
                int(row["messages"]),
                hour=f"{row['hour']:%H:%M}",
                expected=words.about(row["expected"]),
            )
            for row in day.unusual.to_dict("records")
        ]
    return {
        "title": title,
        "sentences": _yesterday_sentences(day, words),
        "legend": legend,
        "headings": headings,
        "rows": rows if day.is_read else [],
        "unusual": unusual,
    }


def _yesterday_sentences(day: Yesterday, words: Words) -> list[str]:
    if not day.is_read:
        return [words("yesterday.not_read")]
    score = day.score
    came = words.count("yesterday.lead", int(score["messages"]))
    missing = int(score["hours_missing"])
    partly = [words.count("yesterday.partly", missing)] if missing else []
    if not day.has_forecast:
        return [f"{came}.", *partly, words("yesterday.no_forecast")]
    said = [words.listed([came, words("yesterday.against", expected=words.about(score["expected_total"]))]), *partly]
    if not _is_worth_drawing(day):
        return [*said, words("yesterday.silent")]
    said.append(words("yesterday.in_band", share=words.percent(score["coverage_80"])))
    if score["skill"] is not None:
        key = "better" if score["skill"] >= 0 else "worse"
        said.append(words(f"yesterday.{key}", percent=words.percent(abs(score["skill"]))))
    return said


def _is_worth_drawing(day: Yesterday) -> bool:
    expected = float(day.hours["expected"].sum()) if day.has_forecast else 0.0
    return day.is_read and (bool(day.hours["messages"].sum()) or expected >= LEAST_DRAWN)


def _is_scored(facts: Facts) -> bool:
    return len(facts.scores) > 0


def _month(facts: Facts, words: Words) -> Context:
    scores = facts.scores
    if not _is_scored(facts):
        return {"lead": words("month.none"), "figures": None}
    columns = ["day", "messages", "expected_total", "skill", "coverage_80"]
    rows = [
        [
            words.date(date.fromisoformat(row["day"])),
            _count(row["messages"], words),
            words.about(row["expected_total"]),
            "–" if pd.isna(row["skill"]) else words.percent(row["skill"], signed=True),
            words.percent(row["coverage_80"]),
        ]
        for row in scores[columns].to_dict("records")
    ]
    came = int(scores["messages"].sum())
    return {
        "lead": words.count("month.lead", len(scores)),
        "figures": [
            (words("month.skill"), _skill(pooled_skill(scores), words), words("month.skill_note")),
            (words("month.coverage"), _share(pooled_coverage(scores), words), words("month.coverage_note")),
            (
                words("month.total"),
                words.about(float(scores["expected_total"].sum())),
                words("month.total_note", messages=came),
            ),
        ],
        "headings": [
            words("month.day"),
            words("hour.messages"),
            words("hour.expected"),
            words("month.skill"),
            words("month.coverage"),
        ],
        "rows": rows,
    }


def _month_summary(scores: pd.DataFrame, words: Words) -> str:
    skill, coverage = _skill(pooled_skill(scores), words), _share(pooled_coverage(scores), words)
    return words("month.summary", skill=skill, coverage=coverage)


def _history(facts: Facts, words: Words) -> Context:
    if not facts.has_history:
        return {"lead": words("history.none")}
    days = facts.days
    month = pd.PeriodIndex(pd.to_datetime(days["day"]), freq="M")
    rows: list[Row] = []
    for _, group in days.groupby(month, sort=True):
        read = group["messages"].dropna()
        mean = words.about(float(read.mean())) if len(read) else "–"
        rows.append(
            [words.month(group["day"].iloc[0]), words.number(read.sum()), mean, words.number(len(group) - len(read))]
        )
    legend = [("count", words("history.daily")), ("expected", words("history.mean"))]
    if facts.missing:
        legend.append(("missing", words("history.missing")))
    first, last = days["day"].iloc[0], days["day"].iloc[-1]
    return {
        "lead": f"{words.count('history.lead', facts.messages)} {words('history.span', first=first, last=last)}",
        "legend": legend,
        "ranges": [
            *((number, words.count("history.days", number)) for number in RANGES if number < len(days)),
            ("", words("history.all")),
        ],
        "headings": [words(f"history.{name}") for name in ("month",)]
        + [words("hour.messages"), words("history.per_day"), words("history.days_missing")],
        "rows": rows,
    }


def _heat(facts: Facts, words: Words) -> Context:
    if not facts.has_week:
        return {"lead": words("heat.none", weeks=HEAT_WEEKS)}
    table = facts.heat.pivot_table(index="hour", columns="weekday", values="mean")
    names = {number: name for number, name in words.weekdays().items() if number in table.columns}
    rows = [
        [f"{hour:02d}:00", *("–" if pd.isna(row[number]) else words.about(row[number]) for number in names)]
        for hour, row in table.iterrows()
    ]
    return {
        "lead": f"{words('heat.lead', weeks=HEAT_WEEKS)} {_busiest_hour(facts, words)}",
        "ramp": f"{words('heat.least')} – {words.about(float(facts.heat['mean'].max()))}",
        "headings": [words("hour.name"), *names.values()],
        "rows": rows,
    }


def _busiest_hour(facts: Facts, words: Words) -> str:
    row = facts.heat.iloc[int(facts.heat["mean"].to_numpy().argmax())]
    weekday = words.weekdays()[int(row["weekday"])]
    return words("heat.summary", weekday=weekday, hour=f"{row['hour']:02.0f}:00", mean=words.about(row["mean"]))


def _busiest(facts: Facts, words: Words) -> list[Row]:
    rows: list[Row] = []
    for row in facts.busiest.to_dict("records"):
        is_usual_known = not pd.isna(row["usual"]) and row["usual"] > 0
        times = (
            words("busiest.times_value", times=words.number(row["messages"] / row["usual"], 1)) if is_usual_known else "–"
        )
        rows.append([words.date(row["day"], "full"), words.number(row["messages"]), times])
    return rows


def _training(note: TrainingNote, words: Words) -> Row:
    why = [words("ledger.first")] if note.is_first else []
    if note.has_no_forecast:
        why.append(words("ledger.no_forecast"))
    if note.rmse is not None and note.simple_rmse is not None:
        why.append(words("ledger.rmse", rmse=words.number(note.rmse, 2), simple=words.number(note.simple_rmse, 2)))
    if note.age_days is not None:
        why.append(words.count("ledger.age", note.age_days))
    if note.smape is not None:
        why.append(words("ledger.smape", smape=words.number(note.smape, 2)))
    if note.method_before is None:
        changed = [words("ledger.method_new", method=note.method)]
    elif note.method_before == note.method:
        changed = [words("ledger.method_same", method=note.method)]
    else:
        changed = [words("ledger.method_other", method=note.method, before=note.method_before)]
    changed.append(words("ledger.data", hours=note.hours_known))
    if note.candidates:
        listed = [words("ledger.candidate", name=name, pinball=words.number(loss, 3)) for name, loss in note.candidates]
        changed.append(words("ledger.pinball", candidates=", ".join(listed)))
    unknown = words("ledger.unknown")
    before, after = (
        unknown if value is None else words.percent(value, signed=True) for value in (note.skill_before, note.skill_after)
    )
    is_first = note.skill_before is None
    brought = words("ledger.after", after=after) if is_first else words("ledger.before_after", before=before, after=after)
    if 0 < note.days_after < 7:
        brought += f" {words.count('ledger.days_so_far', note.days_after)}"
    return [words.date(note.through), " ".join(why or [words("ledger.asked")]), " ".join(changed), brought]


def _earlier(facts: Facts, words: Words) -> str | None:
    if not facts.earlier_trainings or facts.first_training is None:
        return None
    return words.count("ledger.earlier", facts.earlier_trainings, day=words.date(facts.first_training))


def _missing(facts: Facts, words: Words) -> Context:
    ranges = facts.missing[::-1]
    days = int(facts.days["messages"].isna().sum())
    partly = int((facts.read["hours_missing"] > 0).sum())
    listed = [_range(each, words) for each in ranges[:MISSING_RANGES]]
    if len(ranges) > MISSING_RANGES:
        listed.append(words.count("missing.more", len(ranges) - MISSING_RANGES))
    none = words("missing.none") if facts.last_day else words("page.no_data")
    return {
        "lead": words.count("missing.lead", days) if days else none,
        "ranges": listed,
        "partly": words.count("missing.partly", partly) if partly else None,
    }


def _range(days: DayRange, words: Words) -> str:
    first, last = days
    return words.date(first) if first == last else words("missing.range", first=first, last=last)


def _about(facts: Facts, words: Words) -> list[Row]:
    rows = [
        [words("about.chat"), facts.chat.slug],
        [words("about.source"), words(f"about.source_{facts.chat.source}")],
        [words("about.timezone"), facts.chat.timezone],
    ]
    if facts.last_day:
        span = words("about.span_value", first=facts.days["day"].iloc[0], last=facts.last_day)
        rows += [
            [words("about.span"), span],
            [words("about.messages"), words.number(facts.messages)],
            [words("about.days_read"), words.number(len(facts.read))],
        ]
    return rows


def _made_by(facts: Facts, words: Words) -> str | None:
    if facts.last_day is None:
        return None
    day = words.date(facts.last_day)
    return words("page.made_by", version=version("chat_forecast"), day=day, timezone=facts.chat.timezone)


def _skill(value: float | None, words: Words) -> str:
    return "–" if value is None else words.percent(value, signed=True)


def _share(value: float | None, words: Words) -> str:
    return "–" if value is None else words.percent(value)


def _count(value: float, words: Words) -> str:
    return "–" if pd.isna(value) else words.number(value)


def _render(template: str, words: Words, scripts: Sequence[str], **context: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False
    )
    style = _resource("page.css")
    allowed = " ".join(_source_hash(script) for script in scripts) or "'none'"
    # Nothing may be fetched, and no script may run but those written here.
    policy = "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "style-src 'unsafe-inline'",  # the charts set styles of single elements
            f"script-src {allowed}",
        ]
    )
    return environment.get_template(template).render(w=words, style=_raw(style), policy=policy, **context) + "\n"


def _source_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _in_script(data: object) -> Markup:
    """JSON that can stand in a script element whatever its texts hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _raw(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _raw(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - the package's own files, and JSON made safe above


def _resource(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
