"""Bytes, counts and seconds as people read them."""

from __future__ import annotations


def size(count: float) -> str:
    """Return a number of bytes in decimal units: `512 B`, `1.5 MB`."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def counted(number: float, noun: str) -> str:
    """Return a whole number with its noun: `1 object`, `2 objects`."""
    return f"{number:.0f} {noun}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """Return a duration as `0:07`, `12:34` or `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def milliseconds(seconds: float) -> str:
    """Return a duration as a number of ms with as many digits as matter: `0.42`, `12.4`, `1230`."""
    ms = seconds * 1000
    if ms < 10:
        return f"{ms:.2f}"
    return f"{ms:.1f}" if ms < 1000 else f"{ms:.0f}"
