"""TCP and TLS byte streams with deadlines: connect, scatter send, and a receive buffer.

Every wait is bounded on the monotonic clock. A wait that begins anew gets the whole limit by the
socket's own time-out, which costs nothing; the clock is read only when something arrived in pieces, so
a deadline holds to within a second. Linux delays acknowledgements by 40 ms, which a peer that leaves
Nagle's algorithm on (stock DCMTK) waits for at every message: TCP_QUICKACK is armed before each
receive, because the kernel drops it again by itself.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.association.buffered import Buffered
from dimsetools.association.stop import Stop
from dimsetools.errors import ConnectionLost, DimseError, LimitReached, NoAnswer, TlsError

if TYPE_CHECKING:
    import ssl

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_SLACK = 1.0
"""How far, seconds, a socket's time-out may stray from the deadline before it is set anew."""
_TLS_SLICE = 128 * 1024
_AHEAD = 8 * 1024 * 1024
"""Bytes of the peer that are taken in, at most, while it takes none."""
_ALERT_WAIT = 0.4
"""Seconds for the peer to take our alert after a hand-shake that failed."""
_RENEWAL = 1024 * 1024
"""Bytes received that earn a new deadline: a PDU may be as long as 4 GiB where we set no limit."""
_BUFFERS_PER_CALL = 1000
"""The kernel takes 1024 (IOV_MAX)."""


