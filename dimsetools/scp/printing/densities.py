"""Densities that are asked for, of films and of images, and those that films have here."""

from __future__ import annotations

from dimsetools.dataset.attributes import Attributes
from dimsetools.film.density import LEAST, MOST
from dimsetools.scp.normalized import Done
from dimsetools.scp.printing.jobs import attribute, invalid, number, word

DENSITY_CLAMPED = 0xB605
_LIMITS = ("MinDensity", "MaxDensity")


def within(sent: Attributes) -> Attributes:
    """Return attributes with densities that the printer has, in place of those beyond its range."""
    clamped: Attributes = {}
    for keyword in _LIMITS:
        if word(sent, keyword):
            clamped |= attribute(keyword, round(min(max(number(sent, keyword), LEAST), MOST)))
    return sent | clamped


def warned(answer: Done, sent: Attributes) -> Done:
    """Return an answer that warns of densities which are not to be had, unless it warns of something else."""
    if within(sent) == sent or answer.status:
        return answer
    return answer._replace(status=DENSITY_CLAMPED, comment=f"densities are from {LEAST:g} to {MOST:g}")


def check_order(attributes: Attributes) -> None:
    """Refuse a least density that is above the greatest."""
    low, high = (number(attributes, keyword) for keyword in _LIMITS)
    if low > high:
        raise invalid("MinDensity", "it is above Max Density")
