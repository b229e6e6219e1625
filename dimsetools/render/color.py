"""The one colour policy: whoever writes colours anywhere in the program asks here."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def wanted(choice: str, stream: IO[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether `stream` gets colours.

    `choice` is the value of `--color` (auto, always, never). With auto the first that speaks wins: NO_COLOR,
    FORCE_COLOR or CLICOLOR_FORCE, CLICOLOR=0, TERM=dumb, and last whether the stream is a terminal.
    """
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
