"""One connection of a scripted peer: what it does, step by step, and what it saw the other side do."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import NamedTuple

from tests.scripted import wire

LIMIT = 10.0  # seconds a script waits for the other side before it calls the test failed


class ScriptError(AssertionError):
    """The other side did not do what the script expects."""


class Pdu(NamedTuple):
    """A PDU as received."""

    kind: int
    body: bytes


class Message(NamedTuple):
    """A whole DIMSE message as received; `command` maps element numbers to raw values."""

    context: int
    command: dict[int, bytes]
    data: bytes

    def number(self, element: int) -> int:
        """Value of a US element of the command set, such as 0x110 for the message ID."""
        return int(struct.unpack("<H", self.command[element])[0])

    @property
    def message_id(self) -> int:
        """(0000,0110) of a request."""
        return self.number(0x110)


class Conversation:
    """A connected socket with the script's verbs.

    `received` keeps every PDU, `messages` every DIMSE message that was read as such; `over` is set when
    the test is done with this peer. Not for two threads at once.
    """

    def __init__(self, sock: socket.socket, over: Event) -> None:
        self.sock = sock
        self.over = over
        self.received: list[Pdu] = []
        self.messages: list[Message] = []
        self.sock.settimeout(LIMIT)
        with suppress(OSError):  # a peer that is gone already is for the script to find out
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def last(self) -> Message:
        """The message read last."""
        return self.messages[-1]

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes."""
        data = bytearray()
        while len(data) < count:
            try:
                part = self.sock.recv(count - len(data))
            except TimeoutError:
                raise ScriptError(f"{len(data)} of {count} bytes came within {LIMIT} s") from None
            if not part:
                raise ScriptError(f"the connection was closed after {len(data)} of {count} bytes")
            data += part
        return bytes(data)

    def read_pdu(self) -> Pdu:
        """The next PDU, whatever it is."""
        kind, length = struct.unpack(">BxI", self.read(6))
        pdu = Pdu(kind, self.read(length))
        self.received.append(pdu)
        return pdu

    def expect(self, kind: int) -> Pdu:
        """The next PDU, which must be of this type."""
        pdu = self.read_pdu()
        if pdu.kind != kind:
            raise ScriptError(f"expected PDU type {kind}, got {pdu.kind}: {pdu.body[:64].hex(' ')}")
        return pdu

    def read_message(self) -> Message:
        """The next DIMSE message, command set and data set."""
        parts = {True: b"", False: b""}
        ended = {True: False, False: False}
        context = 0
        while not ended[True] or not (ended[False] or self._without_data(parts[True])):
            body = self.expect(wire.P_DATA).body
            while body:
                length, context, flags = struct.unpack_from(">IBB", body)
                command = bool(flags & 1)
                parts[command] += body[6 : 4 + length]
                ended[command] = bool(flags & 2)
                body = body[4 + length :]
        message = Message(context, wire.parse_command(parts[True]), parts[False])
        self.messages.append(message)
        return message

    @staticmethod
    def _without_data(command: bytes) -> bool:
        return wire.parse_command(command)[0x800] == struct.pack("<H", wire.NO_DATA_SET)

    def wait_closed(self) -> str:
        """Read until the other side ends the connection: "closed" or "reset"; what came is dropped."""
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            raise ScriptError(f"the connection was still open after {LIMIT} s") from None
        except OSError:
            return "reset"
        return "closed"

    def reset(self) -> None:
        """End the connection with a TCP reset, so that the other side's next call fails."""
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """End the connection in order."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


Step = Callable[[Conversation], object]
Bytes = bytes | Callable[[Conversation], bytes]


def _bytes(data: Bytes, talk: Conversation) -> bytes:
    return data if isinstance(data, bytes) else data(talk)


def expect(kind: int) -> Step:
    """Step: the next PDU must be of this type."""
    return lambda talk: talk.expect(kind)


def expect_message(command_field: int) -> Step:
    """Step: the next DIMSE message must have this command field (0000,0100)."""

    def step(talk: Conversation) -> None:
        found = talk.read_message().number(0x100)
        if found != command_field:
            raise ScriptError(f"expected command 0x{command_field:04x}, got 0x{found:04x}")

    return step


def send(data: Bytes) -> Step:
    """Step: send these bytes, or those that a function of the conversation makes."""
    return lambda talk: talk.send(_bytes(data, talk))


def send_half(data: Bytes) -> Step:
    """Step: send the first half of these bytes."""

    def step(talk: Conversation) -> None:
        whole = _bytes(data, talk)
        talk.send(whole[: len(whole) // 2])

    return step


def accept(*results: wire.Result, max_pdu: int = 16384, more: bytes = b"") -> Step:
    """Step: take an A-ASSOCIATE-RQ and accept it; by default every context with its first syntax."""

    def step(talk: Conversation) -> None:
        request = talk.expect(wire.ASSOCIATE_RQ)
        answers = results or tuple(
            wire.Result(context.id, 0, context.transfer_syntaxes[0])
            for context in wire.parse_contexts(request.body)
        )
        talk.send(wire.associate_ac(answers, max_pdu=max_pdu, more=more))

    return step


def echo(status: int = 0, *more: bytes) -> Step:
    """Step: take a C-ECHO-RQ and answer it."""

    def step(talk: Conversation) -> None:
        expect_message(wire.C_ECHO_RQ)(talk)
        answer = wire.echo_rsp(talk.last.message_id, status, *more)
        talk.send(wire.message(answer, context=talk.last.context))

    return step


def store(status: int = 0, *more: bytes) -> Step:
    """Step: take a C-STORE-RQ with its data set and answer it."""

    def step(talk: Conversation) -> None:
        expect_message(wire.C_STORE_RQ)(talk)
        request = talk.last
        sop_class, sop_instance = (request.command[number].rstrip(b"\0") for number in (2, 0x1000))
        answer = wire.store_rsp(
            request.message_id, status, *more, sop_class=sop_class.decode(), sop_instance=sop_instance
        )
        talk.send(wire.message(answer, context=request.context))

    return step


def release() -> Step:
    """Step: take an A-RELEASE-RQ and grant it."""

    def step(talk: Conversation) -> None:
        talk.expect(wire.RELEASE_RQ)
        talk.send(wire.release_rp())

    return step


def stall(*, reading: bool = True) -> Step:
    """Step: say nothing more until the other side hangs up; `reading=False` leaves its bytes in the pipe.

    Without reading there is no telling that the other side is gone: the step ends with the test.
    """

    def step(talk: Conversation) -> None:
        if reading:
            talk.sock.settimeout(None)
            talk.wait_closed()
        else:
            talk.over.wait()

    return step


def trickle(data: Bytes, interval: float) -> Step:
    """Step: one byte every `interval` seconds, until all are sent, or the other side or the test ends."""

    def step(talk: Conversation) -> None:
        for value in _bytes(data, talk):
            try:
                talk.send(bytes((value,)))
            except OSError:
                return
            if talk.over.wait(interval):
                return

    return step


def wait_for(event: Event) -> Step:
    """Step: go on when the test sets `event`."""

    def step(talk: Conversation) -> None:
        if not event.wait(LIMIT):
            raise ScriptError(f"the test did not go on within {LIMIT} s")

    return step


def closed() -> Step:
    """Step: the other side must end the connection; what it still sends is dropped."""
    return Conversation.wait_closed


def reset() -> Step:
    """Step: end the connection with a TCP reset."""
    return Conversation.reset


def close() -> Step:
    """Step: end the connection in order."""
    return Conversation.close
