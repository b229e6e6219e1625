"""What others tell of the availability of instances is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dimsetools.scp import availability
from tests.scp.normalizing import asking, dataset
from tests.scp.working import Working, working

CLASS = "1.2.840.10008.5.1.4.33"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Working]:
    with working(tmp_path) as opened:
        yield opened


def notification(*availabilities: str, **more: Any) -> Any:
    instances = [
        {
            "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": f"1.2.{number}",
            "InstanceAvailability": availability, "RetrieveAETitle": "ARCHIVE",
        }
        for number, availability in enumerate(availabilities)
    ]  # fmt: skip
    usual: dict[str, Any] = {
        "ReferencedPerformedProcedureStepSequence": [], "StudyInstanceUID": "1.2",
        "ReferencedSeriesSequence": [{"SeriesInstanceUID": "1.2.3", "ReferencedSOPSequence": instances}],
    }  # fmt: skip
    return dataset(**(usual | more))


@pytest.mark.parametrize(
    ("availabilities", "state"),
    [(["ONLINE", "ONLINE"], "ONLINE"), (["UNAVAILABLE"], "UNAVAILABLE"), (["ONLINE", "OFFLINE"], "")],
)
def test_a_notification_is_kept(at: Working, availabilities: list[str], state: str) -> None:
    with asking(at.node, [CLASS], aet="PACS") as peer:
        assert peer.send_n_create(notification(*availabilities), CLASS, "1.5")[0].Status == 0
        assert peer.send_n_create(notification(*availabilities), CLASS, "1.5")[0].Status == 0x0111
    (entry,) = at.ledger.entries("ian")
    assert (entry.uid, entry.state, entry.more) == ("1.5", state, {"from": "PACS"})
    record, _ = at.node.log.wait("normalized", 2)
    assert record["StudyInstanceUID"] == "1.2"
    assert sum(record["_available"].values()) == len(availabilities)  # type: ignore[attr-defined]


def test_one_without_a_uid_is_given_one(at: Working) -> None:
    with asking(at.node, [CLASS]) as peer:
        assert peer.send_n_create(notification("NEARLINE"), CLASS, None)[0].Status == 0
    (entry,) = at.ledger.entries("ian")
    assert entry.uid.startswith("2.25.")


def test_one_is_not_kept_for_ever(at: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    with asking(at.node, [CLASS]) as peer:
        peer.send_n_create(notification("ONLINE"), CLASS, "1.5")
        monkeypatch.setattr(availability, "KEPT", 0.0)
        peer.send_n_create(notification("ONLINE"), CLASS, "1.6")
    assert [entry.uid for entry in at.ledger.entries("ian")] == ["1.6"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (notification("HERE"), 0x0106),
        (notification("ONLINE", StudyInstanceUID=""), 0x0121),
        (notification("ONLINE", ReferencedSeriesSequence=[]), 0x0121),
        (notification(), 0x0121),
        (notification("ONLINE", ReferencedSeriesSequence=[{"SeriesInstanceUID": "1.2.3"}]), 0x0120),
        (dataset(StudyInstanceUID="1.2"), 0x0120),
    ],
)
def test_one_that_breaks_the_table_is_refused(at: Working, data: Any, status: int) -> None:
    with asking(at.node, [CLASS]) as peer:
        assert peer.send_n_create(data, CLASS, "1.5")[0].Status == status
        assert peer.send_n_get([], CLASS, "1.5")[0].Status == 0x0211
    assert [*at.ledger.entries("ian")] == []
