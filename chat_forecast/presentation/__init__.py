"""From plain facts to something a person reads: plots, phrases, report pages, notifications.

Belongs here: how facts are worded, drawn and laid out, and delivering notices.
Does not belong here: finding facts out (:mod:`chat_forecast.domain`), or when anything is shown.
"""
