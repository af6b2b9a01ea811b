"""One connection of a client: frames, handshake, encryption, containers, acknowledgements.

Belongs here: MTProto. Does not belong here: what a request is answered (:mod:`.world`).
"""

import asyncio
import os
import struct
import time
from hashlib import sha1, sha256

import telethon  # noqa: F401 - before its types, or they import in a circle
from telethon import helpers
from telethon.crypto import AES, AuthKey
from telethon.crypto.rsa import get_byte_array
from telethon.extensions import BinaryReader
from telethon.network.connection.tcpfull import FullPacketCodec
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked, MessageContainer
from telethon.tl.tlobject import TLObject

from chat_forecast_tests.loopback.faults import Exchange

PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DB"
    "FA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B41"
    "0DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF"
    "6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
"""Telegram's own 2048-bit prime, public. As an RSA modulus it needs no secret in the repository: whoever knows that it is
prime can decrypt. The same prime serves for Diffie-Hellman and for the two-step password."""
EXPONENT = 65537
GENERATOR = 3
P, Q = 1_000_003, 1_000_033
"""Factors that the client finds at once. It reads their product as a signed number: a zero byte goes before it."""
RPC_RESULT = 0xF35C6D01
VECTOR = 0x1CB5C415
TRUE, FALSE = 0x997275B5, 0xBC799737
GZIP_FROM = 512
SALT = 0x0123456789ABCDEF
WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
    functions.InvokeWithTakeoutRequest,
)


def public_key() -> bytes:
    """The server's public key, for ``telethon.crypto.rsa.add_key``."""
    import rsa

    return rsa.PublicKey(PRIME, EXPONENT).save_pkcs1()


def fingerprint() -> int:
    """By which the client finds the key again."""
    n, e = (TLObject.serialize_bytes(get_byte_array(number)) for number in (PRIME, EXPONENT))
    return struct.unpack("<q", sha1(n + e).digest()[-8:])[0]  # noqa: S324 - the protocol's own


class Handshake:
    """The making of a new authorisation key on one connection."""

    def __init__(self) -> None:
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._new_nonce = 0
        self._secret = int.from_bytes(os.urandom(256))
        self.key: AuthKey | None = None

    def answer(self, request) -> TLObject:
        """Do one of the three steps."""
        if isinstance(request, functions.ReqPqMultiRequest):
            return types.ResPQ(request.nonce, self._server_nonce, b"\0" + get_byte_array(P * Q), [fingerprint()])
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._parameters(request)
        return self._finish(request)

    def _parameters(self, request) -> TLObject:
        cipher = int.from_bytes(request.encrypted_data)
        clear = pow(cipher, pow(EXPONENT, -1, PRIME - 1), PRIME).to_bytes(255)
        self._new_nonce = BinaryReader(clear[20:]).tgread_object().new_nonce
        public = get_byte_array(pow(GENERATOR, self._secret, PRIME))
        inner = bytes(
            types.ServerDHInnerData(
                request.nonce, self._server_nonce, GENERATOR, get_byte_array(PRIME), public, int(time.time())
            )
        )
        plain = sha1(inner).digest() + inner  # noqa: S324 - the protocol's own
        return types.ServerDHParamsOk(
            request.nonce, self._server_nonce, AES.encrypt_ige(plain + bytes(-len(plain) % 16), *self._key_and_iv())
        )

    def _finish(self, request) -> TLObject:
        plain = AES.decrypt_ige(request.encrypted_data, *self._key_and_iv())
        g_b = int.from_bytes(BinaryReader(plain[20:]).tgread_object().g_b)
        shared = get_byte_array(pow(g_b, self._secret, PRIME))
        key = AuthKey(shared)
        if len(shared) < 256:  # one in 256; a session string would keep it wrongly: the client is to try again
            return types.DhGenRetry(request.nonce, self._server_nonce, key.calc_new_nonce_hash(self._new_nonce, 2))
        self.key = key
        return types.DhGenOk(request.nonce, self._server_nonce, key.calc_new_nonce_hash(self._new_nonce, 1))

    def _key_and_iv(self):
        return helpers.generate_key_data_from_nonce(self._server_nonce, self._new_nonce)


