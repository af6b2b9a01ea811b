"""The page's charts as Vega-Lite specifications, made with Altair.

Belongs here: what is drawn, and how: single days (:mod:`.days`), the last 30 days (:mod:`.month`), the history and the week
(:mod:`.history`), over what all share (:mod:`.axes`).
Does not belong here: the numbers (:mod:`..facts`), the page around a chart (:mod:`..sections`).

Colours are the page's own CSS variables, so that a chart follows the page into the dark theme and onto paper without
being drawn again. Times are drawn as what the chat's clocks show, whatever zone the reader is in. Marks are hidden from
screen readers, which get the chart's description and the table below it.
"""
