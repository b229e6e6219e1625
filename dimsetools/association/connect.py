"""Open a TCP connection to a node: every address is tried, every failure has a name of its own."""

from __future__ import annotations

import errno
import socket
from time import monotonic

from dimsetools.errors import ConnectionRefused, ConnectTimeout, DimseError, NameNotFound, Unreachable
from dimsetools.escape import visible


def connect(host: str, port: int, *, wait: float | None, bind: str | None = None) -> socket.socket:
    """Return a connected socket; `wait` seconds are shared by all addresses of `host`.

    NameNotFound, ConnectionRefused, ConnectTimeout or Unreachable tell why there is none.
    """
    deadline = None if wait is None else monotonic() + wait
    failure: DimseError | None = None
    addresses = _resolve(host, port)
    for number, (family, address) in enumerate(addresses):
        share = None
        if deadline is not None:
            share = max(deadline - monotonic(), 0.0) / (len(addresses) - number)
        try:
            return _connect_one(family, address, share, bind)
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
    family: int, address: tuple[object, ...], wait: float | None, bind: str | None
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # 0 would mean non-blocking: an exhausted share still gets a moment.
        sock.settimeout(wait if wait is None else max(wait, 0.001))
        if bind is not None:
            sock.bind((bind, 0))
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


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
