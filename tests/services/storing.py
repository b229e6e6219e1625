"""Objects to send, scripted peers that take them, and what to look at afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.errors import DimseError
from dimsetools.services.examine import Item, examine
from dimsetools.services.store import Event, Manner, Sender, Stored
from tests.corpus import make_folder
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import HOST, ScriptedServer

TAKE = step.expect_message(wire.C_STORE_RQ)
END = (step.release(), step.closed())
SHORT = Timeouts(connect=2.0, acse=2.0, dimse=0.4)


def items_of(*paths: Path) -> list[Item]:
    return [entry for entry in examine(map(str, paths)) if isinstance(entry, Item)]


def folder(tmp_path: Path, count: int) -> list[Item]:
    return items_of(*(made.path for made in make_folder(tmp_path / "in", count)))


def send(
    server: ScriptedServer | int,
    items: Sequence[Item],
    manner: Manner | None = None,
    *,
    timeouts: Timeouts | None = None,
    stop: Stop | None = None,
    window: int = 1,
) -> list[Event]:
    port = server if isinstance(server, int) else server.port
    target = Target(HOST, port, timeouts=timeouts or Timeouts(), async_window=window)
    return list(Sender(target, manner or Manner(), stop=stop).send(items))


def stored(events: Iterable[Event]) -> list[Stored]:
    return [event for event in events if isinstance(event, Stored)]


def errors(events: Iterable[Event]) -> list[type[DimseError] | None]:
    return [None if event.error is None else type(event.error) for event in stored(events)]


def instances(server: ScriptedServer) -> list[str]:
    """The SOP instance UIDs that arrived as whole messages, over all connections."""
    return [
        message.command[0x1000].rstrip(b"\0").decode()
        for talk in server.conversations
        for message in talk.messages
    ]


def uids(items: Iterable[Item]) -> list[str]:
    return [item.meta.sop_instance_uid for item in items]


def serve(talk: Conversation) -> None:
    """Step: answer every C-STORE with success until the other side asks for release."""
    while True:
        head = talk.sock.recv(1, 0x2)  # MSG_PEEK
        if head == bytes((wire.RELEASE_RQ,)):
            break
        step.store()(talk)
    step.release()(talk)


def rejecting(*transfer_syntaxes: str, classes: Sequence[str] = ()) -> Step:
    """Step: accept the contexts with these syntaxes (and classes) alone."""

    def run(talk: Conversation) -> None:
        request = talk.expect(wire.ASSOCIATE_RQ)
        results = []
        for context in wire.parse_contexts(request.body):
            (syntax,) = context.transfer_syntaxes
            good = syntax in transfer_syntaxes and (not classes or context.abstract_syntax in classes)
            results.append(wire.Result(context.id, 0 if good else 4, syntax))
        talk.send(wire.associate_ac(results))

    return run


def answer_last(talk: Conversation) -> None:
    uid = talk.last.command[0x1000].rstrip(b"\0")
    talk.send(wire.message(wire.store_rsp(talk.last.message_id, sop_instance=uid)))
