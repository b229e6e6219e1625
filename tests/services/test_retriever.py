"""When associations are opened and ended; what goes over them is for the tests of C-GET and C-MOVE."""

from __future__ import annotations

from collections.abc import Iterator

from dimsetools.association.values import Target
from dimsetools.errors import Rejected
from dimsetools.services.get import Getter
from dimsetools.services.retrieve import Wanted
from dimsetools.services.retriever import Manner
from tests.association.ends import AMPLE
from tests.corpus import CT_IMAGE
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.peers import HOST, ScriptedServer, scripted_server
from tests.services.querying import DONE, STUDY_FIND, answering
from tests.services.retrieving import (
    END,
    OTHER,
    STUDY,
    STUDY_GET,
    Shelf,
    accepting,
    asked,
    get,
    keys,
    retrieved,
    rsp,
)

BUSY = (step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(2, 3, 2)), step.closed())
FETCH = (accepting(), asked(), step.send(rsp(0)), *END)


def getter(server: ScriptedServer, *, alone: bool = False) -> Getter:
    target = Target(HOST, server.port, timeouts=AMPLE)
    return Getter(target, Manner(STUDY_GET, STUDY_FIND, alone=alone), Shelf().begin, chosen=(CT_IMAGE,))


def test_a_peer_that_is_still_busy_with_our_last_association_is_asked_again() -> None:
    search = (step.accept(), answering(lambda _: DONE), *END)
    with scripted_server(search, BUSY, BUSY, FETCH) as server:
        one = getter(server)
        assert one.query("STUDY", keys(StudyDate="2026")) == []
        (done,) = retrieved(one.run(iter((OTHER,))))
        server.finish()
    assert done.error is None


def test_a_peer_that_was_busy_before_is_not_asked_again() -> None:
    with scripted_server(BUSY) as server:
        (done,) = retrieved(get(server, OTHER))
        server.finish()
    assert isinstance(done.error, Rejected)


def test_where_there_is_room_for_no_more_an_association_ends_before_what_comes_next_is_looked_for() -> None:
    ended = []

    def found() -> Iterator[Wanted]:
        yield OTHER
        ended.append(server.first.received[-1].kind == wire.RELEASE_RQ)
        yield STUDY

    with scripted_server(FETCH, FETCH) as server:
        results = retrieved(getter(server, alone=True).run(found()))
        server.finish()
    assert [done.error for done in results] == [None, None]
    assert ended == [True]
