from __future__ import annotations

from collections.abc import Callable

import pytest

from dimsetools.association.negotiation import plan
from dimsetools.association.opening import open_association
from dimsetools.association.values import Target
from dimsetools.dataset.attributes import Attributes
from dimsetools.errors import InputError, NoContext, StatusFailure
from dimsetools.message.exchange import Exchange
from dimsetools.services.asking import matches
from dimsetools.uids import EXPLICIT_LE
from tests.association.ends import AMPLE
from tests.scripted.conversation import Step, accept, closed, release
from tests.scripted.peers import HOST, scripted_server
from tests.services.querying import DONE, STUDY_FIND, answering, find_rsp, match, named
from tests.services.retrieving import keys


def ask(
    step: Step,
    model: str = STUDY_FIND,
    name: str = "DOE^*",
    charset: tuple[str, ...] = (),
    bad: Callable[[InputError], object] | None = None,
) -> tuple[list[Attributes], bytes]:
    """What comes of one question, and what was asked."""
    with scripted_server([accept(), step, release(), closed()]) as server:
        target = Target(HOST, server.port, timeouts=AMPLE)
        association = open_association(target, plan([(STUDY_FIND, (EXPLICIT_LE,))])[0])
        try:
            found = matches(
                Exchange(association),
                model,
                "STUDY",
                keys(PatientName=name),
                charset=charset,
                assume_charset=charset,
                bad=bad,
            )
        finally:
            association.release()
        return found, server.first.messages[0].data if server.first.messages else b""


def test_all_matches_come_at_once_but_those_that_do_not_decode() -> None:
    broken = find_rsp(0xFF00, b"\x10\0\x10\0PN\xff\x00DOE")
    faults: list[InputError] = []
    found, asked = ask(answering(lambda _: match("A") + broken + match("B") + DONE), bad=faults.append)
    assert ["does not decode" in fault.message for fault in faults] == [True]
    assert found == [keys(PatientName="A"), keys(PatientName="B")]
    assert named("DOE^*") in asked
    assert b"STUDY" in asked


def test_a_failure_status_is_raised() -> None:
    with pytest.raises(StatusFailure):
        ask(answering(lambda _: match("A") + find_rsp(0xA900)))


def test_a_class_that_is_not_agreed_is_named() -> None:
    with pytest.raises(NoContext):
        ask(lambda _: None, model="1.2.3")


def test_character_sets_are_those_that_were_agreed_upon() -> None:
    answer = answering(lambda _: match(b"Gr\xfcn") + DONE)
    found, asked = ask(answer, name="M\xfcller*", charset=("ISO_IR 100",))
    assert found == [keys(PatientName="Gr\xfcn")]
    assert b"M\xfcller*" in asked
    assert b"ISO_IR 100" in asked
