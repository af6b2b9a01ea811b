"""Live messages from Telegram, through Telethon and a user's own session.

``credentials``: what comes from the environment. ``session``: the login as a file, and who may use it. ``chat_names``: how a
person may name a chat. ``peers``: which chat a slug means. ``faults``: what can go wrong, and what to do. ``connection``:
asking Telegram one thing. ``history``: a window of a chat's history, complete. ``reading``: its days, in pieces. ``source``:
days, as every source gives them. ``account``: logging in and out, the list of chats.

Belongs here: everything that knows Telethon, which is imported inside functions alone.
Does not belong here: what a person is asked, and what is printed (:mod:`chat_forecast.cli.telegram`).
"""
