"""Spans of days that mean the same wherever they are used.

Belongs here: a number of days that more than one module uses in one meaning.
Does not belong here: the parameters of one method, which stand beside it.
"""

from datetime import timedelta

SAME_HOUR_DAYS = 28
"""The simple method that every forecast is compared with is the counts at the same clock hour in this many days."""

RECENT_DAYS = 56
"""What a chat is like lately: its usual day, and how far counts lie around a curve. Eight weeks hold each hour of the week
eight times."""

TRACES_DAYS = 14
"""How long what a run leaves behind is kept, beside what it stored, if nothing else is said."""

LATE_AFTER = timedelta(hours=6)
"""How long after its end a day may stay unread before it counts as late: the nightly run takes minutes, but it may have to
wait for Telegram or be retried."""
