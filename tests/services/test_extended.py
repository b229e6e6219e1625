"""A byte an ability, in the order that each service class gives them."""

from __future__ import annotations

import pytest

from dimsetools.association.values import Extended
from dimsetools.services.extended import (
    Abilities,
    find_extended,
    granted_find,
    granted_retrieve,
    retrieve_extended,
)

STUDY = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST = "1.2.840.10008.5.1.4.31"


@pytest.mark.parametrize(
    ("model", "wanted", "information"),
    [
        (STUDY, Abilities(relational=True), b"\1"),
        (STUDY, Abilities(datetime=True), b"\0\1"),
        (STUDY, Abilities(relational=True, fuzzy=True), b"\1\0\1"),
        (STUDY, Abilities(timezone=True), b"\0\0\0\1"),
        (STUDY, Abilities(multiframe=True), b"\0\0\0\0\1"),
        (WORKLIST, Abilities(fuzzy=True), b"\1\1\1"),
        (WORKLIST, Abilities(timezone=True), b"\1\1\0\1"),
    ],
)
def test_a_query_proposes_no_more_bytes_than_it_needs(
    model: str, wanted: Abilities, information: bytes
) -> None:
    assert find_extended(model, wanted) == (Extended(model, information),)
    assert granted_find(model, (Extended("1.2", b"\0"), Extended(model, information))) == wanted


def test_nothing_is_proposed_where_nothing_is_wanted() -> None:
    assert find_extended(STUDY, Abilities()) == ()
    assert retrieve_extended(GET, Abilities(fuzzy=True)) == ()
    # A worklist has neither levels nor ranges over two attributes.
    assert find_extended(WORKLIST, Abilities(relational=True, datetime=True)) == ()


def test_a_retrieve_has_two_abilities_of_its_own() -> None:
    assert retrieve_extended(GET, Abilities(relational=True)) == (Extended(GET, b"\1"),)
    both = Abilities(relational=True, multiframe=True)
    assert retrieve_extended(GET, both) == (Extended(GET, b"\1\1"),)
    assert granted_retrieve(GET, (Extended(GET, b"\0\1"),)) == Abilities(multiframe=True)


def test_a_peer_that_says_nothing_or_less_grants_nothing_or_less() -> None:
    wanted = Abilities(relational=True, fuzzy=True)
    assert wanted.without(granted_find(STUDY, ())) == ("relational", "fuzzy")
    assert wanted.without(granted_find(STUDY, (Extended(STUDY, b"\1"),))) == ("fuzzy",)
    assert wanted.without(granted_find(STUDY, (Extended(STUDY, b"\1\0\1\0\0\1\1"),))) == ()


def test_only_one_is_yes() -> None:
    assert granted_find(STUDY, (Extended(STUDY, b"\2\xff"),)) == Abilities()
