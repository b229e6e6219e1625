"""How wide the columns of a table may be on a terminal that has no room for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
"""Blanks between two columns."""
MORE = "+{}"
"""How many columns are left out, behind the last that is not."""


class Need(NamedTuple):
    """What a column would like: its `width`; whether it may be cut, holds UIDs, or nothing so far."""

    width: int
    cut: bool = True
    uid: bool = False
    empty: bool = False


_COMFORTABLE = ((False, 16), (True, 24))
_LEAST = ((False, 8), (True, 16))
"""Down to what width columns are cut, those of UIDs where it says true; first the one, then the other."""


def fitted(needs: Sequence[Need], room: int) -> list[int]:
    """Return the width of each column, 0 for one that is left out, so that the row has at most `room`.

    Text is cut first, then UIDs; then empty columns go, more is cut, and last columns go from the right, but
    for the first. What room that leaves is given back.
    """
    widths = [need.width for need in needs]
    _cut(needs, widths, room, _COMFORTABLE)
    _leave_out(widths, room, [place for place, need in enumerate(needs) if need.empty])
    _cut(needs, widths, room, _LEAST)
    _leave_out(widths, room, list(reversed(range(1, len(needs)))))
    _give_back(needs, widths, room)
    return widths


def _surplus(widths: Sequence[int], room: int) -> int:
    shown = [width for width in widths if width]
    left_out = len(widths) - len(shown)
    more = GAP + len(MORE.format(left_out)) if left_out else 0
    return sum(shown) + GAP * (len(shown) - 1) + more - room


def _cut(needs: Sequence[Need], widths: list[int], room: int, steps: Sequence[tuple[bool, int]]) -> None:
    for uids, least in steps:
        places = [place for place, need in enumerate(needs) if need.cut and need.uid is uids]
        surplus = _surplus(widths, room)
        while surplus > 0 and places:
            widest = max(places, key=lambda place: widths[place])
            if widths[widest] <= least:
                break
            widths[widest] -= 1
            surplus -= 1


def _give_back(needs: Sequence[Need], widths: list[int], room: int) -> None:
    """Let columns grow again into what others left, text before UIDs."""
    for uids in (False, True):
        places = [place for place, need in enumerate(needs) if need.uid is uids and widths[place]]
        for _ in range(-_surplus(widths, room)):
            short = [place for place in places if widths[place] < needs[place].width]
            if not short:
                break
            widths[min(short, key=lambda place: widths[place])] += 1


def _leave_out(widths: list[int], room: int, places: Sequence[int]) -> None:
    for place in places:
        if _surplus(widths, room) <= 0:
            return
        widths[place] = 0
