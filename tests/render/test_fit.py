from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dimsetools.render.fit import GAP, Need, fitted

NEEDS = st.lists(
    st.builds(Need, st.integers(1, 70), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=12
)


def used(widths: list[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + GAP * (len(shown) - 1)


def test_what_has_room_is_left_alone() -> None:
    assert fitted([Need(10), Need(44, uid=True), Need(5, empty=True)], 80) == [10, 44, 5]


def test_text_is_cut_before_uids_and_dates_not_at_all() -> None:
    widths = fitted([Need(10, cut=False), Need(40), Need(44, uid=True)], 74)
    assert widths == [10, 16, 44]
    assert fitted([Need(10, cut=False), Need(40), Need(44, uid=True)], 60) == [10, 16, 30]


def test_an_empty_column_goes_before_anything_is_cut_short() -> None:
    assert fitted([Need(16), Need(16, empty=True), Need(24, uid=True)], 46) == [16, 0, 24]


def test_the_last_columns_go_where_nothing_else_helps_and_the_others_get_their_room() -> None:
    widths = fitted([Need(10, cut=False), Need(30), Need(10, cut=False), Need(64, uid=True)], 40)
    assert widths[0] == 10
    assert widths[3] == 0
    assert used(widths) <= 40


@given(NEEDS, st.integers(20, 200))
def test_a_row_fits_if_anything_does(needs: list[Need], room: int) -> None:
    widths = fitted(needs, room)
    assert all(0 <= width <= need.width for width, need in zip(widths, needs, strict=True))
    assert used(widths) <= room or sum(1 for width in widths if width) == 1
