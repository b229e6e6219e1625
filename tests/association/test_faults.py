"""Bad peers, one by one: what the user is told, with which exit status, and how soon it is over.

The core's part of it; what a command makes of these errors is tested with the commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import pytest

from dimsetools.association.values import Timeouts
from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ConnectionRefused,
    ConnectTimeout,
    DimseError,
    NameNotFound,
    NoAnswer,
    ProtocolError,
    Rejected,
    TlsError,
)
from dimsetools.message.composite import CEchoRq
from dimsetools.message.exchange import Exchange
from tests.association.ends import call
from tests.scripted import wire
from tests.scripted.conversation import (
    Step,
    accept,
    close,
    closed,
    expect,
    expect_message,
    reset,
    send,
    send_half,
    stall,
    trickle,
)
from tests.scripted.peers import refusing_port, scripted_server, unanswered_port

SOON = Timeouts(connect=0.3, acse=0.3, dimse=0.3, idle=0.3)
REQUEST = expect(wire.ASSOCIATE_RQ)
ECHO = expect_message(wire.C_ECHO_RQ)
ABORTED = expect(wire.ABORT)


def echo(port: int, host: str = "127.0.0.1") -> None:
    """All that `dimse echo` does on the wire."""
    with call(port, host=host, timeouts=SOON) as association:
        context = association.context_for(wire.VERIFICATION)
        assert context is not None
        Exchange(association).call(context, CEchoRq())


def failure(script: Sequence[Step]) -> tuple[DimseError, float]:
    """How an echo with this peer fails, and after how many seconds."""
    with scripted_server(script) as peer:
        began = monotonic()
        with pytest.raises(DimseError) as caught:
            echo(peer.port)
        return caught.value, monotonic() - began


def answer(*elements: bytes, context: int = 1) -> Step:
    """Step: a response made of these elements."""
    return send(wire.message(wire.command_set(*elements), context=context))


ECHO_RSP = (wire.ui(2, wire.VERIFICATION), wire.us(0x100, 0x8030))
NO_DATA = wire.us(0x800, 0x0101)

# What the peer does -> exception, exit status, may the same call succeed later, words of the message.
FAULTS: dict[str, tuple[Sequence[Step], type[DimseError], int, bool, str]] = {
    "silent after connect": (
        [stall()],
        NoAnswer,
        62,
        True,
        "accepted the connection, but did not answer the association request",
    ),
    "half an A-ASSOCIATE-AC, then silence": (
        [REQUEST, send_half(wire.associate_ac()), stall()],
        NoAnswer,
        62,
        True,
        "did not answer the association",
    ),
    "an A-ASSOCIATE-AC byte by byte": (
        [REQUEST, trickle(wire.associate_ac(), 0.02)],
        NoAnswer,
        62,
        True,
        "did not answer the association",
    ),
    "hangs up at once": ([close()], ConnectionLost, 62, True, "closed the connection"),
    "hangs up instead of an answer": (
        [REQUEST, close()],
        ConnectionLost,
        62,
        True,
        "closed the connection instead of answering the association",
    ),
    "resets": ([REQUEST, reset()], ConnectionLost, 62, True, "closed the connection"),
    "hangs up within the answer": (
        [REQUEST, send_half(wire.associate_ac()), close()],
        ConnectionLost,
        62,
        True,
        "closed the connection",
    ),
    "aborts instead of an answer": (
        [REQUEST, send(wire.abort()), closed()],
        Aborted,
        61,
        True,
        "aborted the association",
    ),
    "aborts, as the upper layer": (
        [REQUEST, send(wire.abort(2, 5)), closed()],
        Aborted,
        61,
        True,
        "aborted the association: unexpected PDU parameter",
    ),
    "answers with data": (
        [REQUEST, send(wire.p_data(wire.pdv(b"x"))), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "P-DATA-TF out of",
    ),
    "answers with a release": (
        [REQUEST, send(wire.release_rq()), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "A-RELEASE-RQ out of turn",
    ),
    "answers with a request": (
        [REQUEST, send(wire.associate_rq()), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "A-ASSOCIATE-RQ out of",
    ),
    "an endless A-ASSOCIATE-AC": (
        [REQUEST, send(wire.pdu(2, b"", length=2**32 - 1)), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "announced A-ASSOCIATE-AC of 4294967295 bytes",
    ),
    "a web server": (
        [REQUEST, send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), closed()],
        ProtocolError,
        62,
        False,
        "speaks HTTP, not DICOM",
    ),
    "a TLS server": (
        [REQUEST, send(b"\x15\x03\x01\0\2\2\x46"), closed()],
        TlsError,
        70,
        False,
        "answered with a TLS alert",
    ),
    "a shell": (
        [send(b"SSH-2.0-OpenSSH_9.6\r\n"), closed()],
        ProtocolError,
        62,
        False,
        "no DICOM PDU (type 53H)",
    ),
    "silent after opening": ([accept(), stall()], NoAnswer, 62, True, "sent nothing for 0.3 s"),
    "silent after the request": ([accept(), ECHO, stall()], NoAnswer, 62, True, "sent nothing for 0.3 s"),
    "silent within a PDU": (
        [accept(), ECHO, send_half(wire.message(wire.echo_rsp())), stall()],
        NoAnswer,
        62,
        True,
        "sent nothing for",
    ),
    "one byte at a time": (
        [accept(), ECHO, trickle(wire.message(wire.echo_rsp()), 0.02)],
        NoAnswer,
        62,
        True,
        "sent nothing for 0.3",
    ),
    "hangs up before the response": (
        [accept(), ECHO, close()],
        ConnectionLost,
        62,
        True,
        "closed the connection",
    ),
    "resets before the response": (
        [accept(), ECHO, reset()],
        ConnectionLost,
        62,
        True,
        "closed the connection",
    ),
    "hangs up within the response": (
        [accept(), ECHO, send_half(wire.message(wire.echo_rsp())), close()],
        ConnectionLost,
        62,
        True,
        "closed the connection inside a PDU",
    ),
    "aborts instead of the response": (
        [accept(), ECHO, send(wire.abort(2, 6)), closed()],
        Aborted,
        61,
        True,
        "invalid PDU parameter value",
    ),
    "releases instead of the response": (
        [accept(), ECHO, send(wire.release_rq()), expect(wire.RELEASE_RP), closed()],
        ConnectionLost,
        62,
        True,
        "released the association without answering",
    ),
    "a wrong message ID": (
        [accept(), ECHO, send(wire.message(wire.echo_rsp(99))), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "answered a message 99 that was not asked",
    ),
    "a wrong type": (
        [accept(), ECHO, send(wire.message(wire.store_rsp())), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "answered a C-ECHO-RQ with a C-STORE-RSP",
    ),
    "a wrong context": (
        [accept(), ECHO, send(wire.message(wire.echo_rsp(), context=3)), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "answered in presentation context 3 what was asked in 1",
    ),
    "a request": (
        [accept(), ECHO, send(wire.message(wire.echo_rq())), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "sent a C-ECHO-RQ where a response belongs",
    ),
    "no status": (
        [accept(), ECHO, answer(*ECHO_RSP, wire.us(0x120, 1), NO_DATA), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "sent a C-ECHO-RSP without Status",
    ),
    "an empty status": (
        [
            accept(),
            ECHO,
            answer(*ECHO_RSP, wire.us(0x120, 1), NO_DATA, wire.element(0x900, b"")),
            ABORTED,
            closed(),
        ],
        ProtocolError,
        62,
        False,
        "sent a C-ECHO-RSP without Status",
    ),
    "no message ID": (
        [accept(), ECHO, answer(*ECHO_RSP, NO_DATA, wire.us(0x900, 0)), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "sent a C-ECHO-RSP without MessageIDBeingRespondedTo",
    ),
    "a data set that cannot be": (
        [
            accept(),
            ECHO,
            answer(*ECHO_RSP, wire.us(0x120, 1), wire.us(0x800, 1), wire.us(0x900, 0)),
            ABORTED,
            closed(),
        ],
        ProtocolError,
        62,
        False,
        "announced a data set after a C-ECHO-RSP",
    ),
    "data instead of a command": (
        [accept(), ECHO, send(wire.p_data(wire.pdv(b"data"))), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "sent data where a command set belongs",
    ),
    "junk instead of a command": (
        [accept(), ECHO, send(wire.message(b"junk")), ABORTED, closed()],
        ProtocolError,
        62,
        False,
        "a command set ends inside an element",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_peer(fault: str) -> None:
    script, kind, status, retryable, words = FAULTS[fault]
    error, seconds = failure(script)
    assert type(error) is kind
    assert words in error.message
    assert "127.0.0.1:" in error.message
    assert (error.exit_code, error.retryable) == (status, retryable)
    assert seconds < 1.5


@pytest.mark.parametrize("result", [1, 2])
@pytest.mark.parametrize(
    ("source", "reason"),
    [(1, n) for n in range(1, 11)] + [(2, n) for n in (1, 2)] + [(3, n) for n in range(8)],
)
def test_every_rejection(result: int, source: int, reason: int) -> None:
    error, _ = failure([REQUEST, send(wire.associate_rj(result, source, reason)), closed()])
    assert isinstance(error, Rejected)
    assert (error.result, error.source, error.reason) == (result, source, reason)
    assert (error.exit_code, error.retryable) == (61, result == 2)
    assert ("permanently" if result == 1 else "for now") in error.message


def test_nobody_there() -> None:
    with refusing_port() as port, pytest.raises(ConnectionRefused):
        echo(port)
    with unanswered_port() as port, pytest.raises(ConnectTimeout):
        echo(port)
    with pytest.raises(NameNotFound):
        echo(104, host="no-such-host.invalid")
