"""The page's charts as Vega-Lite specifications: what Vega-Embed draws in the browser.

Belongs here: what is drawn, and how: single days (:mod:`.days`), the last 30 days (:mod:`.month`), the history and the week
(:mod:`.history`), of what all share (:mod:`.grammar`, :mod:`.axes`).
Does not belong here: the numbers (:mod:`..facts`), the page around a chart (:mod:`..sections`).

They are written as what they are, nested dictionaries: a library that makes them takes longer to be loaded and to check them
than the rest of a page takes to be made. The tests hold each against the schema of Vega-Lite.

Colours are the page's own CSS variables, so that a chart follows the page into the dark theme and onto paper without
being drawn again. Times are drawn as what the chat's clocks show, whatever zone the reader is in. Marks are hidden from
screen readers, which get the chart's description and the table below it.
"""
