"""Sockets that listen: both address families on one port, and what to do when descriptors run out."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address

from dimsetools.errors import DimseError

BACKLOG = 128
_PORT_ATTEMPTS = 8
_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})


class CannotListen(DimseError):
    """The address is not ours, not allowed, or taken."""

    name = "cannot-listen"
    retryable = True


def is_loopback(host: str) -> bool:
    """Whether every address of `host` is for this machine alone; False for an unknown name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Return non-blocking sockets on every address of `host` (None: all of this machine), one port for all.

    Port 0 picks one that is free for every address. CannotListen says why there is none.
    """
    where = f"{'every address' if host is None else host} port {port}"
    for attempt in range(_PORT_ATTEMPTS):
        try:
            return _listen_once(host, port)
        except OSError as error:
            taken_by_the_other_family = port == 0 and error.errno == errno.EADDRINUSE
            if not taken_by_the_other_family or attempt == _PORT_ATTEMPTS - 1:
                hint = "another program listens there" if error.errno == errno.EADDRINUSE else "check --bind"
                raise CannotListen(f"cannot listen on {where}: {error.strerror}", hint=hint) from error
    raise AssertionError("the loop returns or raises")


def _listen_once(host: str | None, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    listeners: list[socket.socket] = []
    refused: OSError | None = None
    try:
        for family, _, _, _, address in found:
            if listeners:
                port = listeners[0].getsockname()[1]
            try:
                listeners.append(_listen_at(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                refused = error
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    if not listeners:
        raise refused or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return listeners


def _listen_at(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # 0.0.0.0 has its own socket
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class Accepter:
    """Takes connections from listeners. A spare descriptor lets it turn callers away when none are left."""

    def __init__(self) -> None:
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give the spare descriptor back."""
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1

    def accept(self, listener: socket.socket) -> Iterator[socket.socket]:
        """Yield the connections that wait, at most a backlog of them so that nobody else starves."""
        for _ in range(BACKLOG):
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_DESCRIPTOR:
                    self._turn_away(listener)
                continue  # the caller has gone, or has been turned away
            connection.setblocking(True)
            yield connection

    def _turn_away(self, listener: socket.socket) -> None:
        """Accept one caller on the spare descriptor and close at once: waiting, it would wake us for ever."""
        self.close()
        with contextlib.suppress(OSError):
            listener.accept()[0].close()
        with contextlib.suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
