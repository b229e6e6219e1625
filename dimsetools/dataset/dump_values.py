"""The values of dump text, by VR: how dcmdump writes them, and what dump2dcm takes."""

from __future__ import annotations

import struct

from dimsetools.dataset.attributes import BINARY, LOCALIZED, STRINGS, UNSPLIT
from dimsetools.dataset.charset import decode_text
from dimsetools.dataset.dcmtk_uids import named_uid
from dimsetools.dataset.key_values import parse_values

_HEX = frozenset(b"0123456789abcdefABCDEF")
_NUMBERS = {"OL": "I", "OV": "Q", "OF": "f", "OD": "d"}


def dump_values(text: bytes, vr: str, charsets: tuple[str, ...]) -> tuple[object, ...]:
    """Return the values of VR `vr` written as `text`; ValueError with the reason if it has none."""
    if not text:
        return ()
    if vr in STRINGS:
        return _strings(text, vr, charsets)
    plain = text.decode("ascii", "replace")
    if vr in BINARY:
        return (_bytes(plain, vr),)
    if text.startswith(b"="):
        raise ValueError("a value in another file is not read")
    return parse_values(plain, vr)


def _strings(text: bytes, vr: str, charsets: tuple[str, ...]) -> tuple[str, ...]:
    """Return text values without their padding."""
    if vr == "UI" and text.startswith(b"="):
        return tuple(named_uid(part.strip(" =")) for part in text.decode("ascii", "replace").split("\\"))
    whole = decode_text(text, charsets, vr) if vr in LOCALIZED else text.decode("latin_1")
    if vr in UNSPLIT:
        whole = whole.rstrip(" \0")
        return (whole,) if whole else ()
    values = tuple(part.strip(" \0") for part in whole.split("\\"))
    return () if values == ("",) else values


def _bytes(text: str, vr: str) -> bytes:
    """Return a binary value: bytes or, in OW, words in hexadecimal; other words and numbers in decimal."""
    if text.startswith("="):
        raise ValueError("a value in another file is not read")
    parts = [part.strip() for part in text.strip("[]").split("\\")]
    try:
        if all(len(part) == 2 and _HEX.issuperset(part.encode()) for part in parts) and vr not in _NUMBERS:
            return bytes.fromhex("".join(parts))
        if vr == "OW":
            return struct.pack(f"<{len(parts)}H", *(int(part, 16) for part in parts))
        if vr in ("OL", "OV"):
            return struct.pack(f"<{len(parts)}{_NUMBERS[vr]}", *map(int, parts))
        if vr in ("OF", "OD"):
            return struct.pack(f"<{len(parts)}{_NUMBERS[vr]}", *map(float, parts))
        return bytes.fromhex("".join(parts))
    except (ValueError, struct.error, OverflowError):
        raise ValueError(f"{text[:40]!r} are no values of VR {vr}") from None
