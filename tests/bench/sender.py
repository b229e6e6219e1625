"""A sender that only reads files and sends them: `python -m tests.bench.sender PORT FOLDER [CALLED]`.

The bare socket loop over the same bytes: it knows the corpus (`tests.corpus` wrote it), so it neither looks
for files below FOLDER nor at anything but the group length in front of a data set. One message at a time,
as the standard has it without a negotiated window. It prints a JSON line with the objects acknowledged
and the seconds from the first byte of P-DATA to the last response. No code of the project is in it.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time

from tests.scripted import wire

CHUNK = 1 << 20
ANSWER = 4096  # a response is about 200 bytes, always in one PDU


def maximum_length(acceptance: bytes) -> int:
    """The maximum PDU length in an A-ASSOCIATE-AC; 128 KiB when it sets no limit."""
    position = acceptance.rindex(struct.pack(">BBH", 0x51, 0, 4)) + 4
    limit = int(struct.unpack_from(">I", acceptance, position)[0])
    return limit or 131072


class Loop:
    """One association to the receiver."""

    def __init__(self, sock: socket.socket, called: bytes) -> None:
        self.sock = sock
        self.buffer = memoryview(bytearray(CHUNK))
        context = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))
        sock.sendall(wire.associate_rq([context], called=called, max_pdu=131072))
        self.payload = maximum_length(self._answer(wire.ASSOCIATE_AC)) - 6

    def _answer(self, expected: int) -> bytes:
        """The next PDU; the receiver sends nothing that was not asked for, so none comes behind it."""
        data = self.sock.recv(ANSWER)
        while len(data) < 6 or len(data) < 6 + struct.unpack_from(">I", data, 2)[0]:
            more = self.sock.recv(ANSWER)
            assert more, "the receiver hung up"
            data += more
        assert data[0] == expected, f"PDU type {data[0]} instead of {expected}"
        return data

    def store(self, message_id: int, path: str) -> None:
        """Send one file and wait for its Success."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            size = os.fstat(descriptor).st_size
            count = os.readv(descriptor, [self.buffer])
            head = bytes(self.buffer[:512])  # preamble, DICM and group 2 lie within
            # Group length is the first element behind preamble and DICM: 12 bytes, its value the last 4.
            offset = 144 + int(struct.unpack_from("<I", head, 140)[0])
            at = head.index(b"\2\0\3\0UI") + 6
            instance = head[at + 2 : at + 2 + struct.unpack_from("<H", head, at)[0]]
            request = wire.store_rq(message_id, wire.CT_IMAGE, instance)
            command = wire.p_data(wire.pdv(request, command=True))
            left = size - count
            self._send(command, offset, count, ends=not left)
            while left:
                count = os.readv(descriptor, [self.buffer])
                left -= count
                self._send(b"", 0, count, ends=not left)
        finally:
            os.close(descriptor)
        answer = self._answer(wire.P_DATA)
        assert wire.parse_command(answer[12:])[0x900] == b"\0\0", "no Success"

    def _send(self, before: bytes, begin: int, end: int, *, ends: bool) -> None:
        """Send part of the buffer in PDVs as large as may be, behind `before`, in one call."""
        parts: list[bytes | memoryview] = [before]
        for start in range(begin, end, self.payload):
            stop = min(start + self.payload, end)
            length = stop - start + 2
            last = 2 if ends and stop == end else 0
            parts += (
                struct.pack(">BBIIBB", wire.P_DATA, 0, length + 4, length, 1, last),
                self.buffer[start:stop],
            )
        sent = self.sock.sendmsg(parts)
        if sent < sum(map(len, parts)):
            self.sock.sendall(b"".join(parts)[sent:])


def main() -> None:
    """Send all files of a folder, in order of their names."""
    port, folder, called = int(sys.argv[1]), sys.argv[2], [*sys.argv, "ANY-SCP"][3]
    paths = sorted(entry.path for entry in os.scandir(folder))
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = Loop(sock, called.encode())
        began = time.monotonic()
        for number, path in enumerate(paths):
            loop.store(number % 65535 + 1, path)
        seconds = time.monotonic() - began
        sock.sendall(wire.release_rq())
        sock.recv(64)
    print(json.dumps({"objects": len(paths), "seconds": seconds}))


if __name__ == "__main__":
    main()
