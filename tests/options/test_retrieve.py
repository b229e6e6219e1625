from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from dimsetools.association.stop import Stop
from dimsetools.commands import get, move
from dimsetools.dataset.attributes import Attributes
from dimsetools.errors import InputUnreadable, UsageError
from dimsetools.options import REQUESTOR, NetworkCommand
from dimsetools.options.node import PORT, Keeping
from dimsetools.options.query import Query
from dimsetools.options.retrieve import KEPT, RETRIEVAL, SEARCH, Retrieval, wanted
from dimsetools.services.retrieve import STUDY_UID, Wanted
from tests.options.conftest import Run, Seen


def of(command: NetworkCommand, run: Run, *words: str) -> Seen:
    """What a command line means to `get` or `move`."""
    groups = (RETRIEVAL, SEARCH, KEPT, *REQUESTOR)
    return run(
        *words,
        name=str(command.name),
        params=tuple(command.own),
        groups=groups,
        without=("repeat", "interval"),
    )


def test_a_getscu_command_line_works_as_it_is(run: Run) -> None:
    line = "-v -S -aet ME -aec PACS host 104 -k QueryRetrieveLevel=STUDY -k 0020,000d=1.2 -od in +B -xe"
    seen = of(get.command, run, *line.split())
    assert str(seen.session.target(seen.params["peer"])) == "PACS@host:104"
    assert seen.session.values(Retrieval).output == "in"
    query = seen.session.values(Query)
    assert (query.model.name, query.keys) == ("study", ("QueryRetrieveLevel=STUDY", "0020,000d=1.2"))
    assert seen.session.negotiation.transfer_syntaxes == ()


def test_a_movescu_command_line_works_as_it_is(run: Run) -> None:
    line = "-P -aem DEST +P 4242 -od in -aec PACS host 104 -k 0008,0052=PATIENT -k PatientID=P +xi"
    seen = of(move.command, run, *line.split())
    assert (seen.params["dest"], seen.params["receive"]) == ("DEST", 4242)
    assert seen.session.values(Query).model.name == "patient"
    assert seen.session.negotiation.transfer_syntaxes == ("1.2.840.10008.1.2",)


def test_pynetdicoms_movescu_can_store_too(run: Run) -> None:
    line = "localhost 104 -k StudyInstanceUID=1 --store --store-aet HERE -od in --ignore"
    seen = of(move.command, run, *line.split())
    assert (seen.params["dest"], seen.params["receive"]) == ("HERE", PORT)
    assert seen.session.values(Keeping).ignore


@pytest.mark.parametrize(
    ("line", "port", "words"),
    [
        ("h:1 --receive StudyInstanceUID=1", PORT, ("StudyInstanceUID=1",)),
        ("h:1 --receive 4242 StudyInstanceUID=1", 4242, ("StudyInstanceUID=1",)),
        ("h:1 StudyInstanceUID=1 --receive", PORT, ("StudyInstanceUID=1",)),
        ("h:1 --receive=4242 StudyInstanceUID=1", 4242, ("StudyInstanceUID=1",)),
        ("h:1 --receive -o in StudyInstanceUID=1", PORT, ("StudyInstanceUID=1",)),
        ("--receive h 104 StudyInstanceUID=1", PORT, ("StudyInstanceUID=1",)),
        ("h:1 StudyInstanceUID=1 --dest A", None, ("StudyInstanceUID=1",)),
    ],
)
def test_the_port_to_receive_on_need_not_be_said(
    run: Run, line: str, port: int | None, words: tuple[str, ...]
) -> None:
    seen = of(move.command, run, *line.split())
    assert (seen.params["receive"], seen.params["words"]) == (port, words)


def test_a_spelling_without_translation_says_what_to_do(run: Run) -> None:
    with pytest.raises(UsageError, match="--cancel") as caught:
        of(move.command, run, "h:1", "--cancel", "3")
    assert "--total-timeout" in caught.value.hint


def test_what_is_fetched_is_not_synced_unless_asked_for(run: Run) -> None:
    assert of(get.command, run, "h:1").session.values(Keeping).durability == "none"
    seen = of(get.command, run, "h:1", "--durability", "full", "--layout", "{PatientID}/")
    assert seen.session.values(Keeping).durability == "full"


def test_the_port_must_be_one(run: Run) -> None:
    with pytest.raises(click.BadParameter):
        of(move.command, run, "h:1", "--receive", "99999")


# -- what is wanted ---------------------------------------------------------------------------------------


def uids(found: Iterator[Wanted]) -> list[str]:
    return [str(one.identifier[STUDY_UID].values[0]) for one in found]


def nothing(level: str, keys: Attributes) -> list[Attributes]:
    raise AssertionError((level, keys))


def named(*words: str, query: Query | None = None, **retrieval: Any) -> Iterator[Wanted]:
    return wanted(
        query or Query(),
        Retrieval(**retrieval),
        words,
        search=nothing,
        bad=lambda error: pytest.fail(error.message),
        stop=Stop(),
    )


def test_keys_name_what_is_wanted() -> None:
    assert uids(named("StudyInstanceUID=1.2")) == ["1.2"]


def test_query_files_name_it_too_and_each_once(bare: Path) -> None:
    (bare / "q.json").write_text('{"StudyInstanceUID": "1.1"}\n{"StudyInstanceUID": "1.2"}\n' * 2)
    assert uids(named("q.json")) == ["1.1", "1.2"]


def test_a_manifest_names_it(bare: Path) -> None:
    (bare / "m").write_text('{"StudyInstanceUID": "1.1"}\n{"_event": "summary"}\n{"StudyInstanceUID": "1.2"}')
    assert uids(named(manifest="m")) == ["1.1", "1.2"]


@pytest.mark.parametrize(
    ("words", "options", "reason"),
    [
        ((), {}, "nothing to retrieve"),
        (("StudyInstanceUID=1",), {"manifest": "m"}, "so do the keys"),
        (("Modality=SR",), {"query": Query(level="SERIES")}, "needs StudyInstanceUID"),
    ],
)
def test_what_cannot_be_is_said_at_once(words: tuple[str, ...], options: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        named(*words, **options)


def test_a_manifest_that_is_not_there_is_named() -> None:
    with pytest.raises(InputUnreadable, match="nowhere"):
        named(manifest="nowhere")


# -- stdin --------------------------------------------------------------------------------------------------


@contextmanager
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A pipe as stdin; its other end."""
    reader, writer = os.pipe()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: reader))
    try:
        yield writer
    finally:
        os.close(writer)
        os.close(reader)


def test_a_line_of_stdin_is_wanted_as_soon_as_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()
    with piped(monkeypatch) as writer:
        found = wanted(Query(), Retrieval(manifest="-"), (), search=nothing, bad=lambda _: None, stop=stop)
        for number in range(3):
            os.write(writer, f'{{"StudyInstanceUID": "1.{number}"}}\n'.encode())
            assert uids(iter([next(found)])) == [f"1.{number}"]
        stop.request()
        assert list(found) == []
