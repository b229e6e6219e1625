from __future__ import annotations

import pytest

from dimsetools.options import ACCEPTOR, REQUESTOR
from dimsetools.options.dcmtk import (
    CALLING,
    COMMON,
    FIND,
    MOVE,
    QUERY,
    RETRIEVE,
    SCP,
    STORE,
    Use,
    spellings,
)
from dimsetools.options.query import QUERY as QUERY_GROUP
from dimsetools.uids import transfer_syntax

TABLES = {
    "COMMON": COMMON, "CALLING": CALLING, "STORE": STORE, "QUERY": QUERY, "FIND": FIND, "SCP": SCP,
    "RETRIEVE": RETRIEVE, "MOVE": MOVE,
}  # fmt: skip
ROWS = [(name, spelled, entry) for name, table in TABLES.items() for spelled, entry in table.items()]
USES = [(spelled, entry) for _, spelled, entry in ROWS if isinstance(entry, Use)]

SHARED = {
    spelling
    for group in (*REQUESTOR, *ACCEPTOR)
    for option in group.options
    for spelling in (*option.opts, *option.secondary_opts)
}
ASKING = {spelling for option in QUERY_GROUP.options for spelling in (*option.opts, *option.secondary_opts)}
OF_COMMANDS = {
    "--include", "--never-transcode", "--report",
    "--aet", "--bind", "--any-class", "--max-associations", "--allow-any", "--study-timeout",
    "--limit", "--extract", "--count", "--output", "--dest", "--receive", "--allow",
}  # fmt: skip


@pytest.mark.parametrize(("spelled", "entry"), USES)
def test_a_translation_leads_to_options_that_exist(spelled: str, entry: Use) -> None:
    words = [word for choice in (entry.choices or {"": entry.words}).values() for word in choice]
    assert {word for word in words if word.startswith("-")} <= SHARED | ASKING | OF_COMMANDS


@pytest.mark.parametrize(("spelled", "entry"), USES)
def test_each_value_goes_somewhere(spelled: str, entry: Use) -> None:
    placed = {int(word[1]) for word in entry.words if word.startswith("{")}
    assert entry.choices is not None or placed == set(range(entry.takes))


def test_the_transfer_syntaxes_have_names_that_resolve() -> None:
    named = [entry.words[1] for _, entry in USES if entry.words[:1] == ("--ts",)]
    assert len(named) > 30
    for names in named:
        for name in names.split(","):
            assert transfer_syntax(name)


def test_no_spelling_stands_twice_for_one_command() -> None:
    for tables in (
        (COMMON, CALLING),
        (COMMON, CALLING, STORE),
        (COMMON, CALLING, QUERY, FIND),
        (COMMON, SCP),
        (COMMON, RETRIEVE, MOVE),
    ):
        words = [spelling for table in tables for spelled in table for spelling in spelled.split()]
        assert sorted(words) == sorted(set(words))


def test_no_spelling_is_our_own() -> None:
    words = {spelling for _, spelled, _ in ROWS for spelling in spelled.split()}
    assert not words & (SHARED | OF_COMMANDS)
    assert (
        not {spelling for table in (QUERY, FIND) for spelled in table for spelling in spelled.split()}
        & ASKING
    )


def test_the_same_letters_may_mean_different_things_to_different_commands() -> None:
    assert isinstance(spellings("store")["-xs"], Use)
    assert not isinstance(spellings("scp")["-xs"], Use)
    assert "-od" not in spellings("echo")
