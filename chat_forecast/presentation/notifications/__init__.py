"""Telling people: a digest after each forecast, and alerts, through any service of Apprise.

Belongs here: looking at the state of the chats, remembering what was told, and sending.
Does not belong here: when it is looked for (:mod:`chat_forecast.pipeline.sensors`).
"""

from chat_forecast.presentation.notifications.delivery import Service, services_of
from chat_forecast.presentation.notifications.ledger import Ledger, LedgerError
from chat_forecast.presentation.notifications.notifier import Telling, Told

__all__ = ["Ledger", "LedgerError", "Service", "Telling", "Told", "services_of"]
