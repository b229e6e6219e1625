"""A line that somebody types: edited, completed, remembered; until the first key something else may happen.

Readline blocks until a line is there. So it is called only once a key was pressed, and until then the
terminal is left to whoever waits for the peer and the keyboard at the same time.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

_MOST = 2000
"""Lines of the history."""
_DELIMITERS = " \t"


def history_file() -> str:
    """Return where the lines of earlier shells are kept (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "dimse", "history")


def edits() -> bool:
    """Tell whether lines are edited: readline wants a terminal on both sides."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class Prompt:
    """Reads lines from the terminal. `complete` returns what a word can become, given the words before it."""

    def __init__(self, text: str, complete: Callable[[Sequence[str], str], Sequence[str]]) -> None:
        import readline

        self.text = text
        self._readline = readline
        self._complete = complete
        self._offered: Sequence[str] = ()
        readline.set_completer(self._completer)
        readline.set_completer_delims(_DELIMITERS)
        readline.parse_and_bind("tab: complete")

    @contextmanager
    def remembering(self, path: str) -> Iterator[None]:
        """Take the history from a file that only its owner can read, and add to it in the end."""
        readline = self._readline
        with suppress(OSError):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            readline.read_history_file(path)
        readline.set_history_length(_MOST)
        try:
            yield
        finally:
            with suppress(OSError):
                readline.write_history_file(path)
                os.chmod(path, 0o600)

    def pressed(self) -> bool:
        """Tell whether a key was pressed."""
        return bool(select.select([sys.stdin], [], [], 0)[0])

    @contextmanager
    def keys(self) -> Iterator[int]:
        """Have keys come at once, and give the descriptor where they do."""
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        _echo(descriptor, on=False)
        try:
            yield descriptor
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def line(self, text: str | None = None) -> str | None:
        """Return a line behind `text` (default: the prompt), None at the end of what comes (Ctrl-D).

        KeyboardInterrupt clears a line.
        """
        text = self.text if text is None else text
        _echo(sys.stdin.fileno(), on=True)  # readline shows nothing where the terminal does not
        shown = sys.stdout if edits() else sys.stderr  # results have nothing between them in a file
        try:
            if edits():
                return input(text)
            shown.write(text)
            shown.flush()
            return input()
        except EOFError:
            shown.write("\n")
            return None

    def _completer(self, text: str, number: int) -> str | None:
        if number == 0:
            before = self._readline.get_line_buffer()[: self._readline.get_begidx()]
            self._offered = self._complete(before.split(), text)
        return self._offered[number] if number < len(self._offered) else None


def _echo(descriptor: int, *, on: bool) -> None:
    """Have the terminal show what is typed, or not."""
    settings = termios.tcgetattr(descriptor)
    settings[3] = settings[3] | termios.ECHO if on else settings[3] & ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
