"""Presentation LUTs: shapes and tables, in words or bytes, and tables that are none."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from dimsetools.dataset.attributes import Attribute
from dimsetools.dataset.requirements import INVALID_VALUE, MISSING_ATTRIBUTE
from dimsetools.scp.printing.luts import _words
from tests.scp.printing.jobs import LUT, printer, scu, table

ENTRIES = range(256)
TABLE = ([256, 0, 12], ENTRIES)


@pytest.mark.parametrize("shape", ["IDENTITY", "LIN OD"])
def test_shapes(tmp_path: Path, shape: str) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.create(LUT, "1.2.3", PresentationLUTShape=shape)
        assert (status, answer.PresentationLUTShape) == (0, shape)
        assert peer.create(LUT, "1.2.3", PresentationLUTShape=shape)[0] == 0x0111
        assert peer.delete(LUT, "1.2.3") == 0
        assert peer.delete(LUT, "1.2.3") == 0x0112


def test_a_table(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(LUT, None, PresentationLUTSequence=[table(*TABLE)])[0] == 0


@pytest.mark.parametrize(
    ("tables", "status"),
    [
        ([TABLE, TABLE], INVALID_VALUE),
        ([([256, 0, 12], None)], MISSING_ATTRIBUTE),
        ([(None, ENTRIES)], MISSING_ATTRIBUTE),
        ([([255, 0, 12], ENTRIES)], INVALID_VALUE),
        ([([256, 1, 12], ENTRIES)], INVALID_VALUE),
        ([([256, 0, 8], ENTRIES)], INVALID_VALUE),
        ([([256, 0], ENTRIES)], INVALID_VALUE),
        ([([0, 0, 16], ENTRIES)], INVALID_VALUE),
        ([([1, 0, 12], [3])], INVALID_VALUE),
    ],
)
def test_tables_that_are_none(tmp_path: Path, tables: list[Any], status: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        sent = [table(*one) for one in tables]
        assert peer.create(LUT, "1.2.3", PresentationLUTSequence=sent)[0] == status


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"PresentationLUTShape": "CURVED"}, INVALID_VALUE),
        ({"PatientID": "1"}, MISSING_ATTRIBUTE),
        ({"PresentationLUTShape": "IDENTITY", "PresentationLUTSequence": [table(*TABLE)]}, MISSING_ATTRIBUTE),
    ],
)
def test_one_is_needed_and_not_both(tmp_path: Path, values: dict[str, Any], status: int) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(LUT, "1.2.3", **values)[0] == status


def test_their_number_is_bounded(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        for _ in range(64):
            peer.create(LUT, None, PresentationLUTShape="IDENTITY")
        assert peer.create(LUT, None, PresentationLUTShape="IDENTITY")[0] == 0x0213


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", True)])
def test_words_that_come_as_bytes(order: str, big: bool) -> None:
    raw = struct.pack(f"{order}3H", 1, 256, 65535)
    assert [*_words(Attribute("OW", (raw,)), big=big)] == [1, 256, 65535]
    assert [*_words(Attribute("SS", (-1, 2)), big=big)] == [65535, 2]


def test_tables_take_little_more_than_their_words(tmp_path: Path) -> None:
    import gc
    import tracemalloc

    long = table([30_000, 0, 16], range(30_000))
    with printer(tmp_path) as node, scu(node) as peer:
        assert peer.create(LUT, "1.2.1", PresentationLUTSequence=[long])[0] == 0
        tracemalloc.start()
        try:
            for number in range(2, 6):
                assert peer.create(LUT, f"1.2.{number}", PresentationLUTSequence=[long])[0] == 0
            node.log.wait("normalized", 5)
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < 4 * 30_000 * 6
        finally:
            tracemalloc.stop()
