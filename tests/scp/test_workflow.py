"""The services of a node as they are offered together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dimsetools.dataset.normalized import CLASSES, UPS_EVENT
from dimsetools.message.normalized import NCreateRq, NEventReportRq
from dimsetools.scp.normalized import REQUESTS
from dimsetools.scp.workflow import Workflow
from tests.scp.normalizing import asking
from tests.scp.stepping import STEP, UID, begun
from tests.scp.working import Working, working

OFFERED = ("mpps", "mpps-retrieve", "mpps-notification", "ian", "commit", "ups")


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Working]:
    with working(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("name", OFFERED)
def test_every_service_can_be_negotiated(at: Working, name: str) -> None:
    contexts = CLASSES[name].contexts_for("N-EVENT-REPORT") if name != "ian" else (CLASSES[name].uid,)
    with asking(at.node, contexts) as peer:
        assert len(peer.accepted_contexts) == len(contexts)


def test_all_requests_have_one_role(at: Working) -> None:
    with asking(at.node, [STEP]) as peer:
        assert peer.send_n_create(begun(), STEP, UID)[0].Status == 0
    (record,) = at.node.log.wait("normalized")
    assert record["_service"] == NCreateRq.service
    assert NEventReportRq in REQUESTS


def test_only_who_can_hear_reports_has_a_post(at: Working) -> None:
    with asking(at.node, [STEP], aet="CT1"), asking(at.node, [UPS_EVENT], aet="WATCH"):
        at.node.log.wait("association-opened", 2)
        assert [at.workflow.posts.present(aet) for aet in ("CT1", "WATCH")] == [False, True]


def test_no_class_belongs_to_two_services(at: Working) -> None:
    workflow: Workflow = at.workflow
    names = [name for service in workflow.role.services for name in service.sop_classes]
    assert len(names) == len({*names})
    assert {CLASSES[name].uid for name in OFFERED} <= {*names} | {UPS_EVENT}
