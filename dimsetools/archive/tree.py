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
import stat
import threading
from itertools import count

from dimsetools.archive.durability import FolderSyncs
from dimsetools.errors import OutputError, OutputFolderError

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNNAMED = os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_TMPFILE", 0)
_PART = re.compile(r"dimse-[0-9a-f]{16}-[0-9]+\.part")


class Part:
    """A file that is still to get its name: `name` is that of a temporary file, or empty."""

    __slots__ = ("descriptor", "name")

    def __init__(self, descriptor: int, name: str) -> None:
        self.descriptor = descriptor
        self.name = name

    def close(self) -> None:
        """Close it, if it is open; OSError tells of a write that failed late."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class Tree:
    """A folder to store in, probed and swept. `durable`: names are to survive a power loss.

    `unnamed`: where the file system can, a file has no name at all before its own. That is faster, and
    nothing is left of it when the process is killed; when its name reaches the disk is not promised. Data
    that were synced before it got its name are there in any case.
    OutputFolderError (45) when `root` is no folder, OutputError (40) when it is missing or not writable.
    """

    def __init__(
        self, root: str, *, file_mode: int = 0o600, durable: bool = True, unnamed: bool = False
    ) -> None:
        self._file_mode = file_mode
        self._folder_mode = 0o700 | (file_mode & 0o044) | (file_mode & 0o044) >> 2
        self._durable = durable
        self._syncs = FolderSyncs()
        self._names = threading.Lock()
        self._prefix = f"dimse-{os.urandom(8).hex()}"
        self._counter = count(1)
        self._set_modes = False
        self._unnamed = False
        self._prepared: list[Part] = []
        self.descriptor = open_root(root)
        try:
            self.swept = self._sweep()
            self._probe()
            self._unnamed = unnamed and self._probe_unnamed()
        except OSError as error:
            os.close(self.descriptor)
            raise OutputError(f"cannot store in {root!r}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the folder."""
        for part in self._prepared:
            self.remove_part(part)
        os.close(self.descriptor)

    def free(self) -> int:
        """Bytes that may still be written."""
        space = os.fstatvfs(self.descriptor)
        return space.f_bavail * space.f_frsize

    def create_part(self) -> Part:
        """Make a temporary file that nobody else writes to, open to read and write."""
        try:
            return self._prepared.pop()
        except IndexError:
            return self._create_part()

    def prepare(self) -> None:
        """Make the next temporary file now, while there is time, if it has no name that anybody could see."""
        if self._unnamed and not self._prepared:
            with contextlib.suppress(OSError):
                self._prepared.append(self._create_part())

    def _create_part(self) -> Part:
        if self._unnamed:
            part = Part(os.open(".", _UNNAMED, self._file_mode, dir_fd=self.descriptor), "")
        else:
            name = self._part_name()
            part = Part(os.open(name, _CREATE, self._file_mode, dir_fd=self.descriptor), name)
        if self._set_modes:
            os.fchmod(part.descriptor, self._file_mode)
        return part

    def remove_part(self, part: Part) -> None:
        """Forget a temporary file; what cannot be removed now, the next start sweeps up."""
        with contextlib.suppress(OSError):
            part.close()
        if part.name:
            with contextlib.suppress(OSError):
                os.unlink(part.name, dir_fd=self.descriptor)
            part.name = ""

    def complete(self, part: Part) -> None:
        """Give a temporary file a name, if it has none, and close it: nothing more is written."""
        if not part.name:
            name = self._part_name()
            _link(part.descriptor, self.descriptor, name)
            part.name = name
        part.close()

    def rename(self, part: Part, folder: int, name: str) -> None:
        """Give a temporary file that is complete its name in an open folder, in place of whatever has it."""
        os.rename(part.name, name, src_dir_fd=self.descriptor, dst_dir_fd=folder)
        part.name = ""

    def publish_if_free(self, part: Part, folder: int, name: str) -> bool:
        """Give a temporary file its name unless that is taken: then it is complete under the one it had."""
        if part.name:
            part.close()
        else:
            os.close(os.dup(part.descriptor))  # like any close, it tells of a write that failed late
        with self._names:  # makes it one step for all threads of ours
            if not part.name:
                published = _link_if_free(part.descriptor, folder, name)
            elif published := not exists(folder, name):
                self.rename(part, folder, name)
        if not published:
            self.complete(part)
        return published

    def withdraw(self, path: str, inode: int) -> None:
        """Take back the name that a file has just got, unless another file has it by now."""
        parents, _, name = path.rpartition("/")
        with contextlib.suppress(OSError):
            folder = open_folder_below(self.descriptor, parents)
            try:
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino == inode:
                    os.unlink(name, dir_fd=folder)
            finally:
                os.close(folder)

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
        part = self.create_part()
        moved = self._part_name()
        try:
            os.write(part.descriptor, b"probe")
            if self._durable:
                os.fsync(part.descriptor)
            os.rename(part.name, moved, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            part.name = moved
            self._set_modes = stat.S_IMODE(os.fstat(part.descriptor).st_mode) != self._file_mode
        finally:
            self.remove_part(part)

    def _probe_unnamed(self) -> bool:
        """Whether the file system has files without a name (NFS has not), and /proc is there to name them."""
        if not hasattr(os, "O_TMPFILE"):
            return False
        try:
            part = Part(os.open(".", _UNNAMED, self._file_mode, dir_fd=self.descriptor), "")
        except OSError:
            return False
        try:
            self.complete(part)
        except OSError:
            return False
        finally:
            self.remove_part(part)
        return True

    def _part_name(self) -> str:
        return f"{self._prefix}-{next(self._counter)}.part"


def open_below(root: int, path: str) -> int:
    """Open the regular file at `path` below an open folder to read it, following no link."""
    parents, _, name = path.rpartition("/")
    folder = open_folder_below(root, parents)
    try:
        descriptor = os.open(_downwards(name), _READ, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def open_folder_below(root: int, path: str) -> int:
    """Open the folder at `path` below an open one, "" for that itself, following no link."""
    folder = os.dup(root)
    for component in path.split("/") if path else ():
        try:
            inner = os.open(_downwards(component), _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _downwards(component: str) -> str:
    if component in ("", ".", "..") or "\0" in component:
        raise OSError(errno.EINVAL, "not a path below the folder")
    return component


def exists(folder: int, name: str) -> bool:
    """Tell whether an open folder has an entry of that name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _link(descriptor: int, folder: int, name: str) -> None:
    """Give an open file without a name its first one (see open(2) on O_TMPFILE)."""
    os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)


def _link_if_free(descriptor: int, folder: int, name: str) -> bool:
    try:
        _link(descriptor, folder, name)
    except FileExistsError:
        return False
    return True


def open_root(root: str, what: str = "store in") -> int:
    """Open a folder to `what`; OutputFolderError (45) if it is none, OutputError (40) if it is missing."""
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError:
        raise OutputFolderError(f"{root!r} is not a folder") from None
    except OSError as error:
        raise OutputError(
            f"cannot {what} {root!r}: {error.strerror}", hint="make the folder first"
        ) from error
