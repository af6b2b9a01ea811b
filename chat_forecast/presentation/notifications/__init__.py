"""Notifications: a digest after each forecast, and alerts, through any service of Apprise.

Belongs here: what is worth a notice (:mod:`.notices`), reading a chat's day for it (:mod:`.day_state`), sending each once
(:mod:`.notifier`, :mod:`.delivery`) and remembering that (:mod:`.ledger`).
Does not belong here: when notices are sent (:mod:`chat_forecast.pipeline.notify_sensor`), or asking Dagster about runs:
they are handed in (:mod:`.runs`).
"""

from chat_forecast.presentation.notifications.delivery import Service, services_of
from chat_forecast.presentation.notifications.ledger import Ledger, LedgerError
from chat_forecast.presentation.notifications.notifier import Notifier, Outcome
from chat_forecast.presentation.notifications.runs import ChatRuns, FailedRun

__all__ = ["ChatRuns", "FailedRun", "Ledger", "LedgerError", "Notifier", "Outcome", "Service", "services_of"]
