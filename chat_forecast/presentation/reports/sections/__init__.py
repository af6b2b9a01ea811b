"""The sections of the page: which sentences, tables and charts stand in each.

Belongs here: one module a section or a few small ones, each with ``section`` functions for what the template shows, and
``charts`` functions for the charts that have something to show, with their descriptions for screen readers.
Does not belong here: the numbers (:mod:`..facts`), the phrases (:mod:`chat_forecast.presentation.phrases`), how a chart is
drawn (:mod:`..charts`).
"""

from typing import Any

from chat_forecast.presentation.reports.charts.grammar import Spec

Row = list[str]
"""The cells of a table's row."""
Context = dict[str, Any]
"""What the template of a section needs."""
Drawn = dict[str, tuple[Spec, str]]
"""Name of a chart -> the chart, and its description."""

LEAST_DRAWN = 0.5
"""Where fewer messages are expected and none came, a chart would be an empty frame."""
