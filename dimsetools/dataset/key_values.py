r"""What stands behind the `=` of a key, as values of its VR.

A backslash separates values. Only what could not be encoded is refused here; whether a value makes sense in
a query is for `query_checks` to say.
"""

from __future__ import annotations

import re
import struct

from dimsetools.dataset.attributes import BINARY, LOCALIZED, STRINGS, UNSPLIT
from dimsetools.dataset.key_paths import parse_tag
from dimsetools.dataset.layout import SHORT_VRS
from dimsetools.errors import UsageError
from dimsetools.uids import sop_class

_BOUNDS = {
    "US": (0, 0xFFFF), "SS": (-0x8000, 0x7FFF), "UL": (0, 0xFFFFFFFF), "SL": (-0x80000000, 0x7FFFFFFF),
    "UV": (0, (1 << 64) - 1), "SV": (-(1 << 63), (1 << 63) - 1),
}  # fmt: skip
_INTEGER = re.compile(r"([+-]?)(?:0[xX]([0-9A-Fa-f]{1,16})|([0-9]{1,20}))", re.ASCII)
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?|[+-]?inf|nan", re.ASCII)
_BETWEEN_BYTES = re.compile(r"[\s:\\,-]+")
_LONGEST = 0xFFFE


def parse_values(text: str, vr: str) -> tuple[object, ...]:
    """Return the values of VR `vr` in `text`, () if it is empty; ValueError with the reason if none fit."""
    if not text:
        return ()
    if vr in BINARY:
        return (_bytes(text),)
    if vr in STRINGS:
        _check_text(text, vr)
        parts = (text,) if vr in UNSPLIT else tuple(text.split("\\"))
        return tuple(map(_uid, parts)) if vr == "UI" else parts
    if vr == "AT":
        return tuple(map(_tag, text.split("\\")))
    if vr in _BOUNDS:
        return tuple(_integer(part, vr) for part in text.split("\\"))
    if vr in ("FL", "FD"):
        return tuple(_real(part, vr) for part in text.split("\\"))
    raise ValueError(f"VR {vr} takes no value")


def _check_text(text: str, vr: str) -> None:
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("it is no UTF-8 text") from None
    if vr not in LOCALIZED and not text.isascii():
        raise ValueError(f"VR {vr} is plain ASCII")
    if length > _LONGEST and vr.encode() in SHORT_VRS:
        raise ValueError(f"it has {length} bytes, and VR {vr} holds {_LONGEST}")


def _uid(text: str) -> str:
    """Return a UID as it is, a SOP class by its UID."""
    if not text[:1].isalpha() or not text.isalnum():
        return text
    try:
        return sop_class(text)
    except UsageError:
        return text


def _tag(text: str) -> int:
    try:
        return parse_tag(text.strip())
    except UsageError as error:
        raise ValueError(error.message) from None


def _integer(text: str, vr: str) -> int:
    match = _INTEGER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r:.40} is no integer, as VR {vr} needs")
    sign, sixteen, ten = match.groups()
    number = int(sixteen, 16) if sixteen else int(ten)
    if sign == "-":
        number = -number
    low, high = _BOUNDS[vr]
    if not low <= number <= high:
        raise ValueError(f"{number} is not within {low} to {high}, as VR {vr} needs")
    return number


def _real(text: str, vr: str) -> float:
    plain = text.strip().lower()
    if not _REAL.fullmatch(plain):
        raise ValueError(f"{text!r:.40} is no number, as VR {vr} needs")
    number = float(plain)
    if vr == "FD":
        return number
    try:
        single: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        raise ValueError(f"{plain} is too large for VR FL") from None
    return single


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(_BETWEEN_BYTES.sub("", text))
    except ValueError:
        raise ValueError("a binary value is written in hexadecimal, two digits a byte") from None
