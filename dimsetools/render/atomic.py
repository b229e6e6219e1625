"""Files that others read while we write them: they see the old content or the new one, never a part."""

from __future__ import annotations

import os
from contextlib import suppress

from dimsetools.errors import OutputError


def write(path: str, text: str) -> None:
    """Replace the file `path` by `text` in UTF-8; a link is followed. Raises OutputError.

    The name of the temporary file in the same folder starts with a dot and ends in `.tmp`, so that a
    collector which reads `*.prom` leaves it alone. The file is not synced: after a power loss old metrics
    are as good as none.
    """
    final = os.path.realpath(path)
    folder, name = os.path.split(final)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(temporary, final)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
