"""The part of a chat's page that is about the day that is not over: only the server that gives the page out puts it in.

Belongs here: the section, and its place in a page.
Does not belong here: looking at the day (:mod:`chat_forecast.pipeline.watching`), or serving
(:mod:`chat_forecast.app.report_server`).

A page as a file says what was known at a night's end and is the same wherever it is opened. Served, it has this section, and
is asked for again every minute.
"""

import jinja2

from chat_forecast.forecasting.known_events import KnownEvent
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.drawings import today_bars
from chat_forecast.presentation.reports.html import TEMPLATES
from chat_forecast.presentation.today import Look

PLACE = b"<!-- the day that is not over -->"
"""Where the section goes."""
PLACE_IN_CONTENTS = b"<!-- the line of the day that is not over -->"
"""Where the page's contents name it; pages of earlier versions have none."""
HEAD = b"</title>"
REFRESH = b'</title>\n<meta http-equiv="refresh" content="60">'


def with_live_section(page: bytes, look: Look, phrases: Phrases) -> bytes:
    """A chat's page with the section about its day, which is asked for again every minute; as it is if it has no place."""
    if PLACE not in page:
        return page
    line = f'<li><a href="#today">{phrases("contents.today")}</a></li>'.encode()
    named = page.replace(HEAD, REFRESH, 1).replace(PLACE_IN_CONTENTS, line, 1)
    return named.replace(PLACE, live_section(look, phrases).encode(), 1)


def live_section(look: Look, phrases: Phrases) -> str:
    """The section as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    day = look.today.plan.day.date
    sentences = _sentences(look, phrases)
    return environment.get_template("today.html.jinja").render(
        phrases=phrases,
        title=phrases("today.title", day=phrases.date(day, "full")),
        sentences=sentences,
        events=[_event(event, phrases) for event in look.events],
        is_alarming=bool(look.alarm),
        drawing=today_bars(look.today.table, sentences[0]),
        has_forecast=look.total is not None,
    )


def _sentences(look: Look, phrases: Phrases) -> list[str]:
    if look.read_until is None:
        return [phrases("today.unread")]
    said = [phrases.count("today.lead", look.today.so_far, time=f"{look.read_until:%H:%M}")]
    if look.total is None or look.usual is None:
        return [*said, phrases("today.none")]
    expected, low, high = (round(part) for part in look.total)
    return [*said, phrases("today.total", expected=expected, low=low, high=high, midnight=round(look.usual))]


def _event(event: KnownEvent, phrases: Phrases) -> str:
    key = f"today.{event.kind}_{'over' if event.is_over else 'on'}"
    day, expected = phrases.date(event.begin.date(), "day"), phrases.about(event.expected)
    span = {"from": f"{event.begin:%H:%M}", "to": f"{event.end:%H:%M}"}
    return phrases.count(key, event.messages, day=day, expected=expected, **span)
