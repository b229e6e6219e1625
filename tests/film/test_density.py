"""Densities and Presentation LUTs as grays: against the standard's own figures, and by what must hold."""

from __future__ import annotations

from itertools import pairwise
from math import log, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimsetools.film.density import LEAST, MOST, Table, gray, named_gray, tones


def test_the_limits_of_a_film_are_the_limits_of_the_grays() -> None:
    assert gray(LEAST) == pytest.approx(1.0)
    assert gray(MOST) == pytest.approx(0.0)
    assert gray(0) == gray(LEAST)
    assert gray(400) == gray(MOST)


def luminance(index: float) -> float:
    """The Grayscale Standard Display Function itself, of which the code has the inverse (PS3.14 7.1)."""
    ln = log(index)
    over = -1.3011877 + 8.0242636e-2 * ln + 1.3646699e-1 * ln**2 - 2.5468404e-2 * ln**3 + 1.3635334e-3 * ln**4
    under = 1 - 2.5840191e-2 * ln - 1.0320229e-1 * ln**2 + 2.8745620e-2 * ln**3 - 3.1978977e-3 * ln**4
    under += 1.2992634e-4 * ln**5
    return float(10 ** (over / under))


@pytest.mark.parametrize("part", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_grays_are_equal_steps_of_the_standard_display_function(part: float) -> None:
    least, most = (_index(10 + 2000 * 10 ** (-density / 100)) for density in (MOST, LEAST))
    light = luminance(least + part * (most - least))
    assert gray(-100 * log10((light - 10) / 2000)) == pytest.approx(part, abs=0.002)


def _index(light: float) -> float:
    """The index of a luminance, by halving."""
    low, high = 1.0, 1023.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if luminance(middle) < light else (low, middle)
    return low


@pytest.mark.parametrize(("word", "expected"), [("BLACK", 0.0), ("WHITE", 1.0), ("20", 1.0), ("320", 0.0)])
def test_named_densities(word: str, expected: float) -> None:
    assert named_gray(word) == pytest.approx(expected)


@pytest.mark.parametrize("word", ["", "GREY", "-1", "1.5", "123456", "\u0661"])
def test_other_words_are_no_density(word: str) -> None:
    with pytest.raises(ValueError, match="no density"):
        named_gray(word)


def test_p_values_are_grays() -> None:
    assert tones(256) == pytest.approx([value / 255 for value in range(256)])
    assert tones(4096, inverse=True)[0] == pytest.approx(1.0)


def test_the_densities_of_a_job_narrow_the_range() -> None:
    found = tones(256, low=50, high=200)
    assert found[0] == pytest.approx(gray(200))
    assert found[-1] == pytest.approx(gray(50))
    assert 0 < found[0] < found[128] < found[-1] < 1


def test_linear_density_is_darker_in_the_middle_than_p_values() -> None:
    found = tones(256, lut="LIN OD")
    assert found[0] == pytest.approx(0.0)
    assert found[-1] == pytest.approx(1.0)
    assert found[128] == pytest.approx(gray(MOST - 128 / 255 * (MOST - LEAST)))
    assert found[128] < 0.4


def test_a_table_maps_pixel_values_to_p_values() -> None:
    inverted = Table([1023 - 4 * value for value in range(256)], 10)
    assert tones(256, lut=inverted)[0] == pytest.approx(1.0)
    assert tones(256, lut=inverted)[255] == pytest.approx(3 / 1023)


def test_a_table_of_another_length_is_stretched_and_values_beyond_its_bits_are_limited() -> None:
    found = tones(4096, lut=Table([0, 5000, 1023], 10))
    assert (found[0], found[4095]) == pytest.approx((0.0, 1.0))
    assert found[2048] == pytest.approx(1.0)


@given(st.integers(0, 400), st.integers(0, 400))
def test_denser_is_darker(one: int, other: int) -> None:
    if one < other:
        assert gray(one) >= gray(other)


@given(
    st.sampled_from([256, 4096]), st.booleans(), st.sampled_from(["IDENTITY", "LIN OD"]),
    st.integers(20, 320), st.integers(20, 320),
)  # fmt: skip
def test_every_pixel_value_has_a_gray(levels: int, inverse: bool, lut: str, low: int, high: int) -> None:
    found = tones(levels, inverse=inverse, low=min(low, high), high=max(low, high), lut=lut)
    assert len(found) == levels
    assert all(-1e-9 <= tone <= 1 + 1e-9 for tone in found)
    rising = found[::-1] if inverse else found
    assert all(one <= other + 1e-9 for one, other in pairwise(rising))
