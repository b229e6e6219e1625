"""`dimse ndelete` against pynetdicom."""

from __future__ import annotations

import pytest

from dimsetools.dataset.normalized import CLASSES
from tests.commands.asking import Dimse
from tests.commands.desk import Desk


@pytest.mark.parametrize(("status", "code", "event"), [(0x0000, 0, "deleted"), (0x0112, 1, "failed")])
def test_an_instance_is_deleted_or_is_not_there(
    dimse: Dimse, desk: Desk, status: int, code: int, event: str
) -> None:
    desk.answer = lambda _: (status, None)
    done = dimse("ndelete", desk.address, "film-session", "1.2.3", "--json")
    (asked,) = desk.asked
    assert (asked.service, asked.sop_class) == ("N-DELETE", CLASSES["film-session"].uid)
    assert asked.instance == "1.2.3"
    assert (done.code, done.records[0]["_event"], done.records[0]["_status"]) == (
        code,
        event,
        f"{status:04X}",
    )
    assert ("the instance does not exist at the peer" in done.stderr) is bool(code)
