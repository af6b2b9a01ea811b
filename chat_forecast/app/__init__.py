"""Use cases: what the command line does, over all other rooms.

Belongs here: running days, serving, importing, backtesting, finding out how chats are doing.
Does not belong here: what is printed about it (:mod:`chat_forecast.cli`).
"""
