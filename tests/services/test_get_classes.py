from __future__ import annotations

import pytest

from dimsetools.errors import (
    ExitCode,
    NoContext,
)
from dimsetools.services.retrieve import Counts, Noted
from tests.corpus import CT_IMAGE, MR_IMAGE
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server
from tests.services.querying import find_rsp
from tests.services.retrieving import (
    END,
    OTHER,
    PENDING,
    STUDY_GET,
    Shelf,
    accepting,
    asked,
    failed_list,
    get,
    instance,
    retrieved,
    rsp,
    send_object,
)


def answer_find(*matches: bytes) -> step.Step:
    def run(talk: Conversation) -> None:
        request = talk.read_message()
        assert request.number(0x100) == 0x20
        number, context = request.message_id, request.context
        for match in matches:
            talk.send(find_rsp(PENDING, match, number=number, context=context))
        talk.send(find_rsp(0, number=number, context=context))

    return run


def classes_in_study(*uids: str) -> bytes:
    value = "\\".join(uids).encode()
    value += b"\0" * (len(value) % 2)
    return b"\x08\0\x62\0UI" + len(value).to_bytes(2, "little") + value


def proposed(talk: Conversation) -> set[str]:
    request = next(pdu for pdu in talk.received if pdu.kind == wire.ASSOCIATE_RQ)
    return {context.abstract_syntax for context in wire.parse_contexts(request.body)}


def test_the_peer_is_asked_which_classes_there_are() -> None:
    beginning = (accepting(), asked(), step.send(rsp(0)))
    scripts = (
        [accepting(), answer_find(classes_in_study(MR_IMAGE)), *END],
        [*beginning, answer_find(classes_in_study(MR_IMAGE)), asked(), step.send(rsp(0, number=3)), *END],
    )
    with scripted_server(*scripts) as server:
        events = get(server, OTHER, OTHER, chosen=None)
        server.finish()
        asking, getting = server.conversations
    assert proposed(getting) - proposed(asking) == {MR_IMAGE, STUDY_GET}
    assert [done.error for done in retrieved(events)] == [None, None]


def test_other_classes_are_tried_when_a_guess_was_wrong() -> None:
    def half(failed: int) -> step.Step:
        return step.send(rsp(0xB000, (None, 1, 1, 0), failed_list(instance(failed))))

    shelf = Shelf()
    modality = b"\x08\0\x60\0CS\2\0MR"
    scripts = (
        [accepting(), answer_find(), answer_find(modality), *END],
        [accepting(), asked(), send_object(1, sop_class=MR_IMAGE), half(2), *END],
        [accepting(), asked(), send_object(2), half(1), *END],
    )
    with scripted_server(*scripts) as server:
        (done,) = retrieved(get(server, chosen=None, shelf=shelf))
        server.finish()
        assert CT_IMAGE not in proposed(server.conversations[1])
        assert CT_IMAGE in proposed(server.conversations[2])
    assert (done.error, done.counts, done.failed) == (None, Counts(0, 2, 0, 0), ())
    assert sorted(shelf.kept) == [instance(1), instance(2)]


def test_a_peer_that_takes_no_queries_is_offered_the_usual_classes() -> None:
    find = "1.2.840.10008.5.1.4.1.2.2.1"
    scripts = (
        [accepting(refused=(find,)), *END],
        [accepting(refused=(find,)), asked(), step.send(rsp(0)), *END],
    )
    with scripted_server(*scripts) as server:
        events = get(server, chosen=None)
        server.finish()
        assert CT_IMAGE in proposed(server.conversations[1])
    assert retrieved(events)[0].error is None
    assert "was not asked" in next(event.text for event in events if isinstance(event, Noted))


@pytest.mark.parametrize("refused", [(STUDY_GET,), (CT_IMAGE,)])
def test_a_peer_that_accepts_nothing_that_is_needed_is_named(refused: tuple[str, ...]) -> None:
    with scripted_server([accepting(refused=refused), step.closed()]) as server:
        (done,) = retrieved(get(server))
    assert isinstance(done.error, NoContext)
    assert done.error.exit_code is ExitCode.NO_CONTEXT
