"""Streams that the tests write to."""

from __future__ import annotations

from io import StringIO


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True
