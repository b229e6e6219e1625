"""The lock that makes a database belong to one process: on another file, because SQLite locks its own."""

from __future__ import annotations

import fcntl
import os

_CREATE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def hold(root: int, name: str) -> int:
    """Lock the file `name` of an open folder, made if it is not there, until the descriptor is closed.

    BlockingIOError if another process has it, another OSError if it cannot be made. A file system without
    locks has none to give.
    """
    descriptor = os.open(name, _CREATE, 0o600, dir_fd=root)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        pass
    return descriptor
