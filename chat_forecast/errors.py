"""The base of every error that a person can fix."""


class ChatForecastError(Exception):
    """Something a user can put right; the message names the thing, what was found, and what to do."""
