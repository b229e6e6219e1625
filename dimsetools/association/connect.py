"""Open a TCP connection to a node: every address is tried, every failure has a name of its own.

The wait for the answer ends with its time-out or with a Stop, whichever is first; nothing is in flight
yet that deserves a grace.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from math import ceil
from time import monotonic

from dimsetools.association.stop import Stop
from dimsetools.errors import ConnectionRefused, ConnectTimeout, DimseError, NameNotFound, Unreachable
from dimsetools.escape import visible


def connect(
    host: str, port: int, *, wait: float | None, bind: str | None = None, stop: Stop | None = None
) -> socket.socket:
    """Return a connected socket; `wait` seconds are shared by all addresses of `host`.

    NameNotFound, ConnectionRefused, ConnectTimeout or Unreachable tell why there is none; Interrupted
    ends the wait as soon as `stop` is requested.
    """
    deadline = None if wait is None else monotonic() + wait
    failure: DimseError | None = None
    addresses = _resolve(host, port)
    for number, (family, address) in enumerate(addresses):
        share = None
        if deadline is not None:
            share = max(deadline - monotonic(), 0.0) / (len(addresses) - number)
        try:
            return _connect_one(family, address, share, bind, stop)
        except OSError as error:
            failure = _explain(error, host, port, wait)
    if failure is None:
        raise NameNotFound(f"{visible(host)} has no address")
    raise failure


def _resolve(host: str, port: int) -> list[tuple[int, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a host name"
        raise NameNotFound(
            f"host name {visible(host)} not found: {why}", hint="check the spelling and the name server"
        ) from error
    return [(family, address) for family, _, _, _, address in found]


def _connect_one(
    family: int, address: tuple[object, ...], wait: float | None, bind: str | None, stop: Stop | None
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if bind is not None:
            sock.bind((bind, 0))
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            code = _await_answer(sock, wait, stop)
        if code:
            raise OSError(code, os.strerror(code))
        sock.setblocking(True)
    except BaseException:
        sock.close()
        raise
    return sock


def _await_answer(sock: socket.socket, wait: float | None, stop: Stop | None) -> int:
    """Return the error number that a connection request under way ends with, 0 if it succeeds."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if stop is not None:
        poll.register(stop, select.POLLIN)
    answered = poll.poll(None if wait is None else ceil(wait * 1000))
    if stop is not None and stop.requested:
        raise stop.error()
    if not answered:
        raise TimeoutError
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _explain(error: OSError, host: str, port: int, wait: float | None) -> DimseError:
    where = f"{visible(host)} port {port}"
    if isinstance(error, TimeoutError):
        return ConnectTimeout(
            f"{where} did not answer the connection request within {wait or 0:g} s",
            hint="the host is down, or a firewall drops the packets",
        )
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(
            f"{where} refused the connection", hint="no DICOM node listens there: check the port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return Unreachable(f"cannot call {where} from that address: {error.strerror}", hint="check --bind")
    return Unreachable(f"cannot reach {where}: {error.strerror}", hint="check the address and the route")
