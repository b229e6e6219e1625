"""How a peer is written: `AET@host:port`, `host:port`, IPv6 as `[::1]:104`. Pure text, no files, no network.

Every check raises ValueError with a reason that reads after the thing it is about ("... is empty").
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HOST = re.compile(r"[^\s\x00-\x20\x7f/@\[\]:\\?#]+")
_PORT = re.compile(r"[0-9]{1,5}")


class Address(NamedTuple):
    """Where a node listens; `aet` is empty if it was not given. IPv6 hosts carry no brackets."""

    aet: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the form that `address` reads."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.aet}@{host}:{self.port}" if self.aet else f"{host}:{self.port}"


def ae_title(text: str) -> str:
    """Return an AE title without the spaces around it (PS3.5 table 6.2-1: 16 characters, no backslash)."""
    title = text.strip(" ")
    if not title:
        raise ValueError("is empty")
    if len(title) > 16:
        raise ValueError(f"has {len(title)} characters; an AE title has at most 16")
    if "\\" in title or not title.isascii() or not title.isprintable():
        raise ValueError("has a character that no AE title may have (backslash, control, beyond ASCII)")
    return title


def check_host(text: str) -> str:
    """Return a host name or IP address; IPv6 with or without brackets."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if _is_ipv6(bare) or (bare == text and _HOST.fullmatch(text)):
        return bare
    raise ValueError("is no host name or IP address")


def _is_ipv6(text: str) -> bool:
    """Tell whether `text` is an IPv6 address, with or without a zone."""
    if ":" not in text:
        return False
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def check_port(port: int) -> int:
    """Return a port number that can be called."""
    if not 1 <= port <= 65535:
        raise ValueError("is no port number (1 to 65535)")
    return port


def check_address(text: str) -> str:
    """Return the text of an address that `address` reads."""
    return str(address(text))


def address(text: str) -> Address:
    """Read `AET@host:port` or `host:port`; ValueError says what does not fit."""
    if "://" in text:
        raise ValueError("is a web address; a DICOM peer is written AET@host:port")
    title, at, place = text.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or not host:
        raise ValueError("has no port")
    if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
        raise ValueError("has too many colons; write IPv6 addresses in brackets, as [::1]:104")
    if not _PORT.fullmatch(port):
        raise ValueError(f"has the port {port!r}, which is no number from 1 to 65535")
    try:
        aet = ae_title(title) if at else ""
    except ValueError as error:
        raise ValueError(f"has an AE title that {error}") from None
    try:
        return Address(aet, check_host(host), check_port(int(port)))
    except ValueError as error:
        raise ValueError(f"has a host or port that {error}") from None


def joined(first: str, second: str) -> str | None:
    """Return the one-word form of DCMTK's two words `host PORT`, None if they are not that."""
    if not _PORT.fullmatch(second):
        return None
    title, at, host = first.rpartition("@")
    try:
        bare = check_host(host)
    except ValueError:
        return None
    return f"{title}{at}[{bare}]:{second}" if ":" in bare else f"{title}{at}{bare}:{second}"
