"""Connecting: every address is tried, every failure has its own name, and nothing outlasts its time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from dimsetools.association.connect import connect
from dimsetools.association.stop import Stop
from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    ConnectionRefused,
    ConnectTimeout,
    ExitCode,
    Interrupted,
    LimitReached,
    NameNotFound,
    Terminated,
    Unreachable,
)
from tests.association.ends import call
from tests.scripted.peers import HOST, refusing_port, unanswered_port


def addresses(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int]) -> None:
    """Let any host name resolve to `found`."""
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: entries)


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listener_is_reached(family: int, host: str) -> None:
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        with connect(host, port, wait=5) as sock:
            assert sock.getpeername()[:2] == (host, port)
            assert sock.gettimeout() is None


def test_refused() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefused) as caught:
        connect(HOST, port, wait=5)
    error = caught.value
    assert error.message == f"{HOST}:{port} refused the connection"
    assert (error.exit_code, error.retryable) == (60, True)
    assert "check the port" in error.hint


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300, "\x1b[31mred"])
def test_a_name_that_is_none(host: str) -> None:
    with pytest.raises(NameNotFound) as caught:
        connect(host, 104, wait=5)
    assert caught.value.exit_code == 60
    assert caught.value.message.startswith("host name ")
    assert "\x1b" not in caught.value.message


def test_a_dropped_request_ends_with_its_time() -> None:
    with unanswered_port() as port:
        began = monotonic()
        with pytest.raises(ConnectTimeout) as caught:
            connect(HOST, port, wait=0.2)
        assert 0.19 < monotonic() - began < 1.2
    assert caught.value.message == f"{HOST}:{port} did not answer the connection request within 0.2 s"
    assert (caught.value.exit_code, caught.value.retryable) == (60, True)


def test_the_next_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_port() as bad, socket.create_server((HOST, 0)) as listener:
        good = listener.getsockname()[1]
        addresses(monkeypatch, (HOST, bad), (HOST, good))
        with connect("node", 104, wait=5) as sock:
            assert sock.getpeername()[1] == good


def test_addresses_share_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with unanswered_port() as silent, socket.create_server((HOST, 0)) as listener:
        addresses(monkeypatch, (HOST, silent), listener.getsockname())
        began = monotonic()
        connect("node", 104, wait=0.4).close()
        assert monotonic() - began < 1.2


def test_the_last_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with unanswered_port() as silent, refusing_port() as refusing:
        addresses(monkeypatch, (HOST, silent), (HOST, refusing))
        with pytest.raises(ConnectionRefused, match="node:104 refused"):
            connect("node", 104, wait=0.4)


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch)
    with pytest.raises(NameNotFound, match="node:104 has no address"):
        connect("node", 104, wait=5)


@pytest.fixture
def silent_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    over, done, ask = threading.Event(), threading.Event(), socket.getaddrinfo

    def wait(*args: Any, **options: Any) -> object:
        if options.get("flags") == socket.AI_NUMERICHOST:
            return ask(*args, **options)
        over.wait(10)
        done.set()
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield
    over.set()
    assert done.wait(10)


@pytest.mark.usefixtures("silent_name_server")
def test_a_silent_name_server_ends_with_the_time() -> None:
    with pytest.raises(ConnectTimeout, match=r"no name server told the address of node:104 within 0\.1 s"):
        connect("node", 104, wait=0.1)
    with pytest.raises(LimitReached):
        call(104, host="node", timeouts=Timeouts(total=0.1))


@pytest.mark.usefixtures("silent_name_server")
def test_a_silent_name_server_can_be_interrupted() -> None:
    stop = Stop()
    stop.request()
    with pytest.raises(Interrupted):
        connect("node", 104, wait=30, stop=stop)


def test_the_caller_is_at_the_address_that_it_chose() -> None:
    with (
        socket.create_server((HOST, 0)) as listener,
        connect(HOST, listener.getsockname()[1], wait=5, bind="127.0.0.2") as sock,
    ):
        assert sock.getsockname()[0] == "127.0.0.2"


def test_an_address_that_cannot_be_reached() -> None:
    with pytest.raises(Unreachable, match=r"cannot reach 255\.255\.255\.255:104: ") as caught:
        connect("255.255.255.255", 104, wait=5)
    assert (caught.value.exit_code, caught.value.retryable) == (60, True)


def test_an_address_that_is_not_ours_cannot_be_chosen() -> None:
    with pytest.raises(Unreachable, match="cannot call") as caught:
        connect(HOST, 104, wait=5, bind="192.0.2.1")
    assert caught.value.hint == "check --bind"


@pytest.mark.parametrize("code", [ExitCode.INTERRUPTED, ExitCode.TERMINATED])
def test_an_interrupt_ends_the_wait_at_once(code: ExitCode) -> None:
    stop = Stop()
    stop.fileno()
    with unanswered_port() as port, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connect, HOST, port, wait=30, stop=stop)
        stop.request(code)
        error = waiting.exception(5)
    stop.close()
    assert type(error) is (Terminated if code is ExitCode.TERMINATED else Interrupted)


def test_the_total_limit_holds_while_connecting() -> None:
    with unanswered_port() as port:
        began = monotonic()
        with pytest.raises(LimitReached):
            call(port, timeouts=Timeouts(connect=30, total=0.2))
        assert monotonic() - began < 1.2


def test_the_shorter_of_both_limits_is_named() -> None:
    with unanswered_port() as port, pytest.raises(ConnectTimeout, match=r"within 0\.2 s"):
        call(port, timeouts=Timeouts(connect=0.2, total=30))
