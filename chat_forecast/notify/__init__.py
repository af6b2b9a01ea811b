"""Telling people: a digest after each forecast, and alerts, through any service of Apprise.

Belongs here: looking at the state of the chats, remembering what was told, and sending.
Does not belong here: what is news and its words (:mod:`chat_forecast.core.news`), or when it is looked for
(:mod:`chat_forecast.sensors`, :mod:`chat_forecast.cli`).
"""

from chat_forecast.notify.delivery import Service, services_of
from chat_forecast.notify.ledger import Ledger, LedgerError
from chat_forecast.notify.telling import Telling, Told

__all__ = ["Ledger", "LedgerError", "Service", "Telling", "Told", "services_of"]
