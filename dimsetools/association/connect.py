"""Open a TCP connection to a node: every address is tried, every failure has a name of its own.

The wait for the name server and for the node ends with its time-out or with a Stop, whichever is first;
nothing is in flight yet that deserves a grace.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from math import ceil
from time import monotonic
from typing import Any

from dimsetools.association.stop import Stop
from dimsetools.errors import ConnectionRefused, ConnectTimeout, DimseError, NameNotFound, Unreachable
from dimsetools.escape import visible


def connect(
    host: str,
    port: int,
    *,
    name: str = "",
    wait: float | None,
    bind: str | None = None,
    stop: Stop | None = None,
) -> socket.socket:
    """Return a connected socket; `wait` seconds are shared by all addresses of `host`.

    `name` is what messages call the peer, `host:port` if there is none.
    NameNotFound, ConnectionRefused, ConnectTimeout or Unreachable tell why there is none; Interrupted
    ends the wait as soon as `stop` is requested.
    """
    deadline = None if wait is None else monotonic() + wait
    failure: DimseError | None = None
    name = visible(name or f"{host}:{port}")
    addresses = _resolve(host, port, name, wait, stop)
    for number, (family, address) in enumerate(addresses):
        share = None
        if deadline is not None:
            share = max(deadline - monotonic(), 0.0) / (len(addresses) - number)
        try:
            return _connect_one(family, address, share, bind, stop)
        except OSError as error:
            failure = _explain(error, name, wait)
    if failure is None:
        raise NameNotFound(f"{name} has no address")
    raise failure


def _resolve(
    host: str, port: int, name: str, wait: float | None, stop: Stop | None
) -> list[tuple[int, tuple[object, ...]]]:
    try:
        try:
            # As bytes: for text Python loads its tables of international names first.
            address: str | bytes = host.encode() if host.isascii() else host
            found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:  # a name, then
            found = _look_up(host, port, name, wait, stop)
    except (socket.gaierror, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a host name"
        raise NameNotFound(
            f"host name of {name} not found: {why}", hint="check the spelling and the name server"
        ) from error
    return [(family, address) for family, _, _, _, address in found]


def _look_up(host: str, port: int, name: str, wait: float | None, stop: Stop | None) -> list[Any]:
    """Call getaddrinfo in a thread: a name server that is silent can be neither timed out nor interrupted."""
    found: list[Any] = []
    reader, writer = os.pipe()

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)
        finally:
            os.close(writer)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        if not _poll(reader, select.POLLIN, wait, stop):
            raise ConnectTimeout(
                f"no name server told the address of {name} within {wait or 0:g} s",
                hint="check the name server, or give the address itself",
            )
    finally:
        os.close(reader)
    if isinstance(found[0], Exception):
        raise found[0]
    addresses: list[Any] = found[0]
    return addresses


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
            if not _poll(sock, select.POLLOUT, wait, stop):
                raise TimeoutError
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        sock.setblocking(True)
    except BaseException:
        sock.close()
        raise
    return sock


def _poll(what: socket.socket | int, event: int, wait: float | None, stop: Stop | None) -> bool:
    """Wait for `event`; False if it did not come within `wait` seconds, Interrupted if `stop` did."""
    poll = select.poll()
    poll.register(what, event)
    if stop is not None:
        poll.register(stop, select.POLLIN)
    happened = poll.poll(None if wait is None else ceil(wait * 1000))
    if stop is not None and stop.requested:
        raise stop.error()
    return bool(happened)


def _explain(error: OSError, name: str, wait: float | None) -> DimseError:
    if isinstance(error, TimeoutError):
        return ConnectTimeout(
            f"{name} did not answer the connection request within {wait or 0:g} s",
            hint="the host is down, or a firewall drops the packets",
        )
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(
            f"{name} refused the connection", hint="no DICOM node listens there: check the port"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return Unreachable(f"cannot call {name} from that address: {error.strerror}", hint="check --bind")
    return Unreachable(f"cannot reach {name}: {error.strerror}", hint="check the address and the route")
