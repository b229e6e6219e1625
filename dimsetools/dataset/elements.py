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
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from dimsetools.dataset import layout
from dimsetools.dataset.layout import Bad, Fault, Source, read_at
from dimsetools.dataset.walk import MAX_DEPTH, UNDEFINED, Walk
from dimsetools.errors import InputError
from dimsetools.uids import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES

__all__ = [
    "MAX_DEPTH", "MAX_INFLATE", "Fault", "Glimpse", "Malformed", "Source", "Structure", "glimpse", "inflate",
    "pick", "scan", "sniff",
]  # fmt: skip

MAX_INFLATE = 256 * 1024 * 1024
_CHUNK = 65536
_CODECS = {IMPLICIT_LE: layout.IMPLICIT, EXPLICIT_LE: layout.EXPLICIT, EXPLICIT_BE: layout.BIG_ENDIAN}
_last: Callable[[frozenset[int]], int] = lru_cache(16)(max)  # who scans looks for the same again and again
_VRS = layout.SHORT_VRS | layout.LONG_VRS | {b"SQ", b"UN"}


class Structure(NamedTuple):
    """What `scan` found of a whole data set.

    Where it ends, how many sequences lie inside one another, the values that were wanted, as by `pick`, and
    the uncompressed transfer syntax that its headers are encoded in.
    """

    end: int
    depth: int
    values: Mapping[int, bytes] = MappingProxyType({})
    encoding: str = EXPLICIT_LE


class Glimpse(NamedTuple):
    """Some values of a data set that may be broken, and the uncompressed transfer syntax of its headers."""

    values: Mapping[int, bytes]
    encoding: str


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
    wanted: frozenset[int] = frozenset(),
    whole: Collection[int] = (),
) -> Structure:
    """Walk the whole data set of transfer syntax `syntax` in `source`; raise Malformed if it is not whole.

    `source` is a buffer or a descriptor, read by pread in windows of 4 KiB; the data set starts at
    `offset` and has `length` bytes (None: up to the end). A deflated one is inflated in memory, up to
    `max_inflate` bytes. `sequences` are tags known to be sequences: name them where a decoder with a
    dictionary will read the data set, since implicit VR does not tell (see Walk). `wanted` are tags of
    top-level elements whose values are taken along, under the rules of `pick`; of those in `whole`, too,
    the element with its header is.
    Raises InputUnreadable if the file cannot be read.
    """
    end = _end(source, offset, length)
    inflated = _is_deflated(syntax)
    if inflated:
        source = inflate(source, offset=offset, length=end - offset, limit=max_inflate)
        offset, end = 0, len(source)
    encoding = _encoding(source, syntax, offset, end, check=True)
    way = Walk(source, _CODECS[encoding], offset, end, sequences)
    try:
        if wanted:
            way.survey(wanted, _last(wanted))
        way.run()
    except Bad as bad:
        raise Malformed(bad.fault, bad.at, way.top, bad.what, inflated=inflated) from None
    return Structure(end, way.depth, _values(way, end, _CHUNK, whole), encoding)


def pick(
    source: Source,
    syntax: str,
    tags: Collection[int],
    *,
    offset: int = 0,
    length: int | None = None,
    limit: int = _CHUNK,
) -> Mapping[int, bytes]:
    """Return the raw values of those top-level elements of `tags` that are there.

    Stops behind the last wanted tag. `source` may be the mere head of a data set, and a broken one: what
    cannot be reached is not returned, nor are values of undefined length, of more than `limit` bytes or
    cut off. A deflated data set is read as far as its first `limit` inflated bytes go.
    """
    found = glimpse(source, syntax, tags, offset=offset, length=length, limit=limit, max_inflate=limit)
    return found.values


def glimpse(
    source: Source,
    syntax: str,
    tags: Collection[int],
    whole: Collection[int] = (),
    *,
    offset: int = 0,
    length: int | None = None,
    limit: int = _CHUNK,
    max_inflate: int = _CHUNK,
) -> Glimpse:
    """Return what `pick` does, and how it is encoded; `whole` as in `scan`.

    Of a deflated data set, `max_inflate` bytes are looked at.
    """
    end = _end(source, offset, length)
    if _is_deflated(syntax):
        source = _inflated_head(source, offset, end, max_inflate)
        offset, end = 0, len(source)
    encoding = _encoding(source, syntax, offset, end)
    way = Walk(source, _CODECS[encoding], offset, end)
    with suppress(Bad):
        way.survey(tags, max(tags, default=0))
    return Glimpse(_values(way, end, limit, whole), encoding)


def _values(way: Walk, end: int, limit: int, whole: Collection[int]) -> dict[int, bytes]:
    """Return the values that `pick` does of the elements that a walk has noted."""
    found: dict[int, bytes] = {}
    window = way.window
    buffer = window.bytes if isinstance(window.bytes, bytes) and window.fd < 0 else None
    for tag, (start, body, after) in way.spans.items():
        if tag in whole:
            body = start
        if body < 0 or after - body > limit or after > end:
            continue
        value = window.at(body, after - body) if buffer is None else buffer[body:after]
        if len(value) == after - body:
            found[tag] = value
    return found


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


def _encoding(source: Source, syntax: str, offset: int, end: int, *, check: bool = False) -> str:
    """Return how headers are encoded in `syntax`; in an unknown or private one the first element shows it.

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
    return said
