"""DICOM files: what to propose and send for a file, and the header of a file that we write (PS3.10 7.1).

`read_meta` runs once for every file of a store and is made for speed: one read, no decoder. It looks at the
File Meta Information and the first elements of the data set, never at the rest: that is `elements.scan`.
Messages name no file, the caller does.
"""

from __future__ import annotations

import os
import stat
import struct
from functools import lru_cache
from typing import NamedTuple

from dimsetools import uids
from dimsetools.dataset.elements import pick, sniff
from dimsetools.dataset.layout import LONG_VRS, SHORT_VRS, read_at
from dimsetools.errors import InputError, InputUnreadable
from dimsetools.escape import visible

_PREAMBLE = bytes(128) + b"DICM"
_HEAD = 2048
_META_MOST = 1 << 20
_META_LONG_VRS = LONG_VRS | {b"SQ", b"UN"}
_MEDIA_CLASS, _MEDIA_INSTANCE, _SYNTAX = 0x0002, 0x0003, 0x0010
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_SOP_TAGS = (_SOP_CLASS, _SOP_INSTANCE)

_header_at = struct.Struct("<HH2sH").unpack_from
_length_at = struct.Struct("<I").unpack_from

_MAGIC = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"%PDF", "a PDF file"),
    (b"\xff\xd8\xff", "a JPEG file"),
    (b"\x89PNG", "a PNG file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FileMeta(NamedTuple):
    """What a file holds: its data set has `length` bytes from `offset` on, encoded in `transfer_syntax`.

    `guessed`: the transfer syntax was concluded from the data set, because the file does not name it.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    offset: int
    length: int
    guessed: bool


def open_regular(path: str | bytes | os.PathLike[str]) -> tuple[int, os.stat_result]:
    """Open a regular file for reading, following links; return its descriptor and status.

    Raises InputUnreadable if it cannot be opened and InputError if it is something else than a file;
    never waits, as a FIFO without a writer would make it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise InputUnreadable(f"cannot be opened: {error.strerror}") from error
    except ValueError as error:  # NUL, or a character that the file system encoding lacks
        raise InputUnreadable("cannot be opened: no file can have this name") from error
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return fd, status
    os.close(fd)
    raise irregular(status.st_mode)


def irregular(mode: int) -> InputError:
    """Return what a file of that `st_mode` is refused with, because it is none that can be read to an end."""
    return InputError(f"{_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a regular file")


def read_meta(fd: int, size: int) -> FileMeta:
    """Return what the file `fd` of `size` bytes holds.

    Raises InputError with the reason if it cannot be sent: no DICOM, no data set, a DICOMDIR, no SOP class
    or instance UID, or a data set that contradicts its File Meta Information. Raises InputUnreadable if
    it cannot be read.
    """
    head = read_at(fd, _HEAD, 0)
    if head[128:132] == b"DICM":
        head, meta, offset = _group_2(fd, size, head, 132)
    elif head[:4] == b"DICM":
        head, meta, offset = _group_2(fd, size, head, 4)
    elif head[:6] == b"\x02\0\0\0UL":
        head, meta, offset = _group_2(fd, size, head, 0)
    else:
        meta, offset = {}, 0
    if meta.get(_MEDIA_CLASS, b"").rstrip(b"\0 ") == uids.MEDIA_STORAGE_DIRECTORY.encode():
        raise InputError("a DICOMDIR, which lists files and cannot be stored itself")
    syntax, guessed = _syntax(head, offset, size, meta)

    found = pick(head, syntax, _SOP_TAGS, offset=offset, limit=_HEAD)
    if len(found) < 2 and len(head) < size:
        found = pick(fd, syntax, _SOP_TAGS, offset=offset, length=size - offset)
    if not meta and not found:
        raise InputError(_what_else(head))
    sop_class = _uid("SOP class UID", meta.get(_MEDIA_CLASS), found.get(_SOP_CLASS))
    sop_instance = _uid("SOP instance UID", meta.get(_MEDIA_INSTANCE), found.get(_SOP_INSTANCE))
    return FileMeta(sop_class, sop_instance, syntax, offset, size - offset, guessed)


def header(sop_class: str, sop_instance: str, transfer_syntax: str, source_aet: str = "") -> bytes:
    """Return the 128 zero bytes, `DICM` and the File Meta Information to write before a data set.

    `source_aet` becomes the Source Application Entity Title (PS3.10 table 7.1-1).
    """
    before, after = _around_instance(sop_class, transfer_syntax, source_aet)
    group = before + _element(_MEDIA_INSTANCE, b"UI", sop_instance.encode("ascii", "replace")) + after
    return _PREAMBLE + _element(0x0000, b"UL", struct.pack("<I", len(group))) + group


@lru_cache(maxsize=64)
def _around_instance(sop_class: str, transfer_syntax: str, source_aet: str) -> tuple[bytes, bytes]:
    """Return the elements of group 2 before and behind the instance's: the same for a whole series."""
    before = (
        _element(0x0001, b"OB", b"\0\x01"),
        _element(_MEDIA_CLASS, b"UI", sop_class.encode("ascii", "replace")),
    )
    after = (
        _element(_SYNTAX, b"UI", transfer_syntax.encode("ascii")),
        _element(0x0012, b"UI", uids.IMPLEMENTATION_UID.encode("ascii")),
        _element(0x0013, b"SH", uids.IMPLEMENTATION_VERSION.encode("ascii")),
        _element(0x0016, b"AE", source_aet.encode("ascii", "replace")) if source_aet else b"",
    )
    return b"".join(before), b"".join(after)


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    if vr == b"OB":
        return struct.pack("<HH2sHI", 2, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def _group_2(fd: int, size: int, head: bytes, start: int) -> tuple[bytes, dict[int, bytes], int]:
    """Return the head of the file, enlarged if need be, the elements of group 2 and where they end.

    The elements decide where the group ends, since group lengths are often wrong or missing. The length
    counts only where what follows it is no element at all: deflated data sets may begin with anything.
    """
    meta: dict[int, bytes] = {}
    offset, end = start, -1
    try:
        while offset < size:
            group, element, vr, length = _header_at(head, offset)
            if group != 2 or (offset == end and vr not in SHORT_VRS and vr not in _META_LONG_VRS):
                break
            body = offset + 8
            if vr not in SHORT_VRS:
                if vr not in _META_LONG_VRS:
                    raise InputError("its File Meta Information is not explicit VR little endian")
                (length,) = _length_at(head, body)
                body += 4
            offset = body + length
            if offset > len(head):
                break
            meta[element] = head[body:offset]
            if element == 0 and length == 4:
                end = offset + _length_at(head, body)[0]
    except struct.error:
        offset = len(head) + 1
    if offset > len(head):
        larger = read_at(fd, _META_MOST, 0) if len(head) < min(size, _META_MOST) else b""
        if len(larger) > len(head):
            return _group_2(fd, size, larger, start)
        raise InputError("truncated inside its File Meta Information")
    if offset >= size:
        raise InputError("no data set behind its File Meta Information" if meta else "nothing behind 'DICM'")
    return head, meta, offset


def _syntax(head: bytes, offset: int, size: int, meta: dict[int, bytes]) -> tuple[str, bool]:
    """Return the transfer syntax, and whether it is a guess; refuse one that the data set contradicts."""
    said = meta.get(_SYNTAX, b"").rstrip(b"\0 ").decode("latin-1")
    known = uids.TRANSFER_SYNTAXES.get(said)
    first = head[offset : offset + 12]
    if known is not None:
        if known.deflated:
            return said, False
        if known.explicit and known.little_endian and first[:2] == b"\x08\0" and first[4:6] in SHORT_VRS:
            return said, False
    elif said and not uids.is_dotted(said):
        raise InputError(f"its transfer syntax '{visible(said, 80)}' is no UID")
    seen = sniff(first, size - offset)
    if not said:
        if seen is None:
            raise InputError(
                "no transfer syntax in its File Meta Information, and none to be guessed"
                if meta
                else _what_else(head)
            )
        return seen, True
    layout = said if said in (uids.IMPLICIT_LE, uids.EXPLICIT_BE) else uids.EXPLICIT_LE
    if known is not None and seen is not None and seen != layout:
        raise InputError(
            f"says transfer syntax {known.name}, "
            f"but its data set is encoded as {uids.TRANSFER_SYNTAXES[seen].name}"
        )
    return said, False


def _uid(name: str, in_meta: bytes | None, in_data: bytes | None) -> str:
    """Return the UID that File Meta Information and data set agree on, or the only one of them has."""
    meta = in_meta.rstrip(b"\0 ") if in_meta else b""
    data = in_data.rstrip(b"\0 ") if in_data else b""
    if meta and data and meta != data:
        raise InputError(
            f"its data set has the {name} {visible(data.decode('latin-1'), 80)}, "
            f"its File Meta Information {visible(meta.decode('latin-1'), 80)}"
        )
    uid = (data or meta).decode("latin-1")
    if not uid:
        raise InputError(f"no {name}")
    if not uids.is_dotted(uid):
        raise InputError(f"its {name} '{visible(uid, 80)}' is no UID")
    return uid


def _what_else(head: bytes) -> str:
    """Say what a file is that is no DICOM."""
    if not head:
        return "an empty file"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return f"{name}, not DICOM"
    text = head[: _HEAD - 4].decode("utf-8", "replace")
    if text.count("\ufffd") <= 1 and all(
        character.isprintable() or character.isspace() for character in text
    ):
        return "a text file, not DICOM"
    return "not DICOM: no 'DICM' behind a preamble, and no data set that shows its SOP class and instance"