class Transport(Buffered):
    """One connected stream. Not for use by several threads, but for `shutdown`."""

    def __init__(
        self, sock: socket.socket, *, name: str = "", total: float | None = None, stop: Stop | None = None
    ) -> None:
        """Take over `sock`; `total` is a moment of the monotonic clock after which nothing goes on.

        `name` is what messages call the peer, its address if there is none.
        """
        super().__init__()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._sock = sock
        self._tls: ssl.SSLSocket | None = None
        self._server = False
        self._total = total
        self._stop = stop
        self._timeout: float | None = sock.gettimeout()
        self._wait: float | None = None
        self._deadline: float | None = None
        self._in_pieces, self._progress = False, 0
        self.peer_host, self.peer_port = sock.getpeername()[:2]
        self.name = name or self.address
        if stop is not None:
            stop.register(self.shutdown)

    @property
    def address(self) -> str:
        """Return where the peer is, IPv6 addresses in brackets."""
        host = f"[{self.peer_host}]" if ":" in self.peer_host else self.peer_host
        return f"{host}:{self.peer_port}"

    def start_tls(self, context: ssl.SSLContext, server_name: str | None, wait: float | None) -> None:
        """Shake hands within `wait` seconds; the server's side is taken if `server_name` is None."""
        from dimsetools.association.tls import check_server_name, handshake_error, is_tls_fault

        server = self._server = server_name is None
        if server_name is not None:
            check_server_name(context, server_name)
        self._begin(wait)
        try:
            tls = context.wrap_socket(
                self._sock,
                server_side=server,
                server_hostname=server_name or None,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=True,
            )
            self._sock = self._tls = tls
            if self._stop is not None:
                self._stop.register(self.shutdown)  # again: one that came in between found no socket to close
            tls.settimeout(self._timeout)
            tls.do_handshake()
        except TimeoutError:
            if self._expired():
                raise limit_reached() from None
            raise TlsError(
                f"no TLS hand-shake with {self.name} within {wait or 0:g} s",
                hint="it may not speak TLS on this port",
            ) from None
        except OSError as error:
            if is_tls_fault(error):
                self.finish(_ALERT_WAIT)
                raise self._ended(handshake_error(error, self.name, server=server)) from error
            raise self._ended(
                TlsError(
                    f"{self.name} closed the connection in the TLS hand-shake",
                    hint="it may not speak TLS on this port; its log says why",
                )
            ) from error

    # -- sending ------------------------------------------------------------------------------------

    def send(self, buffers: Sequence[bytes | memoryview], wait: float | None) -> None:
        """Send all of `buffers`; every 128 KiB of it gets `wait` seconds."""
        self._begin(wait)
        try:
            if self._tls is not None:
                self._send_joined(b"".join(buffers), wait)
                return
            try:  # at once: a socket with a time-out would wait
                sent = os.writev(self._sock.fileno(), buffers[:_BUFFERS_PER_CALL])
            except BlockingIOError:
                sent = 0
            if sent < sum(map(len, buffers)):
                self._send_rest(buffers, sent, wait)
        except TimeoutError:
            raise self._silent(wait, "took no more data") from None
        except OSError as error:
            raise self._failed(error) from error

    def _send_rest(self, buffers: Sequence[bytes | memoryview], sent: int, wait: float | None) -> None:
        """Go on after a part: the socket buffer is full, or there are many buffers."""
        rest = [memoryview(buffer) for buffer in buffers]
        progress = 0
        while True:
            while rest and sent >= len(rest[0]):
                sent -= len(rest.pop(0))
            if not rest:
                return
            if sent:
                rest[0] = rest[0][sent:]
            progress += sent
            if progress >= _TLS_SLICE:
                progress = 0
                self._begin(wait)
            else:
                self._check_deadline()
            self._take_in()
            sent = self._sock.sendmsg(rest[:_BUFFERS_PER_CALL])

    def _take_in(self) -> None:
        """Until the peer takes more of ours, receive what it sends: it may not read before that is out."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN | select.POLLOUT)
        while self._end - self._start < _AHEAD:
            ready = poll.poll(None if self._timeout is None else self._timeout * 1000)
            if not ready:
                raise TimeoutError
            if ready[0][1] != select.POLLIN or not (count := self._sock.recv_into(self._room())):
                return
            self._end += count
            self._check_deadline()

    def _send_joined(self, data: bytes, wait: float | None) -> None:
        view = memoryview(data)
        for offset in range(0, len(view), _TLS_SLICE):
            self._begin(wait)
            piece = view[offset : offset + _TLS_SLICE]
            while piece:
                self._check_deadline()
                piece = piece[self._sock.send(piece) :]

    # -- receiving ----------------------------------------------------------------------------------

    def begin_receive(self, wait: float | None) -> None:
        """Give what is received from now on `wait` seconds."""
        self._begin(wait)

    def need(self, count: int, *, may_end: bool = False) -> bool:
        """Have `count` bytes in the buffer, a few at most; False if the stream ended before and `may_end`."""
        while self._end - self._start < count:
            if not self._fill():
                if may_end and self._end == self._start:
                    return False
                raise self._ended(ConnectionLost(f"{self.name} closed the connection inside a PDU"))
        return True

    def take(self, most: int) -> memoryview:
        """Return 1 to `most` bytes; they are valid until the next call."""
        if self._start == self._end and not self._fill():
            raise self._ended(ConnectionLost(f"{self.name} closed the connection inside a PDU"))
        start = self._start
        self._start = end = min(self._end, start + most)
        return self._view[start:end]

    def take_exactly(self, count: int) -> bytes:
        """Return a copy of the next `count` bytes, any number."""
        pieces = []
        while count:
            piece = self.take(count)
            count -= len(piece)
            pieces.append(bytes(piece))
        return b"".join(pieces)

    def discard(self, count: int) -> None:
        """Drop the next `count` bytes, any number."""
        while count:
            count -= len(self.take(count))

    def readable(self, wait: float | None = 0.0, *, or_stop: bool = False, bell: int | None = None) -> bool:
        """Tell whether there is something to take, be it the end of the stream, without taking it.

        Looks for it for `wait` seconds (None: without end); with `or_stop` no longer than until the Stop is
        requested, nor than until the descriptor `bell` can be read. Pieces that were taken before are not
        valid any more.
        """
        if self._start < self._end or (self._tls is not None and self._tls.pending()):
            return True
        descriptor = self._sock.fileno()
        if descriptor < 0:  # closed
            return False
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if or_stop and self._stop is not None:
            poll.register(self._stop, select.POLLIN)
        if bell is not None:
            poll.register(bell, select.POLLIN)
        end = None if wait is None else monotonic() + wait
        while True:
            if wait != 0.0 and _QUICKACK is not None:
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            left = None if end is None else max(end - monotonic(), 0.0)
            if not any(number == descriptor for number, _ in poll.poll(left and left * 1000)):
                return False
            if self._tls is None or self._fill_at_once(self._tls):
                return True
            if left == 0.0:  # it was a TLS record without data, or a part of one
                return False

    def _fill_at_once(self, tls: ssl.SSLSocket) -> bool:
        """Receive into the empty buffer what TLS has without waiting; False if that is nothing at all."""
        from ssl import SSLWantReadError

        self._start = self._end = 0
        tls.settimeout(0.0)
        try:
            self._end = tls.recv_into(self._view)
        except SSLWantReadError:
            return False
        except OSError:
            return True  # the next receive finds it again, and knows how to tell
        finally:
            tls.settimeout(self._timeout)
        return True

    def _fill(self) -> int:
        """Receive once into the buffer; 0 at the end of the stream."""
        if self._start:
            # Less than a header is left when more is needed, so moving it to the front costs nothing.
            left = self._end - self._start
            if left:
                self._view[:left] = self._view[self._start : self._end]
            self._start, self._end = 0, left
        try:
            if self._in_pieces:
                self._check_deadline()
            self._in_pieces = True
            if _QUICKACK is not None:
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            count = self._sock.recv_into(self._view[self._end :])
        except TimeoutError:
            raise self._silent(self._wait, "sent nothing") from None
        except OSError as error:
            raise self._failed(error) from error
        self._end += count
        self._progress += count
        if self._progress >= _RENEWAL:
            self._begin(self._wait)
        if not count and self._stop is not None and self._stop.expired:
            raise self._stop.error()
        return count

    # -- ending -------------------------------------------------------------------------------------

    def finish(self, wait: float) -> None:
        """Say that nothing more comes and wait, bounded, for the peer to close: the ARTIM timer.

        Closing at once could make the kernel reset the connection, and what was sent last would be lost.
        """
        with suppress(OSError, DimseError):
            self._close_tls()
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
            self._begin(wait)
            for _ in range(4):
                self._check_deadline()
                # Below TLS: what still comes is of no interest.
                if not socket.socket.recv_into(self._sock, self._view):
                    break
        self.close()

    def _close_tls(self) -> None:
        """Send close_notify, if there is a session to close, and do not wait for the peer's."""
        if self._tls is not None:
            self._timeout = 0.0
            self._tls.settimeout(0.0)
            with suppress(OSError, ValueError):
                self._tls.unwrap()

    def stop_receiving(self) -> None:
        """End the incoming half from any thread: a blocked receive returns, sending still works."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RD)

    def shutdown(self) -> None:
        """End the stream from any thread or signal handler: blocked calls return."""
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; what was received and not taken is gone.

        So is the buffer: a traceback may keep all else until the garbage is collected, and callers that
        speak something else come by the thousand.
        """
        self._drop()
        if self._stop is not None:
            self._stop.unregister(self.shutdown)
        self._sock.close()

    # -- deadlines ----------------------------------------------------------------------------------

    def end_within(self, seconds: float) -> None:
        """Replace the total limit: all that is still to come is the end, and it has `seconds` from now."""
        self._total = monotonic() + seconds

    def _begin(self, wait: float | None) -> None:
        """Start a deadline `wait` seconds from now."""
        self._wait = wait
        self._deadline = None
        self._in_pieces = False
        self._progress = 0
        timeout = wait
        if self._total is not None:
            left = self._total - monotonic()
            if left <= 0:
                raise limit_reached()
            timeout = left if wait is None else min(left, wait)
        if timeout != self._timeout:
            self._timeout = timeout
            self._sock.settimeout(timeout)

    def _check_deadline(self) -> None:
        """Shorten the socket's time-out to what is left, when something came in pieces.

        The deadline itself is fixed at the first piece, so that the usual case never reads the clock.
        """
        if self._timeout is None:
            return
        now = monotonic()
        if self._deadline is None:
            self._deadline = now + self._timeout
            if self._total is not None:
                self._deadline = min(self._deadline, self._total)
            return
        left = self._deadline - now
        if left <= 0:
            raise TimeoutError
        if left < self._timeout - _SLACK:
            self._timeout = left
            self._sock.settimeout(left)

    def _expired(self) -> bool:
        return self._total is not None and monotonic() >= self._total

    def _silent(self, wait: float | None, what: str) -> NoAnswer | LimitReached:
        if self._expired():
            return limit_reached()
        return NoAnswer(f"{self.name} {what} for {wait or 0:g} s")

    def _failed(self, error: OSError) -> Exception:
        """Tell TLS faults from TCP's; TLS 1.3 reports a bad client certificate only now."""
        if self._tls is not None:
            from dimsetools.association.tls import handshake_error, is_tls_fault

            if is_tls_fault(error):
                return self._ended(handshake_error(error, self.name, server=self._server))
        return self._ended(ConnectionLost(f"{self.name} closed the connection: {error.strerror}"))

    def _ended(self, error: ConnectionLost | TlsError) -> Exception:
        """Prefer our own wish to stop over what it looked like on the wire."""
        if self._stop is not None and self._stop.expired:
            return self._stop.error()
        return error


def limit_reached() -> LimitReached:
    """Return the exception for work that the total time-out cut off."""
    return LimitReached("the total time-out is over, work is left", hint="raise --total-timeout")
