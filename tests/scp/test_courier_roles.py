"""Which role the courier asks for where it calls, and what it makes of those who do not grant it."""

from __future__ import annotations

import pytest

from dimsetools.dataset.keys import keyed
from tests.scp.test_courier import COMMIT, LIMIT, NOTIFICATION, Ris, listening, sending


@pytest.mark.parametrize("roles", [True, False])
def test_an_addressee_is_called_as_its_provider(roles: bool) -> None:
    """Role selection says that we are the SCP; a peer that knows nothing of roles takes reports, too."""
    ris = Ris()
    with listening(ris, roles=roles) as acceptor, sending(acceptor.address) as sent:
        sent.post("1.1")
        assert ris.next() == ("1.1", "1.1")
        (record,) = sent.log.wait("report-delivered")
        assert record == {
            "_event": "report-delivered", "_destination": "RIS", "SOPClassUID": COMMIT,
            "SOPInstanceUID": "1.1", "EventTypeID": 1, "_status": "0000", "_attempts": 1,
        }  # fmt: skip
        assert sent.left() == []
        (caller,) = ris.callers
        assert caller.ae_title == "NODE"
        (role,) = caller.role_selection.values()
        assert (role.scu_role, role.scp_role) == (False, True)


def test_who_refuses_the_context_with_the_role_is_called_without() -> None:
    ris = Ris()
    with listening(ris, COMMIT, NOTIFICATION, scu=COMMIT) as acceptor, sending(acceptor.address) as sent:
        with sent.ledger.change() as pages:
            for name in (COMMIT, NOTIFICATION):
                for instance in ("1.1", "1.2"):
                    pages.post("RIS", name, instance, 1, keyed([f"PatientID={instance}"]))
        sent.courier.wake()
        records = sent.log.wait("report-delivered", 4)
        assert {record["_attempts"] for record in records} == {1}
        assert [ris.next()[0] for _ in range(4)] == ["1.1", "1.2"] * 2
        for _ in range(2):
            ris.released.get(timeout=LIMIT)
        sent.post("1.3")  # what it takes is remembered
        sent.log.wait("report-delivered", 5)
        assert [caller.role_selection == {} for caller in ris.callers] == [False, True, True]
