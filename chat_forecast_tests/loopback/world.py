"""What is behind the server: accounts, chats, their messages, and what each request is answered.

Belongs here: Telegram's answers. Does not belong here: how they travel (:mod:`.wire`), and faults (:mod:`.faults`).
"""

import os
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import telethon  # noqa: F401 - before its types
from telethon import password as srp
from telethon.crypto import AuthKey
from telethon.tl import functions, types

from chat_forecast_tests.loopback.wire import GENERATOR, PRIME

DC = 2
CREATED = datetime(2020, 1, 1, tzinfo=UTC)
PUBLIC_REQUESTS = {"GetConfigRequest", "SendCodeRequest", "SignInRequest", "GetPasswordRequest", "CheckPasswordRequest"}
"""What may be asked without being logged in."""


class Refusal(Exception):
    """A request that Telegram answers with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass
class Account:
    """A user of Telegram."""

    user_id: int = 4711
    phone: str = "4915112345678"
    first_name: str = "Test"
    code: str = "12345"
    password: str | None = None
    is_bot: bool = False
    is_banned: bool = False


@dataclass
class LoopbackChat:
    """A chat and its history, ascending; ids may have holes."""

    chat_id: int
    title: str = "A group"
    kind: str = "supergroup"
    """``supergroup``, ``channel`` (posts), ``group`` (basic), or ``user`` (a person, known by ``chat_id``)."""
    access_hash: int = 77
    username: str | None = None
    invite: str | None = None
    is_member: bool = True
    migrated_to: "LoopbackChat | None" = None
    migrated_from: "LoopbackChat | None" = None
    members: int = 3
    ids: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    """Unix seconds."""
    services: set[int] = field(default_factory=set)
    """Ids of service messages."""
    albums: dict[int, int] = field(default_factory=dict)
    """Id -> the album it is a part of."""
    topics: dict[int, int] | None = None
    """Of a forum: id -> the topic it is in, where that is not General."""
    replies: dict[int, int] = field(default_factory=dict)
    """Id -> the message that it answers."""
    text: str = "words that nobody needs"

    def add(self, times: Iterable[datetime | int], *, first_id: int | None = None) -> list[int]:
        """Add messages at these instants; returns their ids."""
        next_id = first_id or (self.ids[-1] + 1 if self.ids else 1)
        seconds = [int(each.timestamp()) if isinstance(each, datetime) else each for each in times]
        new = list(range(next_id, next_id + len(seconds)))
        self.ids += new
        self.times += seconds
        return new

    def delete(self, *ids: int) -> None:
        """Leave holes."""
        for each in ids:
            place = bisect_left(self.ids, each)
            del self.ids[place], self.times[place]

    def becomes_supergroup(self, successor: "LoopbackChat") -> None:
        """Let the group migrate."""
        self.migrated_to, successor.migrated_from = successor, self

    def sender_of(self, message_id: int) -> int:
        """Who wrote a message: one of seven people."""
        return 100 + message_id % 7

    @property
    def is_group(self) -> bool:
        return self.kind == "group"

    @property
    def peer(self):
        if self.kind == "user":
            return types.PeerUser(self.chat_id)
        return types.PeerChat(self.chat_id) if self.is_group else types.PeerChannel(self.chat_id)

    @property
    def entity(self):
        """As Telegram describes it."""
        if self.kind == "user":
            return types.User(self.chat_id, access_hash=self.access_hash, first_name=self.title, username=self.username)
        photo = types.ChatPhotoEmpty()
        if self.is_group:
            successor = self.migrated_to
            return types.Chat(
                self.chat_id, self.title, photo, self.members, CREATED, 1, left=not self.is_member,
                deactivated=successor is not None,
                migrated_to=successor and types.InputChannel(successor.chat_id, successor.access_hash),
            )  # fmt: skip
        if not self.is_member and self.username is None:
            return types.ChannelForbidden(self.chat_id, self.access_hash, self.title)
        return types.Channel(
            self.chat_id, self.title, photo, CREATED, access_hash=self.access_hash, username=self.username,
            megagroup=self.kind == "supergroup", broadcast=self.kind == "channel", participants_count=self.members,
            forum=self.topics is not None or None,
        )  # fmt: skip

    def header(self, message_id: int):
        """What a message says that it replies to: its topic stands in it too, unless that is General."""
        answered, topic = self.replies.get(message_id), (self.topics or {}).get(message_id)
        if answered is None and topic is None:
            return None
        return types.MessageReplyHeader(
            forum_topic=topic is not None or None,
            reply_to_msg_id=answered or topic,
            reply_to_top_id=topic if answered and topic else None,
        )

    def message(self, place: int):
        """The message at a place in the history."""
        number, when = self.ids[place], datetime.fromtimestamp(self.times[place], UTC)
        if number in self.services:
            return types.MessageService(
                number, self.peer, date=when, action=types.MessageActionChatJoinedByLink(100),
                from_id=types.PeerUser(self.sender_of(number)),
            )  # fmt: skip
        is_post = self.kind == "channel"
        return types.Message(
            number, self.peer, date=when, message=self.text, post=is_post or None,
            from_id=None if is_post else types.PeerUser(self.sender_of(number)),
            reply_to=self.header(number), views=5 if is_post else None,
            forwards=0 if is_post else None, grouped_id=self.albums.get(number),
        )  # fmt: skip


@dataclass
class Login:
    """How far a key has come."""

    is_authorised: bool = False
    knows_code: bool = False
    phone_code_hash: str = ""
    srp_secret: int = 0


class World:
    """All that the server knows."""

    def __init__(self, account: Account | None = None, chats: Iterable[LoopbackChat] = ()) -> None:
        self.account = account or Account()
        self.chats = list(chats)
        self.now: datetime | None = None
        """The server's clock, if it is not the computer's."""
        self._keys: dict[int, AuthKey] = {}
        self._logins: dict[int, Login] = {}
        self._salts = os.urandom(8), os.urandom(8)

    # Keys.

    def key(self, key_id: int) -> AuthKey | None:
        """A known key."""
        return self._keys.get(key_id)

    def learn(self, key: AuthKey, *, is_authorised: bool = False) -> None:
        """Know a key from now on."""
        self._keys[key.key_id] = key
        self._logins.setdefault(key.key_id, Login()).is_authorised |= is_authorised

    def forget_keys(self) -> None:
        """Know no key any more."""
        self._keys.clear()

    def log_out_all(self) -> None:
        """End every session, as "terminate all other sessions" does."""
        for login in self._logins.values():
            login.is_authorised = False

    @property
    def sessions(self) -> int:
        """How many keys are logged in."""
        return sum(login.is_authorised for login in self._logins.values())

    # Answers.

    def answer(self, key: AuthKey, request):
        """What a request is answered.

        Raises:
            Refusal: an error.
        """
        login = self._logins[key.key_id]
        if not login.is_authorised and type(request).__name__ not in PUBLIC_REQUESTS:
            raise Refusal(401, "AUTH_KEY_UNREGISTERED")
        handler = HANDLERS.get(type(request))
        if handler is None:
            raise NotImplementedError(f"the loopback knows no {type(request).__name__}")
        return handler(self, login, request)

    def time(self) -> datetime:
        """The server's clock."""
        return (self.now or datetime.now(UTC)).replace(microsecond=0)

    def me(self) -> types.User:
        """The account as Telegram describes it."""
        account = self.account
        return types.User(
            account.user_id, is_self=True, access_hash=1, first_name=account.first_name, phone=account.phone,
            bot=account.is_bot or None, bot_info_version=1 if account.is_bot else None,
        )  # fmt: skip

    def find(self, peer) -> LoopbackChat:
        """The chat that an input peer names."""
        if isinstance(peer, types.InputPeerChat):
            found = [chat for chat in self.chats if chat.is_group and chat.chat_id == peer.chat_id]
            problem = "PEER_ID_INVALID"
        else:
            found = [
                chat
                for chat in self.chats
                if not chat.is_group and (chat.chat_id, chat.access_hash) == (peer.channel_id, peer.access_hash)
            ]
            problem = "CHANNEL_INVALID"
        if not found:
            raise Refusal(400, problem)
        if not found[0].is_member and found[0].username is None:
            raise Refusal(400, "CHAT_FORBIDDEN" if found[0].is_group else "CHANNEL_PRIVATE")
        return found[0]

    def history(self, _login: Login, request: functions.messages.GetHistoryRequest):
        """A page: its place is told by ``offset_id``, or by ``offset_date`` where that is 0; newest first."""
        if self.account.is_bot:
            raise Refusal(400, "BOT_METHOD_INVALID")
        chat = self.find(request.peer)
        if request.offset_id:
            place = bisect_left(chat.ids, request.offset_id)
        elif request.offset_date and request.offset_date.timestamp() > 0:
            # Dates ascend but for stray ones: the last place before it, as an index by date would find it.
            place = bisect_left(chat.times, int(request.offset_date.timestamp()))
        else:
            place = len(chat.ids)
        end = place - request.add_offset
        low, high = (min(max(each, 0), len(chat.ids)) for each in (end - request.limit, end))
        messages = [chat.message(each) for each in reversed(range(low, high))]
        users = [types.User(user, access_hash=user, first_name="Somebody") for user in range(100, 107)]
        if chat.is_group:
            return types.messages.MessagesSlice(len(chat.ids), messages, [], [chat.entity], users)
        return types.messages.ChannelMessages(1, len(chat.ids), messages, [], [chat.entity], users)

    def dialogs(self, _login: Login, _request: functions.messages.GetDialogsRequest):
        """Every chat of the account, in one answer."""
        settings, dialogs, messages = types.PeerNotifySettings(), [], []
        for chat in self.chats:
            if not chat.is_member or not chat.ids:
                continue
            dialogs.append(types.Dialog(chat.peer, chat.ids[-1], 0, 0, 0, 0, 0, 0, settings))
            messages.append(chat.message(len(chat.ids) - 1))
        known = [chat for chat in self.chats if chat.is_member]
        groups = [chat.entity for chat in known if chat.kind != "user"]
        people = [chat.entity for chat in known if chat.kind == "user"]
        return types.messages.Dialogs(dialogs, messages, groups, people)

    def resolve(self, _login: Login, request: functions.contacts.ResolveUsernameRequest):
        """Who has a username."""
        for chat in self.chats:
            if chat.username and chat.username.lower() == request.username.lower():
                is_user = chat.kind == "user"
                return types.contacts.ResolvedPeer(
                    chat.peer, [] if is_user else [chat.entity], [chat.entity] if is_user else []
                )
        raise Refusal(400, "USERNAME_NOT_OCCUPIED")

    def invite(self, _login: Login, request: functions.messages.CheckChatInviteRequest):
        """Where an invite link leads."""
        for chat in self.chats:
            if chat.invite == request.hash:
                if chat.is_member:
                    return types.ChatInviteAlready(chat.entity)
                return types.ChatInvite(chat.title, types.PhotoEmpty(0), chat.members, 1)
        raise Refusal(400, "INVITE_HASH_EXPIRED")

    def channels(self, _login: Login, request: functions.channels.GetChannelsRequest):
        """Some channels."""
        return types.messages.Chats([self.find(_peer_of(each)).entity for each in request.id])

    def groups(self, _login: Login, request: functions.messages.GetChatsRequest):
        """Some basic groups."""
        return types.messages.Chats([self.find(types.InputPeerChat(each)).entity for each in request.id])

    def full_channel(self, _login: Login, request: functions.channels.GetFullChannelRequest):
        """What is known of a channel: also which group it once was."""
        chat = self.find(_peer_of(request.channel))
        before = chat.migrated_from
        full = types.ChannelFull(
            chat.chat_id, "", 0, 0, 0, types.PhotoEmpty(0), types.PeerNotifySettings(), [], 1,
            participants_count=chat.members, migrated_from_chat_id=before and before.chat_id,
            migrated_from_max_id=before and before.ids[-1],
        )  # fmt: skip
        return types.messages.ChatFull(full, [chat.entity, *([before.entity] if before else [])], [])

    def config(self, _login: Login, _request):
        """The configuration; of it only the clock is of use."""
        now = self.time()
        numbers, test_mode = [0] * 21, False
        return types.Config(now, now + timedelta(hours=1), test_mode, DC, [], "", *numbers, "https://t.me/", 1, 4096, DC)

    def state(self, _login: Login, _request):
        """The state of updates, with the clock."""
        return types.updates.State(1, 0, self.time(), 1, 0)

    def difference(self, _login: Login, _request):
        """No updates."""
        return types.updates.DifferenceEmpty(self.time(), 1)

    # Logging in and out.

    def send_code(self, login: Login, request: functions.auth.SendCodeRequest):
        """Send a code to a phone."""
        if self.account.is_banned:
            raise Refusal(400, "PHONE_NUMBER_BANNED")
        if request.phone_number != self.account.phone:
            raise Refusal(400, "PHONE_NUMBER_INVALID")
        login.phone_code_hash = "hash-of-the-code"
        return types.auth.SentCode(types.auth.SentCodeTypeApp(len(self.account.code)), login.phone_code_hash)

    def sign_in(self, login: Login, request: functions.auth.SignInRequest):
        """Take a code."""
        if request.phone_code_hash != login.phone_code_hash or request.phone_code != self.account.code:
            raise Refusal(400, "PHONE_CODE_INVALID")
        login.knows_code = True
        if self.account.password is not None:
            raise Refusal(401, "SESSION_PASSWORD_NEEDED")
        login.is_authorised = True
        return types.auth.Authorization(self.me())

    def password(self, login: Login, _request):
        """Begin the proof of the two-step password (SRP)."""
        verifier = pow(GENERATOR, self._x(), PRIME)
        login.srp_secret = int.from_bytes(os.urandom(256)) % PRIME
        public = (self._k() * verifier + pow(GENERATOR, login.srp_secret, PRIME)) % PRIME
        return types.account.Password(
            types.PasswordKdfAlgoUnknown(), types.SecurePasswordKdfAlgoUnknown(), b"", has_password=True,
            current_algo=self._algorithm(), srp_B=public.to_bytes(256), srp_id=1,
        )  # fmt: skip

    def check_password(self, login: Login, request: functions.auth.CheckPasswordRequest):
        """Check the proof."""
        algorithm, a = self._algorithm(), request.password.A
        b = (self._k() * pow(GENERATOR, self._x(), PRIME) + pow(GENERATOR, login.srp_secret, PRIME)) % PRIME
        u = int.from_bytes(_hash(a, b.to_bytes(256)))
        shared = pow(int.from_bytes(a) * pow(GENERATOR, self._x() * u, PRIME), login.srp_secret, PRIME)
        prime, generator = (number.to_bytes(256) for number in (PRIME, GENERATOR))
        expected = _hash(
            srp.xor(_hash(prime), _hash(generator)), _hash(algorithm.salt1), _hash(algorithm.salt2), a, b.to_bytes(256),
            _hash(shared.to_bytes(256)),
        )  # fmt: skip
        if not login.knows_code or expected != request.password.M1:
            raise Refusal(400, "PASSWORD_HASH_INVALID")
        login.is_authorised = True
        return types.auth.Authorization(self.me())

    def log_out(self, login: Login, _request):
        """End the session of this key."""
        login.is_authorised = False
        return types.auth.LoggedOut()

    def _algorithm(self):
        name = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
        return name(*self._salts, GENERATOR, PRIME.to_bytes(256))

    def _x(self) -> int:
        return int.from_bytes(srp.compute_hash(self._algorithm(), self.account.password or ""))

    def _k(self) -> int:
        return int.from_bytes(_hash(PRIME.to_bytes(256), GENERATOR.to_bytes(256)))


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def _peer_of(channel: types.InputChannel) -> types.InputPeerChannel:
    return types.InputPeerChannel(channel.channel_id, channel.access_hash)


# By class: messages.GetMessages and channels.GetMessages have the same name.
HANDLERS = {
    functions.help.GetConfigRequest: World.config,
    functions.users.GetUsersRequest: lambda world, _login, _request: [world.me()],
    functions.updates.GetStateRequest: World.state,
    functions.updates.GetDifferenceRequest: World.difference,
    functions.messages.GetHistoryRequest: World.history,
    functions.messages.GetDialogsRequest: World.dialogs,
    functions.messages.CheckChatInviteRequest: World.invite,
    functions.messages.GetChatsRequest: World.groups,
    functions.contacts.ResolveUsernameRequest: World.resolve,
    functions.channels.GetChannelsRequest: World.channels,
    functions.channels.GetFullChannelRequest: World.full_channel,
    functions.auth.SendCodeRequest: World.send_code,
    functions.auth.SignInRequest: World.sign_in,
    functions.auth.CheckPasswordRequest: World.check_password,
    functions.auth.LogOutRequest: World.log_out,
    functions.account.GetPasswordRequest: World.password,
}
