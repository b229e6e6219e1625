"""The progress bar: rich draws one line that fits the terminal. Where the line goes is not decided here."""

from __future__ import annotations

from io import StringIO
from shutil import get_terminal_size
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimsetools.render.progress import State


class Painter:
    """Paints states of progress through `paint`, which takes a line without a line feed."""

    def __init__(self, paint: Callable[[str], None], color: bool) -> None:
        self._paint = paint
        self._color = color

    def show(self, state: State) -> None:
        """Paint one state; rich is loaded for the first."""
        self._paint(drawn(state, get_terminal_size().columns - 1, self._color))


def drawn(state: State, width: int, color: bool) -> str:
    """Return `state` as one line of at most `width` columns."""
    from rich.console import Console
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    console = Console(
        file=StringIO(), width=max(width, 20), force_terminal=True, no_color=not color, legacy_windows=False
    )
    counted, sized, rate, left, ok, warnings, failed = state.words()
    outcome = Text(ok, "green")
    if state.warnings:
        outcome.append(f"  {warnings}", "yellow")
    if state.failed:
        outcome.append(f"  {failed}", "bold red")
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(ratio=1, min_width=4)
    cells = [text for text in (counted, Text(sized, "cyan"), rate, Text(left, "dim"), outcome) if text]
    for _ in cells:
        grid.add_column(no_wrap=True, overflow="ellipsis")
    fraction = state.fraction
    bar = ProgressBar(completed=100 * (fraction or 0.0), pulse=fraction is None, animation_time=state.elapsed)
    grid.add_row(bar, *cells)
    with console.capture() as captured:
        console.print(grid, end="")
    return captured.get().split("\n", 1)[0]
