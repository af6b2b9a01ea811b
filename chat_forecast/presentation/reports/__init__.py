"""A page about each chat: one HTML file that needs no network and can be sent to somebody.

Belongs here: gathering what the page says (:mod:`.facts`), its charts and sections, and its file (:mod:`.publish`).
Does not belong here: computing what the pipeline stores, its phrases (:mod:`chat_forecast.presentation.phrases`), or serving
the files (:mod:`chat_forecast.app.report_server`).

What makes a page needs the extra ``report`` and is imported only while one is made (:mod:`.requirements`).
"""

from chat_forecast.presentation.reports.publish import Reports
from chat_forecast.presentation.reports.requirements import ReportUnavailable

__all__ = ["ReportUnavailable", "Reports"]
