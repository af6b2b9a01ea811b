"""The base of every error that a person can fix."""

from chat_forecast.masking import without_secrets


class ChatForecastError(Exception):
    """Something a user can put right; the message names the thing, what was found, and what to do, but no secret."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(without_secrets(each) if isinstance(each, str) else each for each in said))
