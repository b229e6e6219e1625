"""Text under a Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1.2), by Python's own codecs.

What the standard adds to them are the code extensions of ISO 2022: escape sequences that change the
repertoire within a value, until the next delimiter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from dimsetools.errors import InputError

CharacterSets = tuple[str, ...]
"""The values of (0008,0005); () is the default repertoire."""

UTF_8 = ("ISO_IR 192",)

_PART = {  # number of the registered repertoire -> Python's codec
    "6": "ascii", "100": "latin_1", "101": "iso8859_2", "109": "iso8859_3", "110": "iso8859_4",
    "144": "iso8859_5", "127": "iso8859_6", "126": "iso8859_7", "138": "iso8859_8", "148": "iso8859_9",
    "203": "iso8859_15", "166": "tis_620", "13": "shift_jis", "192": "utf_8", "87": "iso2022_jp",
    "159": "iso2022_jp_2", "149": "euc_kr", "58": "gb2312",
}  # fmt: skip
_CODECS = {"": "ascii", "GB18030": "gb18030", "GBK": "gbk", "UTF8": "utf_8"}

# Escape sequences by the repertoire that they invoke (PS3.3 tables C.12-3 and C.12-4). Python's codecs for
# JIS X 0208 and 0212 read their own.
_ESCAPES = {
    b"\x1b(B": "ascii", b"\x1b(J": "shift_jis", b"\x1b)I": "shift_jis", b"\x1b-A": "latin_1",
    b"\x1b-B": "iso8859_2", b"\x1b-C": "iso8859_3", b"\x1b-D": "iso8859_4", b"\x1b-L": "iso8859_5",
    b"\x1b-G": "iso8859_6", b"\x1b-F": "iso8859_7", b"\x1b-H": "iso8859_8", b"\x1b-M": "iso8859_9",
    b"\x1b-b": "iso8859_15", b"\x1b-T": "tis_620", b"\x1b$B": "iso2022_jp", b"\x1b$(D": "iso2022_jp_2",
    b"\x1b$)C": "euc_kr", b"\x1b$)A": "gb2312",
}  # fmt: skip
_INVOKE = {codec: escape for escape, codec in _ESCAPES.items() if escape[1:2] != b"(" and codec != "ascii"}
_SELF_ESCAPING = frozenset(("iso2022_jp", "iso2022_jp_2"))
_ESCAPE = re.compile(rb"\x1b(?:\$?[()][A-Z]|\$[A-Z]|-[A-Za-z])")
_DELIMITERS = {"PN": r"[\\^=]", "": r"[\\\r\n\t\f]"}


def decode_text(raw: bytes, charsets: CharacterSets, vr: str) -> str:
    """Return `raw`, a whole value field of a `vr` that the character sets apply to, as text.

    Bytes that the repertoire lacks become U+FFFD. Where none is declared, bytes beyond ASCII are taken for
    UTF-8 if they are, else for Latin-1: peers that forget (0008,0005) mean one of the two. Where Chinese or
    Korean was declared as an extension they are taken for that: pydicom 3.0.2 writes no escape sequences.
    """
    if 0x1B in raw and len(charsets) + any("2022" in charset for charset in charsets) > 1:
        return _decode_extended(raw, _codec(charsets[0]) or "ascii", vr)
    codec = (_codec(charsets[0]) if charsets else None) or "ascii"
    if codec != "ascii":
        return raw.decode(codec, "replace")
    for guess in (*_unescaped(charsets), "utf_8"):
        with suppress(UnicodeDecodeError):
            return raw.decode(guess)
    return raw.decode("latin_1")


def encode_text(text: str, charsets: CharacterSets, vr: str) -> bytes:
    """Return `text` in the character sets; InputError if they lack one of its characters."""
    if text.isascii():
        return text.encode("ascii")
    for part in charsets[:1] or ("",):
        raw = _encoded(text, _codec(part) or "ascii")
        if raw is not None:
            return raw
    pieces = [_encoded_piece(piece, charsets) for piece in re.split(f"({_delimiters(vr)})", text)]
    if None in pieces:
        named = "\\".join(charsets) or "the default character set"
        raise InputError(
            f"{text!r} has characters that {named} lacks", hint="SpecificCharacterSet='ISO_IR 192' has all"
        )
    return b"".join(piece for piece in pieces if piece is not None)


def charset_for(texts: Iterable[str], preferred: CharacterSets = ()) -> CharacterSets:
    """Return the character sets to send `texts` in: none if they are ASCII, else `preferred` or UTF-8."""
    others = [text for text in texts if not text.isascii()]
    if not others:
        return ()
    if not preferred:
        return UTF_8
    try:
        for text in others:
            encode_text(text, preferred, "PN")
    except InputError:
        return UTF_8
    return preferred


def is_known(charset: str) -> bool:
    """Tell whether `charset` is a defined term of (0008,0005)."""
    return _codec(charset) is not None


@cache
def _codec(charset: str) -> str | None:
    """Return Python's codec for a defined term, misspelt ones (ISO-IR 100, UTF8) included."""
    plain = re.sub(r"[-_ ]+", " ", charset.strip().upper())
    match = re.fullmatch(r"ISO(?: 2022)? ?IR ?([0-9]+)", plain)
    if match:
        return _PART.get(match[1])
    return _CODECS.get(plain.replace("ISO 2022 ", "").replace(" ", ""))


