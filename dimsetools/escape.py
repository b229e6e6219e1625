"""Make text from elsewhere safe to show: a peer's bytes must never drive a terminal or forge a log line."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""C0, DEL, C1, the bidirectional controls and invisible format characters, line separators, surrogates."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8 (PEP 383)
        code -= 0xDC00
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def visible(text: str, limit: int = 4096) -> str:
    """Return `text` with every control character spelled out, cut after `limit` characters."""
    if len(text) > limit:
        text = text[:limit] + f"... ({len(text)} characters)"
    return text if text.isascii() and text.isprintable() else UNSAFE.sub(_spelled, text)
