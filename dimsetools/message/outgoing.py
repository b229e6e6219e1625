"""Messages on their way out: cut into presentation data values, a batch of their data set at a time.

Rules: PS3.8 section 9.3.5 and annex E.
"""

from __future__ import annotations

from dimsetools.association.association import Association
from dimsetools.association.pdu import COMMAND, HEADER, LAST, PDV_HEADER, p_data_header
from dimsetools.message.sources import Source

BATCH = 1024 * 1024
"""Bytes of a data set that are read and sent at a time, in whole fragments."""
_FRAGMENTS_PER_SEND = 450
"""Each takes two buffers, and a system call takes 1024."""

Buffers = list[bytes | memoryview]


class Outgoing:
    """What `association` sends; one message at a time, `first` before `send`."""

    def __init__(self, association: Association) -> None:
        self._association = association
        self._buffer = memoryview(b"")
        fragment = association.max_fragment
        self._batch = fragment * min(max(BATCH // fragment, 1), _FRAGMENTS_PER_SEND)

    def first(self, context_id: int, command: bytes, source: Source | None) -> Buffers:
        """Return a command set and the first batch of the data set behind it as PDUs."""
        buffers: Buffers = []
        self._cut(buffers, context_id, memoryview(command), COMMAND, last=True)
        if source is not None:
            if not self._buffer:
                self._buffer = memoryview(bytearray(self._batch))
            self._read_batch(buffers, context_id, source)
        return buffers

    def send(self, context_id: int, source: Source | None, buffers: Buffers) -> None:
        """Send `buffers`, then batch after batch what `source` still has.

        The association is aborted if the source fails: the message cannot be completed any more.
        """
        self._send_buffers(buffers)
        while source is not None and not source.exhausted:
            buffers = []
            try:
                self._read_batch(buffers, context_id, source)
            except BaseException:
                self._association.abort()
                raise
            self._send_buffers(buffers)

    def _read_batch(self, buffers: Buffers, context_id: int, source: Source) -> None:
        count = source.read_into(self._buffer)
        self._cut(buffers, context_id, self._buffer[:count], 0, last=source.exhausted)

    def _send_buffers(self, buffers: Buffers) -> None:
        """Send PDUs, of which each has two buffers: its headers and its data."""
        tracer = self._association.tracer
        if tracer is not None:
            peer = self._association.peer_address
            for header, data in zip(buffers[::2], buffers[1::2], strict=True):
                _, context_id, control = PDV_HEADER.unpack_from(header, HEADER.size)
                tracer.fragment("sent", peer, context_id, control, len(data))
                if not control & COMMAND:
                    tracer.data_set("sent", peer, data)
        self._association.send_data(buffers)

    def _cut(self, buffers: Buffers, context_id: int, data: memoryview, kind: int, *, last: bool) -> None:
        """Append `data` as fragments, each in a P-DATA-TF of its own: some peers take no other kind."""
        size = self._association.max_fragment
        end = len(data)
        offset = 0
        while True:
            piece = data[offset : offset + size]
            offset += size
            control = kind | LAST if last and offset >= end else kind
            buffers.append(p_data_header(context_id, len(piece), control))
            buffers.append(piece)
            if offset >= end:
                return