def _unescaped(charsets: CharacterSets) -> list[str]:
    """Return the codecs of extensions whose text can be told from ASCII without escape sequences."""
    return [codec for codec in map(_codec, charsets[1:]) if codec in ("gb2312", "euc_kr")]


def _delimiters(vr: str) -> str:
    """Return what ends the effect of an escape sequence (PS3.5 6.1.2.5.3)."""
    return _DELIMITERS.get(vr, _DELIMITERS[""])


def _decode_extended(raw: bytes, initial: str, vr: str) -> str:
    """Decode a value that changes its repertoire on the way."""
    escapes = list(_ESCAPE.finditer(raw))
    if not escapes:
        return raw.decode(initial, "replace")
    parts = [raw[: escapes[0].start()].decode(initial, "replace")]
    ends = [match.start() for match in escapes[1:]] + [len(raw)]
    upper = initial
    for match, end in zip(escapes, ends, strict=True):
        escape, piece = match.group(), raw[match.end() : end]
        codec = _ESCAPES.get(escape, initial)
        if codec in _SELF_ESCAPING:
            parts.append((escape + piece).decode(codec, "replace"))
            continue
        if codec != "ascii":
            upper = codec
        within, rest = _until_delimiter(piece, vr)
        parts.append(within.decode(upper, "replace") + rest.decode(initial, "replace"))
        if rest:
            upper = initial
    return "".join(parts)


def _until_delimiter(piece: bytes, vr: str) -> tuple[bytes, bytes]:
    match = re.search(_delimiters(vr).encode(), piece)
    at = match.start() if match else len(piece)
    return piece[:at], piece[at:]


def _encoded(text: str, codec: str) -> bytes | None:
    """Return `text` in one repertoire, None if that lacks a character."""
    try:
        raw = text.encode(codec)
    except UnicodeEncodeError:
        return None
    # JIS X 0201 has single bytes only, Python's codec more.
    return None if codec == "shift_jis" and len(raw) != len(text) else raw


def _encoded_piece(piece: str, charsets: CharacterSets) -> bytes | None:
    """Return what stands between two delimiters, by the first repertoire that has all of it."""
    if piece.isascii():
        return piece.encode("ascii")
    for number, charset in enumerate(charsets):
        codec = _codec(charset) or "ascii"
        raw = _encoded(piece, codec)
        if raw is not None:
            return raw if not number or codec in _SELF_ESCAPING else _INVOKE[codec] + raw
    return None
