"""Film sessions: what they may be told, and what goes with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dimsetools.dataset.normalized import PRINT_COLOR
from dimsetools.dataset.requirements import INVALID_VALUE, NO_SUCH_ATTRIBUTE
from dimsetools.scp.printing.jobs import tag
from tests.scp.printing.jobs import (
    FILM,
    GRAY,
    SESSION,
    boxes,
    film_values,
    gray_item,
    image,
    printed,
    printer,
    scu,
)


def test_a_session_tells_what_it_takes_for_granted(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.create(SESSION, "1.2.3", NumberOfCopies="2")
        assert status == 0
        assert (answer.NumberOfCopies, answer.PrintPriority) == (2, "MED")
        status, answer = peer.set(SESSION, "1.2.3", PrintPriority="LOW")
        assert (status, answer.PrintPriority) == (0, "LOW")


def test_a_session_without_a_uid_gets_one(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(SESSION, None, NumberOfCopies="1")[0] == 0
        (record,) = [record for record in node.log.wait("normalized") if record["_service"] == "N-CREATE"]
        assert peer.delete(SESSION, str(record["SOPInstanceUID"])) == 0


def test_a_session_cannot_be_made_twice(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        peer.create(SESSION, "1.2.3")
        assert peer.create(SESSION, "1.2.3")[0] == 0x0111
        assert peer.delete(SESSION, "1.2.3") == 0
        assert peer.create(SESSION, "1.2.3")[0] == 0


def test_the_number_of_sessions_is_bounded(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        for _ in range(4):
            peer.session()
        assert peer.create(SESSION, "1.2.3")[0] == 0x0213


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"NumberOfCopies": "0"}, INVALID_VALUE),
        ({"NumberOfCopies": "-1"}, INVALID_VALUE),
        ({"NumberOfCopies": "1000"}, INVALID_VALUE),
        ({"PrintPriority": "SOON"}, INVALID_VALUE),
        ({"ReferencedFilmBoxSequence": []}, NO_SUCH_ATTRIBUTE),
        ({"PatientName": "A^B"}, 0x0107),
    ],
)
def test_values_are_checked(tmp_path: Path, values: dict[str, Any], status: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(SESSION, "1.2.3", **values)[0] == status
        assert next(iter(values)) in peer.comment
        session = peer.session()
        assert peer.set(SESSION, session, **values)[0] == status
        assert peer.identifiers == [tag(next(iter(values)))]


def test_memory_is_not_set_aside(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.create(SESSION, "1.2.3", MemoryAllocation="1000")
        assert (status, answer.MemoryAllocation) == (0xB600, 0)
        status, answer = peer.set(SESSION, "1.2.3", MemoryAllocation="1000")
        assert (status, answer.MemoryAllocation) == (0xB600, 0)
        assert peer.set(SESSION, "1.2.3", MemoryAllocation="0")[0] == 0


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.set(SESSION, "1.2.3", PrintPriority="LOW")[0] == 0x0112
        assert peer.act(SESSION, "1.2.3")[0] == 0x0112
        assert peer.delete(SESSION, "1.2.3") == 0x0112


def test_an_instance_of_another_class_is_no_session(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, _ = peer.film(peer.session())
        assert peer.act(SESSION, film)[0] == 0x0119


def test_a_session_is_printed_if_it_has_something_to_print(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        assert peer.act(SESSION, session)[0] == 0xC600
        peer.film(session)
        assert peer.act(SESSION, session)[0] == 0xB602
        assert printed(tmp_path) == []
        _, answer = peer.film(session)
        peer.set(GRAY, boxes(answer)[0], image(gray_item()))
        assert peer.act(SESSION, session)[0] == 0xB602
        assert peer.comment == "not printed, for want of an image: 1"
        assert len(printed(tmp_path)) == 1
        assert peer.act(SESSION, session, 7)[0] == 0x0123


def test_what_is_below_a_session_goes_with_it(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        session = peer.session()
        film, answer = peer.film(session)
        (box,) = boxes(answer)
        assert peer.delete(SESSION, session) == 0
        assert peer.act(FILM, film)[0] == 0x0112
        assert peer.set(GRAY, box, image(gray_item()))[0] == 0x0112
        assert peer.create(FILM, "1.2.3", **film_values(session))[0] == INVALID_VALUE


def test_what_is_on_an_association_ends_with_it_and_is_nobody_elses(tmp_path: Path) -> None:
    with printer(tmp_path) as node:
        with scu(node) as peer, scu(node) as other:
            session = peer.session()
            assert other.delete(SESSION, session) == 0x0112
            assert other.create(SESSION, session)[0] == 0
        node.log.wait("association-closed", 2)
        with scu(node) as peer:
            assert peer.act(SESSION, session)[0] == 0x0112


def test_an_operation_that_no_session_has_is_refused(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.get(SESSION, peer.session())[0] == 0x0211


def test_a_session_in_the_context_of_something_else_is_refused(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node, ["1.2.840.10008.5.1.1.23", PRINT_COLOR]) as peer:
        peer._meta = "1.2.840.10008.5.1.1.23"
        assert peer.create(SESSION, "1.2.3")[0] == 0x0122
