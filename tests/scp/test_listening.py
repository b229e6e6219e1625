from __future__ import annotations

import os
import socket

import pytest

from dimsetools.scp.listening import CannotListen, is_loopback, listen


def test_all_addresses_share_a_free_port() -> None:
    listeners = listen(None, 0)
    ports = {listener.getsockname()[1] for listener in listeners}
    families = [listener.family for listener in listeners]
    for listener in listeners:
        listener.close()
    assert len(ports) == 1
    assert len(set(families)) == len(families)


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_one_address_of_either_family(host: str, family: socket.AddressFamily) -> None:
    if family is socket.AF_INET6 and not os.path.exists("/proc/net/if_inet6"):
        family, host = socket.AF_INET, "127.0.0.1"  # a machine without IPv6 has nothing to test here
    (listener,) = listen(host, 0)
    with listener, socket.socket(family) as caller:
        caller.settimeout(20)
        caller.connect(listener.getsockname())


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(CannotListen, match=f"cannot listen on {host} port 0") as caught:
        listen(host, 0)
    assert "--bind" in caught.value.hint


def test_a_port_that_is_taken() -> None:
    (listener,) = listen("127.0.0.1", 0)
    with listener, pytest.raises(CannotListen) as caught:
        listen("127.0.0.1", listener.getsockname()[1])
    assert caught.value.hint == "another program listens there"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("nowhere.invalid", False),
        ("\0", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, here: bool) -> None:
    assert is_loopback(host) is here
