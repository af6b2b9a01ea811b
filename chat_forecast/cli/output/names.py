"""How a chat is named in tables and sentences.

Belongs here: the chat's name as people see it.
Does not belong here: anything else that is printed.
"""

from chat_forecast.presentation.phrases import name_chat
from chat_forecast.settings.models import Chat


def shown_name(chat: Chat) -> str:
    """The chat's name, marked where the chat is simulated."""
    return name_chat(chat.slug, is_simulated=chat.is_simulated)
