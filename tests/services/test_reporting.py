"""Whoever reports events asks to be the SCP, and finds out whether the peer agrees."""

from __future__ import annotations

import pytest

from dimsetools.association.values import AcceptedContext, Role
from dimsetools.errors import NoContext
from dimsetools.services.reporting import check_provider, provider_roles
from dimsetools.uids import EXPLICIT_LE

COMMIT = "1.2.840.10008.1.20.1"


def context(*, scu: bool, scp: bool) -> AcceptedContext:
    return AcceptedContext(1, COMMIT, EXPLICIT_LE, as_scu=scu, as_scp=scp)


def test_the_scp_role_is_asked_for_each_class_unless_another_is_given() -> None:
    assert provider_roles(["1.2", "1.3"]) == (
        Role("1.2", scu=False, scp=True),
        Role("1.3", scu=False, scp=True),
    )
    given = [Role("1.3", scu=True, scp=False), Role("1.9", scu=True, scp=True)]
    assert provider_roles(["1.2", "1.3"], given) == (*given, Role("1.2", scu=False, scp=True))


@pytest.mark.parametrize("scu", [False, True])
def test_a_peer_that_grants_the_role_is_no_surprise(scu: bool) -> None:
    assert check_provider(context(scu=scu, scp=True), "PACS") == ""


def test_a_peer_that_says_nothing_of_roles_is_told_of() -> None:
    odd = check_provider(context(scu=True, scp=False), "PACS")
    assert odd.startswith("PACS has not agreed to our being the SCP of Storage Commitment Push Model")


def test_a_peer_that_refuses_the_role_gets_no_report() -> None:
    with pytest.raises(NoContext, match="PACS refuses us the SCP role of Storage Commitment") as refused:
        check_provider(context(scu=False, scp=False), "PACS")
    assert "--role" in refused.value.hint
