"""What was received stays in order, however much there is of it."""

from __future__ import annotations

from dimsetools.association.buffered import RECEIVE_BUFFER, Buffered


class Filled(Buffered):
    """A buffer that a test fills."""

    def fill(self, data: bytes) -> None:
        room = self._room()
        count = min(len(room), len(data))
        room[:count] = data[:count]
        self._end += count
        if count < len(data):
            self.fill(data[count:])


def test_more_goes_behind_what_is_there() -> None:
    stream = Filled()
    stream.fill(b"abcdef")
    assert bytes(stream.peek(2)) == b"ab"
    stream.skip(3)
    stream.fill(b"gh")
    assert bytes(stream.buffered) == b"defgh"


def test_the_buffer_grows_and_what_was_taken_stays() -> None:
    data = bytes(range(251)) * (3 * RECEIVE_BUFFER // 251)
    stream = Filled()
    stream.fill(data[:1000])
    taken = stream.peek(10)
    stream.skip(10)
    stream.fill(data[1000:])
    assert bytes(taken) == data[:10]
    assert bytes(stream.buffered) == data[10:]
