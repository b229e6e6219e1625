"""A bounded reader over raw data elements: is this a whole data set, and what are these few values.

Received data sets and input files are hostile until `scan` has walked them: nesting beyond `MAX_DEPTH`,
lengths beyond their parent, missing delimiters and trailing bytes are all found here, without recursion,
without copying values and within constant memory, whatever the size. Nothing here interprets a value.
Rules: PS3.5 section 7 (elements, sequences, delimiters), A.4 (fragments), 6.2.2 (UN).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from dimsetools.dataset import layout
from dimsetools.dataset.layout import Bad, Codec, Fault, Source, read_at
from dimsetools.dataset.walk import MAX_DEPTH, UNDEFINED, Walk
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES

__all__ = [
    "MAX_DEPTH", "MAX_INFLATE", "Fault", "Malformed", "Source", "Structure", "inflate", "pick", "scan",
    "sniff",
]  # fmt: skip

MAX_INFLATE = 256 * 1024 * 1024
_CHUNK = 65536
_CODECS = {IMPLICIT_LE: layout.IMPLICIT, EXPLICIT_LE: layout.EXPLICIT, EXPLICIT_BE: layout.BIG_ENDIAN}
_VRS = layout.SHORT_VRS | layout.LONG_VRS | {b"SQ", b"UN"}


class Structure(NamedTuple):
    """What `scan` found of a whole data set.

    Where it ends, how many sequences lie inside one another, and the values that were wanted, as by `pick`.
    """

    end: int
    depth: int
    values: Mapping[int, bytes] = MappingProxyType({})


class Malformed(InputError):
    """A data set that is not whole.

    `offset` is where the fault is and `end` where the last complete top-level element ended, both counted
    like the offset given to `scan`; where `inflated` is set, they count the bytes of the inflated data set
    instead. With the fault TRAILING, what lies before `end` is a whole data set.
    """

    def __init__(self, fault: Fault, offset: int, end: int, what: str, *, inflated: bool = False) -> None:
        where = f"offset {offset} of the inflated data set" if inflated else f"offset {offset}"
        super().__init__(f"{fault} at {where}: {what}")
        self.fault = fault
        self.offset = offset
        self.end = end
        self.inflated = inflated


def scan(
    source: Source,
    syntax: str,
    *,
    offset: int = 0,
    length: int | None = None,
    sequences: frozenset[int] = frozenset(),
    max_inflate: int = MAX_INFLATE,
    wanted: Collection[int] = (),
) -> Structure:
    """Walk the whole data set of transfer syntax `syntax` in `source`; raise Malformed if it is not whole.

    `source` is a buffer or a descriptor, read by pread in windows of 4 KiB; the data set starts at
    `offset` and has `length` bytes (None: up to the end). A deflated one is inflated in memory, up to
    `max_inflate` bytes. `sequences` are tags known to be sequences: name them where a decoder with a
    dictionary will read the data set, since implicit VR does not tell (see Walk). `wanted` are tags of
    top-level elements whose values are taken along, under the rules of `pick`.
    Raises InputUnreadable if the file cannot be read.
    """
    end = _end(source, offset, length)
    inflated = _is_deflated(syntax)
    if inflated:
        source = inflate(source, offset=offset, length=end - offset, limit=max_inflate)
        offset, end = 0, len(source)
    way = Walk(source, _codec(source, syntax, offset, end, check=True), offset, end, sequences)
    values: dict[int, bytes] = {}
    try:
        _collect(way, wanted, end, _CHUNK, values)
        way.run()
    except Bad as bad:
        raise Malformed(bad.fault, bad.at, way.top, bad.what, inflated=inflated) from None
    return Structure(end, way.depth, values)


def pick(
    source: Source,
    syntax: str,
    tags: Collection[int],
    *,
    offset: int = 0,
    length: int | None = None,
    limit: int = _CHUNK,
) -> dict[int, bytes]:
    """Return the raw values of those top-level elements of `tags` that are there.

    Stops behind the last wanted tag. `source` may be the mere head of a data set, and a broken one: what
    cannot be reached is not returned, nor are values of undefined length, of more than `limit` bytes or
    cut off. A deflated data set is read as far as its first `limit` inflated bytes go.
    """
    end = _end(source, offset, length)
    if _is_deflated(syntax):
        source = _inflated_head(source, offset, end, limit)
        offset, end = 0, len(source)
    found: dict[int, bytes] = {}
    way = Walk(source, _codec(source, syntax, offset, end), offset, end)
    with suppress(Bad):
        _collect(way, tags, end, limit, found)
    return found


def _collect(way: Walk, tags: Collection[int], end: int, limit: int, found: dict[int, bytes]) -> None:
    """Go on to the last of `tags` and add to `found` the values that `pick` returns."""
    for wanted in sorted(tags):
        header = way.seek(wanted)
        if header is None:
            return
        tag, _, body, size = header
        if tag == wanted and size <= limit and body + size <= end:
            value = way.window.at(body, size)
            if len(value) == size:
                found[tag] = value


def sniff(head: bytes, size: int) -> str | None:
    """Return the uncompressed transfer syntax that the first bytes of a data set of `size` bytes speak of.

    None if they fit none, or more than one. `head` needs 12 bytes.
    """
    if len(head) < 8:
        return None
    group, big_group = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2])
    if head[4:6] in _VRS:
        field = head[6:8] if head[4:6] in layout.SHORT_VRS else head[8:12]
        length, big_length = int.from_bytes(field, "little"), int.from_bytes(field)
        if length != big_length:
            syntax, length = (EXPLICIT_LE, length) if length < big_length else (EXPLICIT_BE, big_length)
            return syntax if length <= size - 8 else None
        # An empty value looks the same both ways; groups 0002 and 0008 exist in one order only.
        if big_group in (0x0002, 0x0008):
            return EXPLICIT_BE
        return EXPLICIT_LE if group in (0x0002, 0x0008) else None
    length = int.from_bytes(head[4:8], "little")
    if 0 < group <= 0x7FE0 and (length <= size - 8 or length == UNDEFINED):
        return IMPLICIT_LE
    return None


def inflate(source: Source, *, offset: int = 0, length: int | None = None, limit: int = MAX_INFLATE) -> bytes:
    """Return the data set of a deflated one (PS3.5 A.5: a raw RFC 1951 stream, padded to even length).

    Raises Malformed if it is cut off, is no such stream, has bytes behind it, or gives more than `limit`
    bytes.
    """
    end = _end(source, offset, length)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    total, position = 0, offset
    try:
        while not inflater.eof and position < end:
            chunk = _bytes_at(source, position, min(_CHUNK, end - position))
            position += len(chunk)
            parts.append(inflater.decompress(chunk, limit - total + 1))
            total += len(parts[-1])
            if total > limit:
                raise Malformed(
                    Fault.TOO_LARGE, offset, offset, f"the data set inflates to more than {limit} bytes"
                )
            if not chunk:
                break
    except zlib.error:
        raise Malformed(Fault.WRONG_SYNTAX, offset, offset, "this is no deflated data set") from None
    if not inflater.eof:
        raise Malformed(Fault.TRUNCATED, position, offset, "the deflated stream is cut off")
    data = b"".join(parts)
    rest = inflater.unused_data + _bytes_at(source, position, min(_CHUNK, end - position))
    # Some writers leave the trailer of gzip, CRC and size, behind the stream (pydicom's image_dfl.dcm).
    trailer = struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF) if len(rest) >= 8 else b""
    behind = end - position + len(inflater.unused_data)
    if behind > len(trailer) + 1 or rest.removeprefix(trailer).strip(b"\0"):
        stop = end - behind
        raise Malformed(Fault.TRAILING, stop, stop, f"{behind} bytes behind the deflated stream")
    return data


def _inflated_head(source: Source, offset: int, end: int, limit: int) -> bytes:
    """Return the first `limit` bytes of a deflated data set, or as many as there are."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(
            _bytes_at(source, offset, min(limit, end - offset)), limit
        )
    except zlib.error:
        return b""


