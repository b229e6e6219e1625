"""A receiver that only reads and acknowledges: `python -m tests.bench.receiver PORT`.

It accepts every context with its first transfer syntax (Explicit VR Little Endian if there), never looks at
a data set, answers Success, and prints a JSON line per association with what came and the seconds from the
first byte of P-DATA to the A-RELEASE-RQ. No code of the project under test is in it.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time

from tests.scripted import wire

MAX_PDU = 131072
BUFFER = 2 << 20
_PDU = struct.Struct(">BxI")
_PDV = struct.Struct(">IBB")


class Counted:
    """One association as it passes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.objects = 0
        self.bytes = 0
        self.began: float | None = None
        self._command = b""

    def report(self, now: float) -> None:
        """Print what came until `now`."""
        seconds = 0.0 if self.began is None else now - self.began
        line = {"objects": self.objects, "bytes": self.bytes, "seconds": seconds}
        print(json.dumps(line), flush=True)

    def accept(self, body: bytes) -> None:
        """Answer an A-ASSOCIATE-RQ."""
        results = [
            wire.Result(
                context.id,
                0,
                wire.EXPLICIT_LE
                if wire.EXPLICIT_LE in context.transfer_syntaxes
                else context.transfer_syntaxes[0],
            )
            for context in wire.parse_contexts(body)
        ]
        called, calling = body[4:20], body[20:36]
        self.sock.sendall(wire.associate_ac(results, called=called, calling=calling, max_pdu=MAX_PDU))

    def take(self, body: memoryview) -> None:
        """Count the PDVs of a P-DATA-TF and answer each message that ends in it."""
        position = 0
        while position < len(body):
            length, context, flags = _PDV.unpack_from(body, position)
            start, position = position + _PDV.size, position + 4 + length
            if flags & 1:
                self._command += bytes(body[start:position])
                if flags & 2 and wire.parse_command(self._command)[0x800] == b"\1\1":
                    self._answer(context)
            else:
                self.bytes += position - start
                if flags & 2:
                    self._answer(context)

    def _answer(self, context: int) -> None:
        request = wire.parse_command(self._command)
        self._command = b""
        field = struct.unpack("<H", request[0x100])[0]
        answer = [
            wire.element(2, request[2]),
            wire.us(0x100, field | 0x8000),
            wire.element(0x120, request[0x110]),
            wire.us(0x800, wire.NO_DATA_SET),
            wire.us(0x900, 0),
        ]
        if 0x1000 in request:
            answer.append(wire.element(0x1000, request[0x1000]))
            self.objects += 1
        self.sock.sendall(wire.message(wire.command_set(*answer), context=context))


def converse(sock: socket.socket) -> None:
    """Serve one association to its end and report it."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    counted = Counted(sock)
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    start = end = 0
    while received := sock.recv_into(view[end:]):
        now = time.monotonic()
        end += received
        while end - start >= _PDU.size:
            kind, length = _PDU.unpack_from(buffer, start)
            if kind == wire.P_DATA and counted.began is None:
                counted.began = now
            if end - start < _PDU.size + length:
                break
            body = view[start + _PDU.size : start + _PDU.size + length]
            start += _PDU.size + length
            if kind == wire.P_DATA:
                counted.take(body)
            elif kind == wire.ASSOCIATE_RQ:
                counted.accept(bytes(body))
            elif kind == wire.RELEASE_RQ:
                counted.report(now)  # before the sender may go: who waits for it finds the line written
                sock.sendall(wire.release_rp())
        if start == end:
            start = end = 0
        elif BUFFER - start < _PDU.size + MAX_PDU:
            view[: end - start] = view[start:end]
            start, end = 0, end - start


def main() -> None:
    """Listen on the port of the first argument until killed."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128) as listener:
        print("{}", flush=True)  # ready
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=_guarded, args=(sock,), daemon=True).start()


def _guarded(sock: socket.socket) -> None:
    with sock:
        try:
            converse(sock)
        except ConnectionError as error:
            print(error, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
