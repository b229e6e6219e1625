"""DCMTK's print programs as SCU: dcmpsprt renders, dcmprscu prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.peers.printing import dcmtk_print
from tests.scp.printing.jobs import VALUES, image_files, middles, printed, printer, usual_layout

JOB = ("--layout", "2", "2", "--filmsize", "8INX10IN", "--border", "WHITE", "--magnification", "REPLICATE")


def gray_levels(path: Path, where: Any) -> list[int]:
    """The middles of a film of 16 bits, as values of 8."""
    return [round(value / 257) for value in middles(path, where)]


@pytest.mark.parametrize(
    ("job", "spooler"),
    [((), ()), (("--identity",), ("--session-print", "--copies", "2")), ((), ("--monochrome1",))],
    ids=["film", "session", "monochrome1"],
)
def test_a_job_of_dcmtk(tmp_path: Path, job: tuple[str, ...], spooler: tuple[str, ...]) -> None:
    films = tmp_path / "films"
    films.mkdir()
    with printer(films) as node:
        said = dcmtk_print(
            tmp_path, image_files(tmp_path), "NODE", node.port, job=(*JOB, *job), spooler=spooler
        )
        (path,) = printed(films)
        assert gray_levels(path, usual_layout("STANDARD\\2,2")) == pytest.approx(VALUES, abs=1), said
        (record,) = node.log.wait("film-printed")
        assert record["_copies"] == (2 if "--copies" in spooler else 1)
        node.log.wait("association-closed")
        refused = [one for one in node.log.records if str(one.get("_status", "0000")) != "0000"]
        assert refused == []


def test_annotations_of_dcmtk(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    with printer(films) as node:
        said = dcmtk_print(
            tmp_path,
            image_files(tmp_path),
            "NODE",
            node.port,
            job=(*JOB, "--annotation", "In the middle", "--print-no-date"),
            spooler=(),
        )
        (path,) = printed(films)
    where = usual_layout("STANDARD\\2,2", annotated=True)
    assert gray_levels(path, where) == pytest.approx(VALUES, abs=1), said
    assert where.head is not None
    with Image.open(path) as film:
        head = np.asarray(film)[where.head.top : where.head.top + where.head.height]
    third = where.head.width // 3
    middle = head[:, where.head.left + third : where.head.left + 2 * third]
    assert (middle < 20000).sum() > 100  # dark on a white border
    assert (head[:, : where.head.left + third] == 65535).all()
