"""The verification role (PS3.4 annex A): the answer to C-ECHO is yes."""

from __future__ import annotations

from dimsetools.message.exchange import Incoming
from dimsetools.scp.faults import SOP_CLASS_NOT_SUPPORTED, SUCCESS
from dimsetools.scp.roles import Caller, Settled, Task
from dimsetools.uids import VERIFICATION


class Verification:
    """Answers C-ECHO requests."""

    def begin(self, incoming: Incoming, caller: Caller) -> Task:  # noqa: ARG002  # a role's signature
        """Succeed in a verification context; elsewhere the class is not supported."""
        if incoming.context.abstract_syntax != VERIFICATION:
            return Settled(SOP_CLASS_NOT_SUPPORTED, "this presentation context is not for verification")
        return Settled(SUCCESS)
