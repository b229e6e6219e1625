"""Query files: DICOM, DICOM JSON, records of keywords, dump text or XML. The content tells which it is.

A query is an identifier, so nothing is asked of it that a stored object must have. What belongs to a command,
to the header of a file or to padding is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from typing import IO

from dimsetools.dataset.attributes import Attributes, sorted_attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.dump_text import dump_queries
from dimsetools.dataset.elements import Malformed, sniff
from dimsetools.dataset.layout import LONG_VRS, SHORT_VRS
from dimsetools.dataset.native_xml import xml_queries
from dimsetools.dataset.part10 import open_regular
from dimsetools.dataset.query_json import json_queries
from dimsetools.errors import InputError
from dimsetools.uids import is_dotted

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a query file, or of one line where queries come line by line."""

_FORMS = "write DICOM, DICOM JSON, one JSON object of keywords a line, dump text (dcmdump) or XML"
_FIRST = 0x00080000
_PADDING = 0xFFFCFFFC
_SYNTAX = 0x00020010
_BLANKS = b" \t\r\n\v\f"
_UTF_8 = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def queries(
    data: bytes, name: str, *, today: date | None = None, ranged: bool = True, most: int = MAX_FILE
) -> Iterator[Attributes]:
    """Return the queries of the file `name`, which holds `data`; one, or in JSON, dumps and XML many.

    Dates in records of keywords are resolved, relative ones from `today`; those of a data set that is no
    query, which is read in the same way, are not `ranged`. Raises InputError, which names the file and the
    line, also for a file of more than `most` bytes.
    """
    if len(data) > most:
        raise InputError(f"{name}: more than {most} bytes, too many for a request")
    start = data.removeprefix(_UTF_8).lstrip(_BLANKS)[:8]
    if not start:
        raise InputError(f"{name}: an empty file", hint=_FORMS)
    if data[128:132] == b"DICM":
        found = _dicom(data, 132, name)
    elif data[:4] == b"DICM":
        found = _dicom(data, 4, name)
    elif start[:1] == b"<" or data[:2] in _UTF_16:
        found = xml_queries(data, name)
    elif b"\0" in data[:4]:
        found = _dicom(data, 0, name)
    elif start[:1] in (b"{", b"["):
        found = json_queries(_text(data, name), name, today=today, ranged=ranged)
    elif start[:1] in (b"#", b"("):
        found = dump_queries(data.removeprefix(_UTF_8), name)
    else:
        found = _dicom(data, 0, name)
    for query in found:
        yield _identifier(query)


def file_queries(
    path: str, *, today: date | None = None, ranged: bool = True, most: int = MAX_FILE
) -> Iterator[Attributes]:
    """Return the queries of the regular file `path`; InputUnreadable if it cannot be read."""
    try:
        fd, status = open_regular(path)
    except InputError as error:
        raise type(error)(f"{path}: {error.message}") from None
    with os.fdopen(fd, "rb") as file:
        if status.st_size > most:
            raise InputError(f"{path}: more than {most} bytes, too many for a request")
        yield from queries(file.read(most + 1), path, today=today, ranged=ranged, most=most)


def stream_queries(
    stream: IO[bytes],
    name: str,
    *,
    today: date | None = None,
    ranged: bool = True,
    most: int = MAX_FILE,
) -> Iterator[Attributes]:
    """Return the queries of a stream: those in JSON, one a line, as they come; of others when all is read."""
    first = b""
    line = 0
    while not first.strip():
        first = stream.readline(most + 1)
        line += 1
        if not first:
            raise InputError(f"{name}: nothing in it", hint=_FORMS)
    if not _is_whole_object(first):
        data = first + stream.read(most + 1 - min(len(first), most))
        yield from queries(data, name, today=today, ranged=ranged, most=most)
        return
    while first:
        if len(first) > most:
            raise InputError(f"{name}, line {line}: more than {most} bytes, too many for a request")
        text = _text(first, f"{name}, line {line}")
        for query in json_queries(text, name, line=line, today=today, ranged=ranged):
            yield _identifier(query)
        first = stream.readline(most + 1)
        line += 1


def _is_whole_object(line: bytes) -> bool:
    """Tell whether a line holds a JSON object from its beginning to its end."""
    plain = line.removeprefix(_UTF_8).strip()
    if not (plain.startswith(b"{") and plain.endswith(b"}")):
        return False
    try:
        json.loads(plain)
    except (ValueError, RecursionError):
        return False
    return True


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: no UTF-8 at offset {error.start}") from None


def _identifier(attributes: Attributes) -> Attributes:
    """Return a data set in order, without what is not sent in a query."""
    return sorted_attributes(
        {
            tag: attribute
            for tag, attribute in attributes.items()
            if tag >= _FIRST and tag & 0xFFFF and tag != _PADDING
        }
    )


# -- DICOM ------------------------------------------------------------------------------------------


def _dicom(data: bytes, start: int, name: str) -> Iterator[Attributes]:
    """Return the data set of a DICOM file whose first element is at `start`, with or without a header."""
    offset, syntax = _header(data, start, name)
    if offset == len(data):
        raise InputError(f"{name}: no data set behind its header")
    if not syntax:
        guessed = sniff(data[offset : offset + 12], len(data) - offset)
        if guessed is None:
            raise InputError(f"{name}: neither DICOM nor JSON, dump text or XML", hint=_FORMS)
        syntax = guessed
    try:
        yield decode(data[offset:], syntax)
    except Malformed as error:
        behind = f"behind byte {offset}, " if offset else ""
        raise InputError(f"{name}: {behind}{error.message}") from None


def _header(data: bytes, start: int, name: str) -> tuple[int, str]:
    """Return where the elements of group 2 end, and the transfer syntax that they name, "" if none."""
    offset, syntax = start, ""
    while data[offset : offset + 2] == b"\x02\0":
        vr, body = data[offset + 4 : offset + 6], offset + 8
        if vr in SHORT_VRS:
            length = int.from_bytes(data[offset + 6 : body], "little")
        elif vr in LONG_VRS or vr == b"UN":
            body += 4
            length = int.from_bytes(data[body - 4 : body], "little")
        else:
            break
        if body + length > len(data):
            raise InputError(f"{name}: it ends inside its header")
        element = int.from_bytes(data[offset + 2 : offset + 4], "little")
        offset = body + length
        if element == _SYNTAX & 0xFFFF:
            syntax = data[body:offset].rstrip(b"\0 ").decode("latin_1")
            if not is_dotted(syntax):
                raise InputError(f"{name}: its transfer syntax is no UID")
    return offset, syntax
