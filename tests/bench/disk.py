"""Where on a disk the folders of a bench lie.

ext4 gives a new file a number near those of its folder, and passes over numbers that were free for less than
some minutes one by one: where others were removed lately, making a file takes half a millisecond instead of
ten microseconds, and every receiver of a bench looks slow.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602  # ioctl_iflags(2), 64 bits
_TOPDIR = 0x00020000


def spread(folder: Path) -> None:
    """Have the file system put each folder in `folder` somewhere else, as `chattr +T` does where it can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # not ext4
            (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GET_FLAGS, bytes(struct.calcsize("l"))))
            fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("l", flags | _TOPDIR))
    finally:
        os.close(descriptor)
