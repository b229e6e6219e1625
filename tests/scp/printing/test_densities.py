"""Densities of films and of images, and what becomes of those that films do not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dimsetools.dataset.requirements import INVALID_VALUE
from dimsetools.film.density import gray
from tests.scp.printing.jobs import (
    FILM,
    GRAY,
    boxes,
    film_values,
    gray_item,
    image,
    middles,
    printed,
    printer,
    scu,
    usual_layout,
)


def test_densities_of_a_film_beyond_the_printer_are_clamped(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        status, answer = peer.create(FILM, "1.2.3", **film_values(peer.session()), MaxDensity=500)
        assert (status, answer.MaxDensity) == (0xB605, 320)
        status, answer = peer.set(FILM, "1.2.3", MinDensity=0)
        assert (status, answer.MinDensity) == (0xB605, 20)


def test_densities_of_an_image_beyond_the_printer_are_clamped(tmp_path: Path) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), MinDensity=50, MaxDensity=250)
        sent = image(gray_item(0), MaxDensity=500)
        assert peer.set(GRAY, boxes(answer)[0], sent)[0] == 0xB605
        assert peer.comment == "densities are from 20 to 320"
        assert peer.act(FILM, film)[0] == 0
    assert middles(printed(tmp_path)[0], usual_layout("STANDARD\\1,1")) == [round(gray(320) * 255)]


def test_a_film_that_gets_lighter_than_its_image_turns_nothing_round(tmp_path: Path) -> None:
    where = usual_layout("STANDARD\\2,1")
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), "STANDARD\\2,1")
        for position, uid in enumerate(boxes(answer), 1):
            sent = image(gray_item(255 * (position - 1)), position, MinDensity=200)
            assert peer.set(GRAY, uid, sent)[0] == 0
        assert peer.set(FILM, film, MaxDensity=100)[0] == 0
        assert peer.act(FILM, film)[0] == 0
    assert middles(printed(tmp_path)[0], where) == [round(gray(200) * 255)] * 2


@pytest.mark.parametrize(
    "values", [{"MinDensity": 200, "MaxDensity": 100}, {"MinDensity": 300}, {"MaxDensity": 40}]
)
def test_a_least_density_above_the_greatest_is_refused_of_an_image(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    with printer(tmp_path) as node, scu(node) as peer:
        film, answer = peer.film(peer.session(), MinDensity=50, MaxDensity=250)
        assert peer.set(GRAY, boxes(answer)[0], image(gray_item(), **values))[0] == INVALID_VALUE
        assert "MinDensity" in peer.comment
        assert peer.act(FILM, film)[0] == 0xB603
