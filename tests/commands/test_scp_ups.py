"""Unified procedure steps of `dimse scp`: nothing that was acknowledged is lost by kill -9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dimsetools.dataset.flat import flat
from dimsetools.dataset.normalized import UPS_GLOBAL
from tests.peers.dimse import dimse_scp, run
from tests.peers.process import free_port
from tests.scp.performing import LOCK, OTHER_LOCK, UID, Heard, desk, watcher
from tests.scp.workitems import PERFORMED

LIMIT = 20.0


def test_a_killed_node_knows_its_workitems_claims_subscriptions_and_reports(tmp_path: Path) -> None:
    nobody = f"FAR@127.0.0.1:{free_port()}"
    with dimse_scp(tmp_path, "--dest", nobody, "--durability", "full") as node, desk(node) as at:
        assert at.create() == 0
        assert at.subscribe("FAR", UPS_GLOBAL, lock=True) == 0
        assert at.change("IN PROGRESS") == 0
        node.process.kill()
        node.process.wait(LIMIT)
    heard = Heard()
    with (
        watcher("FAR", heard) as address,
        dimse_scp(tmp_path, "--dest", address, "--ups-keep", "0") as node,
        desk(node) as at,
    ):
        assert at.change("IN PROGRESS", OTHER_LOCK) == 0xC301
        performed: dict[str, Any] = {"UnifiedProcedureStepPerformedProcedureSequence": [PERFORMED]}
        assert at.set(TransactionUID=LOCK, **performed) == 0
        assert at.change("COMPLETED") == 0
        told = [heard.next() for _ in range(4)]
        assert [event.number for event in told] == [1, 1, 4, 1]
        states = [flat(event.data)["ProcedureStepState"] for event in told if event.number == 1]
        assert states == ["SCHEDULED", "IN PROGRESS", "COMPLETED"]
    with dimse_scp(tmp_path, "--ups-keep", "0") as node, desk(node) as at:
        assert at.state(UID) == "COMPLETED"  # for the deletion lock
        found = run("find", node.address, "--model", "ups-watch", "ProcedureStepState=COMPLETED", "--json")
        assert UID in found.stdout
