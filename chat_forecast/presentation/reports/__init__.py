"""A page about each chat: one HTML file that needs no network and can be sent to somebody.

Belongs here: gathering what the page says, its words in every language, its charts, its file, and serving the files.
Does not belong here: computing what the pipeline stores.
"""

from chat_forecast.presentation.reports.publish import Reports

__all__ = ["Reports"]
