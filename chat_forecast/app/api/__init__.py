"""What programs read of the chats from the report server: JSON answers, and metrics for Prometheus.

Belongs here: the answers (:mod:`.answers`) and their schema (:mod:`.models`), the metrics
(:mod:`.metrics`), who may read them (:mod:`.access`).
Does not belong here: the server itself (:mod:`chat_forecast.app.report_server`). Nothing can be changed through it.
"""
