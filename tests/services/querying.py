"""What the scripted peers of the query tests say, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target
from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.services.find import Event, Finder, Finished, Manner, Match
from tests.association.ends import AMPLE
from tests.dataset.encoding import Encoding
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step, accept, expect_message
from tests.scripted.peers import HOST, ScriptedServer, scripted_server

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020

PENDING, PENDING_WARNING, CANCELLED = 0xFF00, 0xFF01, 0xFE00


def find_rsp(
    status: int, data: bytes | None = None, *more: bytes, number: int = 1, context: int = 1
) -> bytes:
    """C-FIND-RSP (PS3.7 table 9.3-4), with `data` as its identifier."""
    command = wire.command_set(
        wire.ui(2, STUDY_FIND),
        wire.us(0x100, C_FIND_RSP),
        wire.us(0x120, number),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        wire.us(0x900, status),
        *more,
    )
    return wire.message(command, data, context=context)


def answering(make: Callable[[int], bytes]) -> Step:
    """Step: take a C-FIND-RQ and send what `make` returns for its message ID."""

    def step(talk: Conversation) -> None:
        request = talk.read_message()
        assert request.number(0x100) == C_FIND_RQ
        talk.send(make(request.message_id))

    return step


def on_cancel(answer: bytes) -> Step:
    """Step: send `answer` once a C-CANCEL-RQ has come."""

    def step(talk: Conversation) -> None:
        assert talk.read_message().number(0x100) == wire.C_CANCEL_RQ
        talk.send(answer)

    return step


def until_cancelled(answer: bytes, then: bytes = b"") -> Step:
    """Step: send `answer` again and again until a C-CANCEL-RQ has come, then `then`."""

    def step(talk: Conversation) -> None:
        talk.sock.settimeout(0.001)
        while True:
            try:
                talk.sock.recv(1, 2)  # MSG_PEEK
                break
            except TimeoutError:
                talk.sock.settimeout(10)
                talk.send(answer)
                talk.sock.settimeout(0.001)
        talk.sock.settimeout(10)
        on_cancel(then)(talk)

    return step


def forever(answer: bytes) -> Step:
    """Step: send `answer` until the other side has had enough."""

    def step(talk: Conversation) -> None:
        try:
            while not talk.over.is_set():
                talk.send(answer)
        except OSError:
            return

    return step


# -- our side ---------------------------------------------------------------------------------------

EXPLICIT = Encoding("<", True)
QUERY: Attributes = {
    0x00080020: Attribute("DA", ("20260101-",)),
    0x00080052: Attribute("CS", ("STUDY",)),
    0x0020000D: Attribute("UI", ()),
}
PATIENT_NAME = 0x00100010
MANNER = Manner(STUDY_FIND)


def named(name: str | bytes) -> bytes:
    """The identifier of a match: a patient's name in explicit little endian, padded."""
    raw = name.encode("ascii") if isinstance(name, str) else name
    return EXPLICIT.element(PATIENT_NAME, "PN", raw + b" " * (len(raw) % 2))


def match(name: str | bytes = "DOE", status: int = PENDING, number: int = 1) -> bytes:
    return find_rsp(status, named(name), number=number)


DONE = find_rsp(0)


def finder(
    peer: ScriptedServer, manner: Manner = MANNER, *, stop: Stop | None = None, total: float | None = None
) -> Finder:
    target = Target(HOST, peer.port, timeouts=AMPLE._replace(total=total))
    return Finder(target, manner, stop=stop)


def run(
    *steps: Step,
    manner: Manner = MANNER,
    queries: Sequence[Attributes] = (QUERY,),
    stop: Stop | None = None,
    total: float | None = None,
) -> list[Event]:
    """All events of queries against a peer that accepts and plays `steps`."""
    with scripted_server([accept(), *steps]) as peer:
        events = list(finder(peer, manner, stop=stop, total=total).find(queries))
        peer.finish()
    return events


def matches(events: Iterable[Event]) -> list[Match]:
    return [event for event in events if isinstance(event, Match)]


def names(events: Iterable[Event]) -> list[str]:
    return [text(event.attributes or {}, PATIENT_NAME) for event in matches(events)]


def last(events: Sequence[Event]) -> Finished:
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished


asked = expect_message(C_FIND_RQ)
