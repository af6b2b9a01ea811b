"""A Telegram on 127.0.0.1, for tests: the unmodified ``TelegramClient`` talks to it over a real socket.

``wire``: one connection: frames, handshake, encryption, containers, acknowledgements. ``world``: accounts, chats, messages
and what each request is answered. ``faults``: what can go wrong on the way. ``server``: all of it in a thread of its own.

What a loopback cannot prove, and only an evening with a real account can:

- whether Telegram counts a message sent in the very second of ``offset_date`` to the one side or the other: here it is
  exclusive, as documented; the reader therefore begins a minute early, ends a minute late, and cuts by date itself;
- how much Telegram lets one read before it asks to wait, and for how long: here waits come when a test plans them;
- that Telegram counts ``add_offset`` in just the entries that it gives, deleted ones and all, and whether it limits it: the
  reader's count check goes back by up to 1000 entries; where it does not add up, a stretch is read twice, said, and taken;
- that the clock in ``updates.getState`` is the one by which messages are dated;
- faults that both ends share, since both speak through Telethon's own schema: a field that Telegram fills differently, a
  page shorter than asked, dates out of the order of the ids, a message type of tomorrow;
- data centres: a login that Telegram sends elsewhere (``PHONE_MIGRATE``), and media, are never seen here;
- what ``migrated_from_chat_id``, hidden history and ``available_min_id`` look like in all groups that there are;
- how long a dropped, duplicated or revoked session takes to be noticed: here the very next request tells.
"""

from chat_forecast_tests.loopback.faults import (
    drop_after,
    drop_before,
    drop_in,
    duplicate,
    empty_page,
    error,
    flood,
    only_deleted,
    silent,
    slow,
    transport_error,
    unknown_constructor,
)
from chat_forecast_tests.loopback.server import LoopbackTelegram
from chat_forecast_tests.loopback.world import Account, LoopbackChat, World

__all__ = [
    "Account",
    "LoopbackChat",
    "LoopbackTelegram",
    "World",
    "drop_after",
    "drop_before",
    "drop_in",
    "duplicate",
    "empty_page",
    "error",
    "flood",
    "only_deleted",
    "silent",
    "slow",
    "transport_error",
    "unknown_constructor",
]