def _bytes_at(source: Source, offset: int, count: int) -> bytes:
    if isinstance(source, int):
        return read_at(source, count, offset)
    return bytes(source[offset : offset + count])


def _end(source: Source, offset: int, length: int | None) -> int:
    if length is not None:
        return offset + length
    return os.fstat(source).st_size if isinstance(source, int) else len(source)


def _is_deflated(syntax: str) -> bool:
    return syntax in TRANSFER_SYNTAXES and TRANSFER_SYNTAXES[syntax].deflated


def _codec(source: Source, syntax: str, offset: int, end: int, *, check: bool = False) -> Codec:
    """Return the layout of `syntax`; that of an unknown or private one is what the first element shows.

    With `check`, raise Malformed if the first element is clearly encoded otherwise than `syntax` says.
    """
    said = syntax if syntax in (IMPLICIT_LE, EXPLICIT_BE) else EXPLICIT_LE  # PS3.5 A.4
    if check or syntax not in TRANSFER_SYNTAXES:
        seen = sniff(_bytes_at(source, offset, min(12, end - offset)), end - offset)
        if syntax not in TRANSFER_SYNTAXES:
            said = seen or said
        elif seen is not None and seen != said:
            what = f"the data set is encoded as {TRANSFER_SYNTAXES[seen].name}"
            raise Malformed(Fault.WRONG_SYNTAX, offset, offset, what, inflated=_is_deflated(syntax))
    return _CODECS[said]
