"""Peers to retrieve from: an archive in memory for queries, and what scripted ones say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.dataset.attributes import Attributes, texts
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.levels import LEVEL
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.message.sinks import MemorySink
from dimsetools.services.get import Getter
from dimsetools.services.retrieve import Event, Landed, Retrieved, Wanted
from dimsetools.services.retriever import Manner
from tests.association.ends import AMPLE
from tests.corpus import CT_IMAGE, ROOT, element, make_dataset
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step, closed, expect_message
from tests.scripted.conversation import release as released
from tests.scripted.peers import HOST, ScriptedServer
from tests.services.querying import STUDY_FIND


def keys(**names: object) -> Attributes:
    return from_flat(names)


class Archive:
    """Answers queries from records with all levels' keys in them; `asked` keeps the queries."""

    def __init__(self, *records: Mapping[str, object]) -> None:
        self._records = [from_flat(record) for record in records]
        self.asked: list[tuple[str, Attributes]] = []

    def __call__(self, level: str, wanted: Attributes) -> list[Attributes]:
        self.asked.append((level, wanted))
        return list(self._matches({tag: wanted[tag] for tag in wanted if tag != LEVEL}))

    def _matches(self, wanted: Attributes) -> Iterator[Attributes]:
        seen = set()
        for record in self._records:
            fits = all(
                not attribute.values or set(texts(record, tag)) & set(attribute.values)
                for tag, attribute in wanted.items()
            )
            answer = {tag: record[tag] for tag in wanted if tag in record}
            if fits and str(answer) not in seen:
                seen.add(str(answer))
                yield answer


# -- scripted peers ---------------------------------------------------------------------------------

STUDY_GET, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"
C_GET_RQ, C_MOVE_RQ = 0x0010, 0x0021
PENDING = 0xFF00
STUDY = Wanted("STUDY", keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.1"))
OTHER = Wanted("STUDY", keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2"))


def failed_list(*uids: str) -> bytes:
    """An identifier with a Failed SOP Instance UID List, in explicit VR."""
    value = "\\".join(uids).encode()
    return element(0x0008, 0x0058, b"UI", value)


def rsp(
    status: int,
    counts: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None),
    data: bytes | None = None,
    *more: bytes,
    field: int = C_GET_RQ,
    number: int = 1,
    context: int = 1,
) -> bytes:
    """C-GET-RSP or C-MOVE-RSP; `counts` are remaining, completed, failed, warning."""
    told = [wire.us(0x1020 + place, count) for place, count in enumerate(counts) if count is not None]
    command = wire.command_set(
        wire.ui(2, STUDY_GET if field == C_GET_RQ else STUDY_MOVE),
        wire.us(0x100, field | 0x8000),
        wire.us(0x120, number),
        wire.us(0x800, wire.NO_DATA_SET if data is None else 1),
        wire.us(0x900, status),
        *more,
        *told,
    )
    return wire.message(command, data, context=context)


def accepting(*, refused: tuple[str, ...] = (), roles: bool = True) -> Step:
    """Step: accept every context but those of `refused`, and grant the roles that are asked for."""

    def step(talk: Conversation) -> None:
        request = talk.expect(wire.ASSOCIATE_RQ)
        results = [
            wire.Result(
                context.id, 3 if context.abstract_syntax in refused else 0, context.transfer_syntaxes[0]
            )
            for context in wire.parse_contexts(request.body)
        ]
        talk.send(wire.associate_ac(results, more=role_items(request.body) if roles else b""))

    return step


def role_items(request: bytes) -> bytes:
    """The role selection items of an A-ASSOCIATE-RQ, as they are."""
    found = b""
    for kind, body in wire._items(request[68:]):
        if kind == 0x50:
            for sub, item in wire._items(body):
                if sub == 0x54:
                    found += wire.item(0x54, item)
    return found


def asked(field: int = C_GET_RQ) -> Step:
    """Step: take the request of a retrieve."""
    return expect_message(field)


def context_of(talk: Conversation, sop_class: str) -> int:
    """The first presentation context that was proposed for a class."""
    request = next(pdu for pdu in talk.received if pdu.kind == wire.ASSOCIATE_RQ)
    return next(
        context.id for context in wire.parse_contexts(request.body) if context.abstract_syntax == sop_class
    )


def send_object(number: int, *, message_id: int = 1, sop_class: str = CT_IMAGE, uid: str = "") -> Step:
    """Step: send an object as a sub-operation and take its answer, which is in `talk.last`."""

    def step(talk: Conversation) -> None:
        talk.send(store(talk, number, message_id, sop_class, uid))
        assert talk.read_message().number(0x100) == wire.C_STORE_RSP

    return step


def store(
    talk: Conversation, number: int, message_id: int = 1, sop_class: str = CT_IMAGE, uid: str = ""
) -> bytes:
    """A C-STORE-RQ with its data set."""
    uid = uid or instance(number)
    data = make_dataset(number, sop_class=sop_class, instance=uid)
    request = wire.store_rq(message_id, sop_class, uid)
    return wire.message(request, data, context=context_of(talk, sop_class))


def instance(number: int) -> str:
    """The UID of an object of the corpus."""
    return f"{ROOT}.3.{number}"


END = (released(), closed())


# -- our side ---------------------------------------------------------------------------------------


class Shelf:
    """Keeps objects in memory; `statuses` says what to answer instead of success."""

    def __init__(self, statuses: Mapping[str, int] | None = None) -> None:
        self.kept: dict[str, bytes] = {}
        self.discarded: list[str] = []
        self._statuses = statuses or {}

    def begin(self, incoming: Incoming) -> Shelved:
        request = incoming.command
        assert isinstance(request, CStoreRq)
        uid = request.affected_sop_instance_uid
        return Shelved(self, uid, self._statuses.get(uid, 0))


class Shelved:
    """One object on its way to a Shelf."""

    def __init__(self, shelf: Shelf, uid: str, status: int) -> None:
        self.sink = MemorySink(1 << 20)
        self._shelf = shelf
        self._uid = uid
        self._status = status

    def finish(self) -> Reply:
        if self._status:
            return Reply(self._status, "no room")
        self._shelf.kept[self._uid] = self.sink.value()
        return Reply(0)

    def discard(self) -> None:
        self._shelf.discarded.append(self._uid)


class Reply(NamedTuple):
    status: int
    comment: str = ""
    record: Mapping[str, object] | None = None
    then: Callable[[], None] | None = None


def get(
    server: ScriptedServer,
    *wanted: Wanted,
    shelf: Shelf | None = None,
    chosen: Sequence[str] | None = (CT_IMAGE,),
    syntaxes: Sequence[str] = (wire.EXPLICIT_LE,),
    stop: Stop | None = None,
    find: str = STUDY_FIND,
    timeouts: Timeouts = AMPLE,
    **manner: Any,
) -> list[Event]:
    """All events of C-GETs from a scripted peer."""
    getter = Getter(
        Target(HOST, server.port, timeouts=timeouts),
        Manner(STUDY_GET, find, **manner),
        (shelf or Shelf()).begin,
        chosen=chosen,
        syntaxes=syntaxes,
        stop=stop,
    )
    return list(getter.run(iter(wanted or (STUDY,))))


def retrieved(events: Iterable[Event]) -> list[Retrieved]:
    return [event for event in events if isinstance(event, Retrieved)]


def landed(events: Iterable[Event]) -> list[Landed]:
    return [event for event in events if isinstance(event, Landed)]
