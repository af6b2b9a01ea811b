"""The words of Vega-Lite that the charts use: marks, fields, layers, and the frame of a specification.

Belongs here: pieces of a specification, as JSON knows them, in the page's colours and type.
Does not belong here: what any chart shows, or axes that several share (:mod:`.axes`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat_forecast.presentation.phrases.catalogue import Phrases

Spec = dict[str, Any]

BAND = "var(--band)"
INNER_BAND = "var(--band-inner)"
EXPECTED = "var(--expected)"
ACTUAL = "var(--actual)"
BEFORE = "var(--before)"
COUNT = "var(--count)"
MISSING = "var(--missing)"
CHANGED = "var(--ink-2)"
BETTER = "var(--better)"
WORSE = "var(--worse)"
HOVER = "var(--hover)"

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
ROWS = "rows"
"""The data set of a chart."""
CONFIG: Spec = {
    "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
    "autosize": {"contains": "padding", "type": "fit-x"},
    "axis": {
        "domainColor": "var(--rule)",
        "gridColor": "var(--rule)",
        "labelColor": "var(--ink-2)",
        "labelFontSize": 12,
        "tickColor": "var(--rule)",
        "titleColor": "var(--ink-2)",
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "padding": {"left": 2, "right": 8, "top": 6, "bottom": 2},
}
ZERO: Spec = {"datum": 0}
"""The lower end of a bar."""
POINTED_AT: Spec = {
    "name": "hovered",
    "select": {"type": "point", "clear": "pointerout", "on": "pointerover"},
    "views": ["hover"],
}
"""What the pointer is on, in the layer of :func:`hover`."""


def mark(kind: str, **looks: object) -> Spec:
    """A mark that says nothing to screen readers."""
    return {"type": kind, "aria": False, **looks}


def field(name: str, kind: str = "quantitative", **settings: object) -> Spec:
    """A field of the rows, with the axis and the scale along which it is drawn."""
    return dict(sorted({"field": name, "type": kind, **settings}.items()))


def layer(drawn: Spec, *, where: str = "", **encoding: object) -> Spec:
    """Marks by fields of the rows; those for which ``where`` holds, if it is given."""
    return {"mark": drawn, "encoding": encoding} | ({"transform": [{"filter": where}]} if where else {})


def hover(shown: list[Spec], x: Spec, until: str, **looks: object) -> Spec:
    """Shade what the pointer is on, from top to bottom, and show its figures; :data:`POINTED_AT` belongs to it."""
    opacity: Spec = {"condition": {"param": "hovered", "value": 1, "empty": False}, "value": 0}
    drawn = layer(mark("rect", **looks, color=HOVER), opacity=opacity, tooltip=shown, x=x, x2={"field": until})
    return {**drawn, "name": "hover"}


def tooltips(phrases: Phrases, fields: Mapping[str, str]) -> list[Spec]:
    """What the pointer shows: field of the rows -> key of its name, in the table ``hour`` if none is given."""
    keys = {name: key if "." in key else f"hour.{key}" for name, key in fields.items()}
    return [{"field": name, "title": phrases(key), "type": "nominal"} for name, key in keys.items()]


def layered(layers: Sequence[Spec], rows: list[Spec], *, height: int, parameters: Sequence[Spec], where: str = "") -> Spec:
    """A chart of layers over the same rows, the first at the bottom; of the rows those for which ``where`` holds."""
    chosen = {"transform": [{"filter": where}]} if where else {}
    body = {"layer": list(layers), "data": {"name": ROWS}, "height": height, "params": list(parameters), **chosen}
    return _framed(body, rows)


def single(drawn: Spec, rows: list[Spec], *, height: int, parameters: Sequence[Spec] = ()) -> Spec:
    """A chart of one layer."""
    chosen = {"params": list(parameters)} if parameters else {}
    return _framed({"data": {"name": ROWS}, **drawn, "height": height, **chosen}, rows)


def _framed(body: Spec, rows: list[Spec]) -> Spec:
    return {"config": CONFIG, **body, "width": "container", "$schema": SCHEMA, "datasets": {ROWS: rows}}
