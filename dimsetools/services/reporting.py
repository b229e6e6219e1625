"""Being the SCP on an association that we open: the roles to ask for, and what the peer made of that.

An N-EVENT-REPORT is sent by the SCP of its class, and whoever opens an association is the SCU unless role
selection says otherwise (PS3.7 D.3.3.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dimsetools.association.values import Role
from dimsetools.errors import NoContext
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from dimsetools.association.values import AcceptedContext


def provider_roles(abstract_syntaxes: Iterable[str], given: Iterable[Role] = ()) -> tuple[Role, ...]:
    """Return the roles to propose for being the SCP of some classes; one that was `given` stays as it is."""
    given = tuple(given)
    named = {role.abstract_syntax for role in given}
    asked = (Role(uid, scu=False, scp=True) for uid in abstract_syntaxes if uid not in named)
    return (*given, *asked)


def check_provider(context: AcceptedContext, peer: str) -> str:
    """Return what is odd about the role that the peer grants us in `context`, "" if nothing is.

    NoContext if it refused that we are the SCP. A peer that does not answer role selection at all may still
    take event reports: many do not know it.
    """
    if context.as_scp:
        return ""
    name = name_of(context.abstract_syntax)
    if not context.as_scu:
        raise NoContext(
            f"{peer} refuses us the SCP role of {name}: it takes no event reports of that class from us",
            hint="the peer must be configured as an SCU of this SOP class, or try --role CLASS=both",
        )
    return f"{peer} has not agreed to our being the SCP of {name}: it may not take event reports"
