"""Queries against real archives: DCMTK, Orthanc and pynetdicom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dimsetools.association.values import Target
from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.errors import ProtocolError
from dimsetools.services.cancelling import Cause
from dimsetools.services.extended import Abilities
from dimsetools.services.find import Event, Finder, Finished, Manner, Match, Opened
from dimsetools.services.store import Manner as Sending
from dimsetools.services.store import Sender
from tests.corpus import ROOT, make_file
from tests.services.querying import STUDY_FIND
from tests.services.storing import items_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID
    from pynetdicom import evt

    from tests.conftest import Peers

STUDY_UID, STUDY_DATE, LEVEL = 0x0020000D, 0x00080020, 0x00080052
STUDIES = 3
FORKING = ("--fork",)
"""As one process, dcmqrscp 3.6.7 breaks down at the end of an association that has stored."""


def query(level: str = "STUDY", **more: str) -> Attributes:
    keys = {LEVEL: Attribute("CS", (level,)), STUDY_UID: Attribute("UI", ())}
    if "date" in more:
        keys[STUDY_DATE] = Attribute("DA", (more["date"],))
    return dict(sorted(keys.items()))


def find(target: Target, *queries: Attributes, **manner: object) -> list[Event]:
    return list(Finder(target, Manner(STUDY_FIND, **manner)).find(queries))  # type: ignore[arg-type]


def studies(events: list[Event]) -> list[str]:
    return sorted(text(event.attributes or {}, STUDY_UID) for event in events if isinstance(event, Match))


def finished(events: list[Event]) -> list[Finished]:
    return [event for event in events if isinstance(event, Finished)]


def filled(target: Target, folder: Path) -> None:
    """Store one object of each of three studies."""
    made = [make_file(folder / f"{number}.dcm", number * 200) for number in range(STUDIES)]
    list(Sender(target, Sending()).send(items_of(*(entry.path for entry in made))))


ALL = [f"{ROOT}.1.{number}" for number in range(STUDIES)]


@pytest.mark.parametrize("name", ["dcmqrscp", "orthanc"])
def test_archives_answer_one_query_after_the_other(peers: Peers, tmp_path: Path, name: str) -> None:
    peer = peers.orthanc().peer if name == "orthanc" else peers.dcmqrscp(*FORKING)
    target = Target(peer.host, peer.port, called_aet=peer.aet)
    filled(target, tmp_path)
    events = find(target, query(), query(date="19990101-19991231"), query(date="20260102"))
    assert [type(event) for event in events].count(Opened) == 1
    assert studies(events) == sorted(ALL * 2)
    assert [(end.status, end.matches) for end in finished(events)] == [(0, 3), (0, 0), (0, 3)]


def test_dcmqrscp_takes_a_cancel(peers: Peers, tmp_path: Path) -> None:
    peer = peers.dcmqrscp(*FORKING)
    target = Target(peer.host, peer.port, called_aet=peer.aet)
    filled(target, tmp_path)
    [end] = finished(find(target, query(), limit=1))
    assert (end.matches, end.cancelled, end.error) == (1, Cause.LIMIT, None)
    assert end.status in (0, 0xFE00)  # it may have sent all of them before it looked


def test_orthanc_says_cancelled_where_it_gives_no_more(peers: Peers, tmp_path: Path) -> None:
    peer = peers.orthanc({"LimitFindResults": 2}).peer
    target = Target(peer.host, peer.port, called_aet=peer.aet)
    filled(target, tmp_path)
    [end] = finished(find(target, query()))
    assert (end.status, end.matches) == (0xFE00, 2)
    assert isinstance(end.error, ProtocolError)


def test_pynetdicom_is_understood_and_understands(peers: Peers) -> None:
    from pydicom.dataset import Dataset
    from pynetdicom import evt
    from pynetdicom.presentation import build_context

    asked: list[Dataset] = []

    def answer(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked.append(event.identifier)
        for number in range(500) if event.identifier.get("StudyDate") else count():
            if event.is_cancelled:
                yield 0xFE00, None
                return
            found = Dataset()
            found.SpecificCharacterSet = "ISO_IR 100"
            found.QueryRetrieveLevel = "STUDY"
            found.PatientName = f"MÜLLER^{number}"
            found.StudyInstanceUID = f"1.2.{number}"
            yield (0xFF00 if number else 0xFF01), found

    def granted(event: evt.Event) -> dict[UID, bytes]:
        return {uid: information[:2] for uid, information in event.app_info.items()}  # type: ignore[attr-defined]

    handlers = [(evt.EVT_C_FIND, answer), (evt.EVT_SOP_EXTENDED, granted)]
    peer = peers.pynetdicom(handlers, contexts=[build_context(STUDY_FIND)])
    target = Target(peer.host, peer.port, called_aet=peer.aet)
    events = find(target, query(date="20260101-"), abilities=Abilities(relational=True, fuzzy=True))
    matches = [event for event in events if isinstance(event, Match)]
    assert [text(match.attributes or {}, 0x00100010) for match in matches[:2]] == ["MÜLLER^0", "MÜLLER^1"]
    assert len(matches) == 500
    [end] = finished(events)
    assert (end.status, end.unsupported_keys) == (0, True)
    assert asked[0].StudyDate == "20260101-"
    assert asked[0].QueryRetrieveLevel == "STUDY"
    opened = events[0]
    assert isinstance(opened, Opened)
    assert opened.refused == ("fuzzy",)
    [end] = finished(find(target, query(), limit=5))
    assert (end.status, end.matches, end.cancelled) == (0xFE00, 5, Cause.LIMIT)