class Wire:
    """One connection, from its first packet to its end."""

    def __init__(self, server, reader, writer) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._codec = FullPacketCodec(None)
        self._handshake = Handshake()
        self._key: AuthKey | None = None
        self._session = 0
        self._last_id = 0
        self._sequence = 0
        self._tasks: set[asyncio.Task] = set()

    async def run(self) -> None:
        """Answer until the connection ends."""
        try:
            while True:
                packet = await self._codec.read_packet(self._reader)
                if packet[:8] == bytes(8):
                    await self._plain(packet)
                else:
                    await self._encrypted(packet)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._writer.close()

    def drop(self) -> None:
        """End the connection at once."""
        self._writer.close()

    async def send_packet(self, packet: bytes) -> None:
        """Send a frame."""
        self._writer.write(self._codec.encode_packet(packet))
        await self._writer.drain()

    async def send_result(self, message_id: int, result) -> bytes:
        """Answer a request with an object, a list of them, or a truth."""
        return await self.send_body(message_id, serialised(result))

    async def send_error(self, message_id: int, code: int, text: str) -> None:
        """Answer a request with an error."""
        await self.send_body(message_id, bytes(types.RpcError(code, text)))

    async def send_body(self, message_id: int, body: bytes) -> bytes:
        """Answer a request with these bytes; returns the packet."""
        packet = self._encrypt(self._result(message_id, body))
        await self.send_packet(packet)
        return packet

    async def send_answer(self, exchange: Exchange) -> bytes:
        """Answer as one should; returns the packet."""
        return await self.send_body(exchange.message_id, exchange.body)

    async def send_part(self, exchange: Exchange) -> None:
        """Send the first half of the answer's frame."""
        frame = self._codec.encode_packet(self._encrypt(self._result(exchange.message_id, exchange.body)))
        self._writer.write(frame[: len(frame) // 2])
        await self._writer.drain()

    async def _plain(self, packet: bytes) -> None:
        answer = bytes(self._handshake.answer(BinaryReader(packet[20:]).tgread_object()))
        if self._handshake.key is not None:
            self._server.world.learn(self._handshake.key)
        await self.send_packet(struct.pack("<qqi", 0, self._new_id(), len(answer)) + answer)

    async def _encrypted(self, packet: bytes) -> None:
        self._key = self._server.world.key(struct.unpack("<Q", packet[:8])[0])
        if self._key is None:
            await self.send_packet(struct.pack("<i", -404))
            return
        key, message_key = self._key.key, packet[8:24]
        clear = AES.decrypt_ige(packet[24:], *MTProtoState._calc_key(key, message_key, client=True))
        assert sha256(key[88:120] + clear).digest()[8:24] == message_key, "a packet that nobody encrypted with this key"
        salt, self._session, message_id, sequence, _length = struct.unpack("<qqqii", clear[:32])
        if salt != SALT:
            await self.send_packet(self._encrypt(bytes(types.BadServerSalt(message_id, sequence, 48, SALT))))
            return
        await self._take(message_id, BinaryReader(clear[32:]).tgread_object())

    async def _take(self, message_id: int, request) -> None:
        if isinstance(request, MessageContainer):
            for inner in request.messages:
                await self._take(inner.msg_id, inner.obj)
        elif isinstance(request, GzipPacked):
            await self._take(message_id, BinaryReader(request.data).tgread_object())
        elif isinstance(request, WRAPPERS):
            await self._take(message_id, request.query)
        elif isinstance(request, functions.PingRequest | functions.PingDelayDisconnectRequest):
            await self.send_packet(self._encrypt(bytes(types.Pong(message_id, request.ping_id))))
        elif not isinstance(request, types.MsgsAck):
            # A slow answer does not hold up the others.
            task = asyncio.get_running_loop().create_task(self._answer(message_id, request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, message_id: int, request) -> None:
        try:
            result = self._server.answer(self._key, request)
            exchange = Exchange(message_id, request, result, serialised(result))
            fault = self._server.fault_for(request)
            await (fault(self, exchange) if fault else self.send_answer(exchange))
        except ConnectionError:
            pass

    def _result(self, message_id: int, body: bytes) -> bytes:
        if len(body) > GZIP_FROM:
            packed = bytes(GzipPacked(body))
            body = packed if len(packed) < len(body) else body
        return struct.pack("<Iq", RPC_RESULT, message_id) + body

    def _encrypt(self, body: bytes) -> bytes:
        assert self._key is not None
        self._sequence += 1
        header = struct.pack("<qqqii", SALT, self._session, self._new_id(), 2 * self._sequence - 1, len(body))
        clear = header + body
        clear += os.urandom(-(len(clear) + 12) % 16 + 12)
        key = self._key.key
        message_key = sha256(key[96:128] + clear).digest()[8:24]
        packed = AES.encrypt_ige(clear, *MTProtoState._calc_key(key, message_key, client=False))
        return struct.pack("<Q", self._key.key_id) + message_key + packed

    def _new_id(self) -> int:
        """A message id of the server: of now, odd, and never used before."""
        self._last_id = max(int(time.time() * 2**32) // 4 * 4 + 1, self._last_id + 4)
        return self._last_id


def serialised(result) -> bytes:
    """The bytes of an answer."""
    if isinstance(result, bool):
        return struct.pack("<I", TRUE if result else FALSE)
    if isinstance(result, list):
        return struct.pack("<Ii", VECTOR, len(result)) + b"".join(map(bytes, result))
    return bytes(result)
