"""A sender that only reads files and sends them: `python -m tests.bench.sender PORT FOLDER`.

The bare socket loop over the same bytes: it knows the corpus (`tests.corpus` wrote it), so it neither looks
for files below FOLDER nor at anything but the group length in front of a data set. One message at a time,
as the standard has it without a negotiated window. It prints a JSON line with the objects acknowledged
and the seconds from the first byte of P-DATA to the last response. Nothing of the project under test is in it.
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
HEAD = 512  # preamble, group 2 and the first elements lie within


def maximum_length(acceptance: bytes) -> int:
    """The maximum PDU length in the body of an A-ASSOCIATE-AC; 128 KiB when it sets no limit."""
    position = acceptance.rindex(struct.pack(">BBH", 0x51, 0, 4)) + 4
    limit = int(struct.unpack_from(">I", acceptance, position)[0])
    return limit or 131072


class Loop:
    """One association to the receiver."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = memoryview(bytearray(CHUNK))
        context = wire.Context(1, wire.CT_IMAGE, (wire.EXPLICIT_LE,))
        sock.sendall(wire.associate_rq([context], max_pdu=131072))
        self.payload = maximum_length(self._read_pdu(wire.ASSOCIATE_AC)) - 6

    def _read_pdu(self, expected: int) -> bytes:
        head = self._read(6)
        kind, length = struct.unpack(">BxI", head)
        assert kind == expected, f"PDU type {kind} instead of {expected}"
        return self._read(length)

    def _read(self, count: int) -> bytes:
        data = self.sock.recv(count, socket.MSG_WAITALL)
        assert len(data) == count, "the receiver hung up"
        return data

    def store(self, message_id: int, path: str) -> None:
        """Send one file and wait for its Success."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            size = os.fstat(descriptor).st_size
            head = os.pread(descriptor, HEAD, 0)
            # Group length is the first element behind preamble and DICM: 12 bytes, its value the last 4.
            offset = 144 + int(struct.unpack_from("<I", head, 140)[0])
            at = head.index(b"\2\0\3\0UI") + 6
            instance = head[at + 2 : at + 2 + struct.unpack_from("<H", head, at)[0]]
            request = wire.store_rq(message_id, wire.CT_IMAGE, instance)
            pending = wire.p_data(wire.pdv(request, command=True))
            while offset < size:
                count = os.preadv(descriptor, [self.buffer], offset)
                offset += count
                self._send(pending, count, offset == size)
                pending = b""
        finally:
            os.close(descriptor)
        answer = self._read_pdu(wire.P_DATA)
        assert wire.parse_command(answer[6:])[0x900] == b"\0\0", "no Success"

    def _send(self, before: bytes, count: int, ends: bool) -> None:
        parts: list[bytes | memoryview] = [before]
        for start in range(0, count, self.payload):
            piece = self.buffer[start : min(start + self.payload, count)]
            last = ends and start + self.payload >= count
            parts += (
                struct.pack(">BBIIBB", wire.P_DATA, 0, len(piece) + 6, len(piece) + 2, 1, last << 1),
                piece,
            )
        sent = self.sock.sendmsg(parts)
        if sent < sum(map(len, parts)):
            self.sock.sendall(b"".join(parts)[sent:])


def main() -> None:
    """Send all files of a folder, in order of their names."""
    port, folder = int(sys.argv[1]), sys.argv[2]
    paths = sorted(entry.path for entry in os.scandir(folder))
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = Loop(sock)
        began = time.monotonic()
        for number, path in enumerate(paths):
            loop.store(number % 65535 + 1, path)
        seconds = time.monotonic() - began
        sock.sendall(wire.release_rq())
        sock.recv(64)
    print(json.dumps({"objects": len(paths), "seconds": seconds}))


if __name__ == "__main__":
    main()
