"""A C-FIND SCP as fast as a socket takes it: `python -m tests.bench.responder PORT MATCHES`.

It answers every C-FIND with the same MATCHES pending responses, each with a study of twelve attributes in
its identifier (PS3.4 C.6.2.1), whatever the keys were, and then Success. The responses are made before
anybody asks, so what is measured is the one who asks. Each message is a command and a data set in a PDU of
their own, as DCMTK, pynetdicom and Orthanc send them; a C-CANCEL is not looked at. It prints a JSON line per
association: the responses, when the first and the last of them were handed to the kernel (`time.monotonic`,
which all processes share), and the seconds from the C-FIND-RQ to the A-RELEASE-RQ. No code of the project
under test is in it.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from functools import lru_cache

from tests.corpus import EXPLICIT_LE, IMPLICIT_LE, ROOT, element
from tests.scripted import wire

MARKER = b"BENCH"
"""Once in what anybody prints of a match: the Patient ID begins with it."""
BATCH = 500  # responses a system call
STUDY_ROOT = b"1.2.840.10008.5.1.4.1.2.2.1\0"
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020
PENDING, SUCCESS = 0xFF00, 0x0000


def identifier(number: int, syntax: str) -> bytes:
    """The study of a match, 12 attributes in some 330 bytes, all matches of the same length."""
    values: tuple[tuple[int, int, bytes, str], ...] = (
        (0x08, 0x05, b"CS", "ISO_IR 192"),
        (0x08, 0x20, b"DA", f"2026{number % 12 + 1:02d}{number % 28 + 1:02d}"),
        (0x08, 0x30, b"TM", f"{number % 24:02d}{number % 60:02d}00"),
        (0x08, 0x50, b"SH", f"A{number:09d}"),
        (0x08, 0x52, b"CS", "STUDY"),
        (0x08, 0x61, b"CS", "CT\\SR"),
        (0x08, 0x1030, b"LO", "Thorax with contrast"),
        (0x10, 0x10, b"PN", f"Müller{number:07d}^Jürgen"),
        (0x10, 0x20, b"LO", f"{MARKER.decode()}{number:07d}"),
        (0x10, 0x30, b"DA", f"19{number % 90 + 10}0101"),
        (0x20, 0x0D, b"UI", f"{ROOT}.4.{number + 10**9}"),
        (0x20, 0x1208, b"IS", f"{number % 900 + 100}"),
    )
    return b"".join(element(group, tag, vr, value.encode(), syntax) for group, tag, vr, value in values)


def response(message_id: int, status: int, sop_class: bytes, *, data_set: bool) -> bytes:
    """C-FIND-RSP (PS3.7 table 9.3-4)."""
    return wire.command_set(
        wire.element(2, sop_class),
        wire.us(0x100, C_FIND_RSP),
        wire.us(0x120, message_id),
        wire.us(0x800, 1 if data_set else wire.NO_DATA_SET),
        wire.us(0x900, status),
    )


@lru_cache(maxsize=4)
def responses(
    matches: int, context: int, syntax: str, message_id: int, sop_class: bytes
) -> tuple[bytes, ...]:
    """The whole answer, a batch in each, kept for the next who asks in the same way."""
    command = response(message_id, PENDING, sop_class, data_set=True)
    head = wire.p_data(wire.pdv(command, context=context, command=True))
    batches = tuple(
        b"".join(
            head + wire.p_data(wire.pdv(identifier(number, syntax), context=context))
            for number in range(first, min(first + BATCH, matches))
        )
        for first in range(0, matches, BATCH)
    )
    last = wire.message(response(message_id, SUCCESS, sop_class, data_set=False), context=context)
    return (*batches, last)


class Asked:
    """One association of somebody who asks."""

    def __init__(self, sock: socket.socket, matches: int) -> None:
        self.sock = sock
        self.matches = matches
        self.first = self.last = self.began = 0.0
        self._syntaxes: dict[int, str] = {}

    def converse(self) -> None:
        """Serve it to its end and report it."""
        while head := self._exactly(6):
            kind, length = struct.unpack(">BxI", head)
            body = self._exactly(length)
            if kind == wire.ASSOCIATE_RQ:
                self._accept(body)
            elif kind == wire.P_DATA:
                self._take(body)
            elif kind == wire.RELEASE_RQ:
                self._report(time.monotonic())  # before the other may go: it finds the line written
                self.sock.sendall(wire.release_rp())

    def _exactly(self, count: int) -> bytes:
        data = self.sock.recv(count, socket.MSG_WAITALL)
        return data if len(data) == count else b""

    def _accept(self, body: bytes) -> None:
        results = []
        for context in wire.parse_contexts(body):
            explicit = EXPLICIT_LE in context.transfer_syntaxes
            self._syntaxes[context.id] = EXPLICIT_LE if explicit else IMPLICIT_LE
            results.append(wire.Result(context.id, 0, self._syntaxes[context.id]))
        called, calling = body[4:20], body[20:36]
        self.sock.sendall(wire.associate_ac(results, called=called, calling=calling))

    def _take(self, body: bytes) -> None:
        """Answer a C-FIND-RQ; its identifier, in a PDU or PDV behind it, matters to nobody."""
        context, control = body[4], body[5]
        if not control & 1:
            return
        request = wire.parse_command(body[6 : 4 + struct.unpack_from(">I", body)[0]])
        if request[0x100] != struct.pack("<H", C_FIND_RQ):
            return
        message_id = int.from_bytes(request[0x110], "little")
        self.began = time.monotonic()
        batches = responses(self.matches, context, self._syntaxes[context], message_id, request[2])
        self.first = time.monotonic()
        for batch in batches[:-1]:
            self.sock.sendall(batch)
        self.last = time.monotonic()
        self.sock.sendall(batches[-1])

    def _report(self, now: float) -> None:
        line = {"first": self.first, "last": self.last, "seconds": now - self.began}
        print(json.dumps({"objects": self.matches, **line}), flush=True)


def main() -> None:
    """Listen on the port of the first argument until killed, one association after the other."""
    port, matches = int(sys.argv[1]), int(sys.argv[2])
    responses(matches, 1, EXPLICIT_LE, 1, STUDY_ROOT)  # as most ask
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("{}", flush=True)  # ready
        while True:
            sock, _ = listener.accept()
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    Asked(sock, matches).converse()
                except ConnectionError as error:
                    print(error, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
