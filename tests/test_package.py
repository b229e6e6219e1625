"""The public face of the library."""

from __future__ import annotations

import pytest

import dimsetools


@pytest.mark.parametrize("name", sorted(set(dimsetools.__all__) - {"__version__"}))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(dimsetools, name).__module__.startswith("dimsetools.")


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        dimsetools.missing  # noqa: B018
