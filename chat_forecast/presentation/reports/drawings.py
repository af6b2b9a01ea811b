"""Drawings of the page that need no script: SVG with the page's own colours, which follow its theme.

Belongs here: the calendar of a year, the bars of a day that is not over, the intervals of a week.
Does not belong here: charts that people point at (:mod:`.charts`), or phrases: they are handed in.

Nothing here says anything to who cannot see it: beside each drawing stand sentences or a table.
"""

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

CELL, GAP = 13, 3
LEVELS = 4
WIDTH, HEIGHT, HEAD, FOOT, SIDE = 720, 198, 8, 22, 34
"""The upper margin is half of a number's height."""


def calendar(counts: Mapping[date, int | None], months: Mapping[int, str], label: str, said: Mapping[date, str]) -> Markup:
    """A year of days, a column a week: the darker the more messages; a day that was not read is hollow.

    ``counts`` has ascending days, None where not read; ``said`` is what each says when it is pointed at.
    """
    days = list(counts)
    known = sorted(count for count in counts.values() if count)
    first = days[0] - timedelta(days=days[0].weekday())
    cells, names, named = [], [], 0
    for day, count in counts.items():
        week, weekday = divmod((day - first).days, 7)
        x, y = week * (CELL + GAP), 16 + weekday * (CELL + GAP)
        cells.append(
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="2" class="{_level(count, known)}">'
            f"<title>{escape(said[day])}</title></rect>"
        )
        if day.day <= 7 and weekday == 0 and x - named >= 3 * (CELL + GAP):
            names.append(f'<text x="{x}" y="10">{escape(months[day.month])}</text>')
            named = x
    width = ((days[-1] - first).days // 7 + 1) * (CELL + GAP)
    return _svg(width, 16 + 7 * (CELL + GAP), label, [*names, *cells], "calendar")


def today_bars(table: pd.DataFrame, label: str) -> Markup:
    """The hours of a day that is not over: bars of messages, the 80% interval, what is expected now of the coming ones.

    ``table`` is that of :class:`~chat_forecast.forecasting.today.Today`.
    """
    has_forecast = bool(table["midnight"].notna().all())
    low = table["low"].where(table["is_coming"], table["q10"])
    high = table["high"].where(table["is_coming"], table["q90"])
    said = table.assign(low=low, high=high, mean=table["expected"].where(table["is_coming"], table["midnight"]))
    reach = float(max(high.max(), 1.0)) if has_forecast else 1.0
    most = float(table["messages"].astype("Float64").fillna(0).max())
    scale = _Scale(max(reach, min(most, 3 * max(reach, 4.0))) * 1.08, (WIDTH - SIDE) / len(table))
    parts = [part for place, row in enumerate(said.to_dict("records")) for part in _hour(scale, place, row)]
    parts += [
        f'<text x="{SIDE - 6}" y="{scale.y(value) + 4:.1f}" text-anchor="end">{value}</text>' for value in _ticks(scale.top)
    ]
    return _svg(WIDTH, HEIGHT, label, parts, "live")


@dataclass(frozen=True)
class _Scale:
    top: float
    """The count at the upper end."""
    step: float
    """The width of an hour."""

    def y(self, value: float) -> float:
        return round(HEAD + (HEIGHT - FOOT - HEAD) * (1 - min(value / self.top, 1)), 1)


def _hour(scale: _Scale, place: int, row: Mapping[Hashable, Any]) -> Iterator[str]:
    x, step, floor = SIDE + place * scale.step, scale.step, HEIGHT - FOOT
    if not pd.isna(row["mean"]):
        begin, end = scale.y(row["high"]), scale.y(row["low"])
        yield f'<rect x="{x:.1f}" y="{begin}" width="{step:.1f}" height="{max(end - begin, 1):.1f}" class="band"/>'
    if not pd.isna(row["messages"]) and row["messages"]:
        kind = "unusual" if row["unusual"] else "count" if row["is_over"] else "far"
        top = scale.y(float(row["messages"]))
        yield f'<rect x="{x + 3:.1f}" y="{top}" width="{step - 6:.1f}" height="{floor - top:.1f}" class="{kind}"/>'
    if row["unusual"] == "silent":
        yield f'<text x="{x + step / 2:.1f}" y="{floor - 4}" class="silent" text-anchor="middle">×</text>'
    if not pd.isna(row["mean"]):
        kind, y = "expected" if row["is_coming"] else "midnight", scale.y(row["mean"])
        yield f'<line x1="{x:.1f}" x2="{x + step:.1f}" y1="{y}" y2="{y}" class="{kind}"/>'
    if row["hour"].hour % 3 == 0:
        yield f'<text x="{x:.1f}" y="{HEIGHT - 6}">{row["hour"]:%H:%M}</text>'


def _level(count: int | None, known: Sequence[int]) -> str:
    """The class of a day's cell: its place among the days with messages, which ascend, in quarters."""
    if count is None:
        return "unread"
    if not count:
        return "level-0"
    below = bisect_left(known, count)
    return f"level-{1 + min(LEVELS - 1, LEVELS * below // len(known))}"


def _ticks(top: float) -> list[int]:
    step = max(1, 10 ** math.floor(math.log10(top)))
    step = step if top / step >= 3 else max(1, step // 2) if top / step >= 1.5 else max(1, step // 5)
    return list(range(0, int(top) + 1, step))


def _svg(width: float, height: float, label: str, parts: Sequence[str], kind: str) -> Markup:
    size = f' width="{width}" height="{height}"' if kind == "calendar" else ""
    opened = f'<svg class="{kind}"{size} viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
    return Markup(f"{opened}{''.join(parts)}</svg>")  # noqa: S704 - numbers and escaped texts alone
