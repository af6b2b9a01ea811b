"""What can go wrong with Telegram: what happened, and what to do.

Belongs here: the errors, and the words for those that Telethon raises. Texts of messages never get into them.
Does not belong here: when a request is tried again (:mod:`.connection`).
"""

from datetime import UTC, datetime, timedelta

from chat_forecast.sources.base import SourceAsksToWait, SourceError

AGAIN = "The day stays missing, and a later backfill fills it."
LOG_IN = "Log in again: chat-forecast login"


class TelegramError(SourceError):
    """Telegram cannot be asked, or does not answer as it should."""

    name = ""
    """The error of Telethon's that it explains, by the name of its class."""


class SessionLost(TelegramError):
    """The login is no longer one."""


class ChatUnreadable(TelegramError):
    """The account cannot read the chat."""


class TelegramAsksToWait(TelegramError, SourceAsksToWait):
    """Telegram wants to be asked again later, in more time than a step may take."""

    def __init__(self, chat: str, seconds: float, now: datetime | None = None) -> None:
        self.seconds = seconds
        until = (now or datetime.now(UTC)) + timedelta(seconds=seconds)
        super().__init__(
            f"{chat}: Telegram asks to wait {seconds:.0f} s, until {until:%Y-%m-%d %H:%M:%S} UTC. What was read until now "
            "is kept; go on after that time."
        )


class ReadTooLong(TelegramError):
    """A read took longer than it may."""


class ReadGoesOn(TelegramError, SourceAsksToWait):
    """There is more to read than one read may take; the next one goes on where this one was."""

    seconds = 60.0

    def __init__(self, what: str, read_seconds: float) -> None:
        super().__init__(
            f"{what}: there is more to read than {read_seconds:g} s allow. What was read until now is kept; the rest is "
            "read next."
        )


_LOST = {
    "AuthKeyDuplicatedError": (
        "the session was used from two places at once, and Telegram has ended it for good. Give each machine a login of "
        "its own"
    ),
    "AuthKeyUnregisteredError": "the session was logged out, here or on another device (Settings, Devices)",
    "AuthKeyInvalidError": "Telegram does not know the session's key",
    "AuthKeyPermEmptyError": "the session has no key that Telegram knows",
    "AuthKeyNotFound": "Telegram does not know the session's key: it was logged out long ago, or the file is another's",
    "SessionExpiredError": "the session has expired",
    "SessionRevokedError": "the session was ended on another device (Settings, Devices)",
    "UserDeactivatedError": "the account was deleted",
    "UserDeactivatedBanError": "the account was banned by Telegram",
}
_UNREADABLE = {
    "ChannelPrivateError": (
        "the chat is private, and the account is not (or no longer) a member of it. Join it again with that account, or "
        "choose another one"
    ),
    "ChannelInvalidError": (
        "the account does not know the chat. If you logged in as somebody else, add it again: chat-forecast add"
    ),
    "ChannelBannedError": "the account was banned from the chat",
    "ChatForbiddenError": "the account was removed from the group. Join it again, or choose another account",
    "ChatIdInvalidError": "the account does not know the group, or was never in it. Add it again: chat-forecast add",
    "ChatRestrictedError": "Telegram restricts the chat",
    "PeerIdInvalidError": "the account does not know the chat, or was never in it. Add it again: chat-forecast add",
    "UserBannedInChannelError": "the account was banned from the chat",
    "InviteHashExpiredError": "the invite link has expired. Ask for a new one, join with it, then add the chat",
    "InviteHashInvalidError": "the invite link is none. Copy it whole: https://t.me/+…",
    "InviteHashEmptyError": "the invite link is not whole. Copy it whole: https://t.me/+…",
    "UsernameNotOccupiedError": "nobody has that username",
    "UsernameInvalidError": "that is no username: expected 5 to 32 letters, digits and _",
    "BotMethodInvalidError": (
        "the session is a bot's, and bots cannot read a chat's history. Log in as a person: chat-forecast login"
    ),
}
_OTHERS = {
    "ApiIdInvalidError": "api_id and api_hash do not belong together. Copy both from https://my.telegram.org",
    "ApiIdPublishedFloodError": "this api_id was published and is blocked. Make one of your own at https://my.telegram.org",
    "PhoneNumberInvalidError": "that is no phone number that Telegram knows. Write it with + and the country's code",
    "PhoneNumberBannedError": "Telegram has banned this phone number. Write to recover@telegram.org, or use another account",
    "PhoneNumberFloodError": "too many codes were asked for with this number. Try again tomorrow",
    "PhoneNumberUnoccupiedError": "nobody uses Telegram with this number. Sign up in Telegram's own app first",
    "PhonePasswordFloodError": "too many wrong passwords. Try again tomorrow",
    "PhoneCodeInvalidError": "that is not the code",
    "PhoneCodeEmptyError": "that is not the code",
    "PhoneCodeExpiredError": "the code has expired, perhaps because it was sent on to somebody. Begin again",
    "PasswordHashInvalidError": "that is not the two-step password",
    "TypeNotFoundError": (
        "Telegram sent something that this version of Telethon does not know. Update it: pip install -U telethon"
    ),
    "AccessTokenInvalidError": "that is a bot's token, and bots cannot read a chat's history. Log in with a phone number",
}


def explain(error: BaseException, what: str) -> TelegramError:
    """Say what an error of Telethon means; ``what`` names the chat, or what was to be done.

    The error's own text is left out where it can hold parts of messages.
    """
    name = type(error).__name__
    explained = _explained(error, name, what)
    explained.name = name
    return explained


def _explained(error: BaseException, name: str, what: str) -> TelegramError:
    if name in _LOST:
        return SessionLost(f"{what}: {_LOST[name]}. {LOG_IN}. {AGAIN}")
    if name in _UNREADABLE:
        return ChatUnreadable(f"{what}: {_UNREADABLE[name]}. {AGAIN}")
    if name in _OTHERS:
        return TelegramError(f"{what}: {_OTHERS[name]}.")
    code = getattr(error, "code", None)
    found = f"Telegram answers {getattr(error, 'message', None) or name}" if code else f"it ended with {name}"
    return TelegramError(f"{what}: {found}, which is not known here. {AGAIN}")
