"""One folder on disk and the folders below it, used through descriptors only.

Every step below the root is opened relative to its parent and never through a link, so nothing that is
planted there leads outside. Temporary files live in the root itself, where the next start finds those of a
process that was killed. Raises OSError; what that means is for others to say.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import threading
from itertools import count

from dimsetools.archive.durability import FolderSyncs
from dimsetools.errors import OutputError, OutputFolderError

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PART = re.compile(r"dimse-[0-9a-f]{16}-[0-9]+\.part")


class Tree:
    """A folder to store in, probed and swept. `durable`: names are to survive a power loss.

    OutputFolderError (45) when `root` is no folder, OutputError (40) when it is missing or not writable.
    """

    def __init__(self, root: str, *, file_mode: int = 0o600, durable: bool = True) -> None:
        self._file_mode = file_mode
        self._folder_mode = 0o700 | (file_mode & 0o044) | (file_mode & 0o044) >> 2
        self._durable = durable
        self._syncs = FolderSyncs()
        self._names = threading.Lock()
        self._prefix = f"dimse-{secrets.token_hex(8)}"
        self._counter = count(1)
        self._set_modes = False
        self.descriptor = _open_root(root)
        try:
            self.swept = self._sweep()
            self._probe()
        except OSError as error:
            os.close(self.descriptor)
            raise OutputError(f"cannot store in {root!r}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self.descriptor)

    def free(self) -> int:
        """Bytes that may still be written."""
        space = os.fstatvfs(self.descriptor)
        return space.f_bavail * space.f_frsize

    def create_part(self) -> tuple[str, int]:
        """Make a temporary file that nobody else writes to: its name, and a descriptor to read and write."""
        name = f"{self._prefix}-{next(self._counter)}.part"
        descriptor = os.open(name, _CREATE, self._file_mode, dir_fd=self.descriptor)
        if self._set_modes:
            os.fchmod(descriptor, self._file_mode)
        return name, descriptor

    def remove_part(self, name: str) -> None:
        """Remove a temporary file; what cannot be removed now, the next start sweeps up."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.descriptor)

    def rename(self, part: str, folder: int, name: str) -> None:
        """Give a temporary file its name in an open folder, in place of whatever has it."""
        os.rename(part, name, src_dir_fd=self.descriptor, dst_dir_fd=folder)

    def rename_if_free(self, part: str, folder: int, name: str) -> bool:
        """Rename unless the name is taken; the lock makes that one step for all threads of ours."""
        with self._names:
            try:
                os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                self.rename(part, folder, name)
                return True
        return False

    def sync(self, folder: tuple[str, ...], descriptor: int) -> None:
        """Make the names in an open folder durable; several callers share one fsync."""
        self._syncs.sync(folder, descriptor)

    def open_folder(self, components: tuple[str, ...]) -> int:
        """Open a folder below the root, making what is missing and, if asked for, durable."""
        descriptor = os.dup(self.descriptor)
        try:
            for depth in range(1, len(components) + 1):
                inner = self._step(descriptor, components[:depth])
                os.close(descriptor)
                descriptor = inner
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _step(self, parent: int, path: tuple[str, ...]) -> int:
        try:
            folder = os.open(path[-1], _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            folder = self._make(parent, path)
        if self._durable and not self._syncs.is_durable(path):
            # Also for a folder somebody else made: another thread's sync of it may still be on its way.
            try:
                self._syncs.sync(path[:-1], parent)
            except OSError:
                os.close(folder)
                raise
            self._syncs.remember(path)
        return folder

    def _make(self, parent: int, path: tuple[str, ...]) -> int:
        self._syncs.forget(path)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path[-1], self._folder_mode, dir_fd=parent)
        folder = os.open(path[-1], _FOLDER, dir_fd=parent)
        if self._set_modes:
            os.fchmod(folder, self._folder_mode)
        return folder

    def _sweep(self) -> int:
        """Remove the temporary files of a process that was killed, unless another one is at work here.

        Every process holds a shared lock on the folder for its life; who gets it alone, is alone.
        """
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
                fcntl.flock(self.descriptor, fcntl.LOCK_SH)
            return 0  # not alone, or a file system without locks: nobody knows whose files these are
        stale = [name for name in os.listdir(self.descriptor) if _PART.fullmatch(name)]
        for name in stale:
            os.unlink(name, dir_fd=self.descriptor)
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        return len(stale)

    def _probe(self) -> None:
        """Write, sync, rename and remove one file; learns whether the umask makes us set modes ourselves."""
        name, descriptor = self.create_part()
        moved = f"{self._prefix}-0.part"
        try:
            os.write(descriptor, b"probe")
            if self._durable:
                os.fsync(descriptor)
            self.rename(name, self.descriptor, moved)
            name = moved
            self._set_modes = stat.S_IMODE(os.fstat(descriptor).st_mode) != self._file_mode
        finally:
            os.close(descriptor)
            self.remove_part(name)


def _open_root(root: str) -> int:
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError:
        raise OutputFolderError(f"{root!r} is not a folder") from None
    except OSError as error:
        raise OutputError(
            f"cannot store in {root!r}: {error.strerror}", hint="make the folder first"
        ) from error
