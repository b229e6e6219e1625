"""The words that may stand in a node's table: one row each, with its type, its check and its meaning.

The manual page of the file format is written from the same rows. Tables within a node (`tls`, `identity`)
are flat here: `tls.ca` is the word `ca` of the table `tls`. A variable DIMSE_TLS_CA sets the same word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from dimsetools.config.peers import ae_title, check_address, check_host, check_port

Value = str | int | float | bool | tuple[str, ...]

TLS_PROFILES = ("bcp195", "bcp195-extended", "rfc8996")
IDENTITY_TYPES = {"user": 1, "userpass": 2, "kerberos": 3, "saml": 4, "jwt": 5}
"""Names of the user identity types and their numbers (PS3.7 table D.3-14)."""

MIN_PDU = 128
"""Bytes; below it a command set would go out in crumbs. The standard has no lower limit (PS3.8 D.1.1)."""
MAX_PDU = 0xFFFFFFFF


class Word(NamedTuple):
    """`kind` is the TOML type; `check` returns the value to keep and raises ValueError with the reason."""

    kind: type
    check: Callable[[Any], Value]
    meaning: str


def _text(value: str) -> Value:
    if not value:
        raise ValueError("is empty")
    return value


def _charset(value: str) -> Value:
    from dimsetools.dataset.charset import is_known

    unknown = [name for name in value.split("\\") if name.strip() and not is_known(name)]
    if unknown or not value.strip():
        raise ValueError("is no Specific Character Set such as ISO_IR 100 or ISO_IR 192")
    return value


def _as_it_is(value: Value) -> Value:
    return value


def check_seconds(value: float) -> Value:
    """Return a number of seconds, 0 (no limit) or more."""
    if not math.isfinite(value) or value < 0:
        raise ValueError("must be 0 (no limit) or a positive number of seconds")
    return float(value)


def check_max_pdu(value: int) -> Value:
    """Return a maximum PDU length in bytes, 0 for no limit."""
    if value and not MIN_PDU <= value <= MAX_PDU:
        raise ValueError(f"must be 0 (no limit) or {MIN_PDU} to {MAX_PDU} bytes")
    return value


def _whole(low: int, high: int) -> Callable[[int], Value]:
    def check(value: int) -> Value:
        if not low <= value <= high:
            raise ValueError(f"must be {low} to {high}")
        return value

    return check


def _one_of(*choices: str) -> Callable[[str], Value]:
    def check(value: str) -> Value:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return check


def _names(value: list[Any]) -> Value:
    if not all(isinstance(item, str) and item for item in value):
        raise ValueError("must be a list of strings")
    return tuple(value)


WORDS: dict[str, Word] = {
    "address": Word(str, check_address, "where the node listens: AET@host:port, or host:port"),
    "aet": Word(str, ae_title, "the AE title to call (default ANY-SCP)"),
    "host": Word(str, check_host, "host name or IP address, in place of address"),
    "port": Word(int, check_port, "port number, in place of address"),
    "local_aet": Word(str, ae_title, "our own AE title (default DIMSE)"),
    "connect_timeout": Word(float, check_seconds, "seconds for the TCP connection (default 10)"),
    "acse_timeout": Word(float, check_seconds, "seconds for opening and for releasing (default 30)"),
    "dimse_timeout": Word(float, check_seconds, "seconds for each message (default 60)"),
    "idle_timeout": Word(
        float,
        check_seconds,
        "seconds that a peer may take nothing of what is sent, or ask for nothing (default 60)",
    ),
    "max_pdu": Word(int, check_max_pdu, "longest PDU that we take, bytes, 0 for no limit (default 131072)"),
    "max_associations": Word(int, _whole(1, 1024), "most associations with the node at the same time"),
    "async_ops": Word(int, _whole(1, 65535), "operations to have outstanding at a time (default 1)"),
    "transcode": Word(bool, _as_it_is, "false: never convert an object for this node (default true)"),
    "retrieve": Word(
        str, _one_of("get", "move"), "how objects are retrieved: get or move (dimse get warns if it is move)"
    ),
    "charset": Word(
        str, _charset, "Specific Character Set of what we send, and of answers that name none, as ISO_IR 100"
    ),
    "quirks": Word(list, _names, "names of known misbehaviours of the node to put up with"),
    "tls.enabled": Word(bool, _as_it_is, "false: plain TCP although the table is there (default true)"),
    "tls.ca": Word(str, _text, "PEM file of the authorities to trust (default: the system's)"),
    "tls.cert": Word(str, _text, "PEM file of our certificate"),
    "tls.key": Word(str, _text, "PEM file of our private key (default: in the file of the certificate)"),
    "tls.key_password_file": Word(str, _text, "file that holds the key's password"),
    "tls.key_password_env": Word(str, _text, "environment variable that holds the key's password"),
    "tls.profile": Word(str, _one_of(*TLS_PROFILES), f"{', '.join(TLS_PROFILES)} (default bcp195)"),
    "tls.server_name": Word(str, _text, "name to expect in the certificate (default: the host)"),
    "tls.verify": Word(bool, _as_it_is, "false: accept any certificate (default true)"),
    "identity.type": Word(str, _one_of(*IDENTITY_TYPES), ", ".join(IDENTITY_TYPES)),
    "identity.user": Word(str, _text, "user name"),
    "identity.password_file": Word(str, _text, "file that holds the passcode"),
    "identity.password_env": Word(str, _text, "environment variable that holds the passcode"),
    "identity.token_file": Word(str, _text, "file that holds the Kerberos ticket, SAML assertion or JWT"),
    "identity.token_env": Word(str, _text, "environment variable that holds the ticket, assertion or token"),
    "identity.response": Word(bool, _as_it_is, "ask the peer to confirm the identity (default false)"),
}

TABLES = ("tls", "identity")
PLACE = ("address", "aet", "host", "port")
"""Words that say which node it is, so they make no sense as a default for all of them."""
PATHS = frozenset(
    (
        "tls.ca",
        "tls.cert",
        "tls.key",
        "tls.key_password_file",
        "identity.password_file",
        "identity.token_file",
    )
)
SECRETS = frozenset(("password", "passcode", "token", "key_password"))
"""Words people write a secret after; there is none, secrets stand in files and variables only."""

_KIND_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
}
_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def check_value(word: str, value: object) -> Value:
    """Return the checked value of a TOML file; raises ValueError with the reason."""
    kind = WORDS[word].kind
    fits = type(value) in (int, float) if kind is float else type(value) is kind
    if not fits:
        raise ValueError(f"must be {_KIND_NAMES[kind]}")
    return WORDS[word].check(value)


def read_text(word: str, text: str) -> Value:
    """Return the checked value of a variable; raises ValueError with the reason."""
    kind = WORDS[word].kind
    value: object = text
    if kind is bool:
        value = _TRUTH.get(text.casefold(), text)
    elif kind is list:
        value = [part.strip() for part in text.split(",")]
    elif kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"must be {_KIND_NAMES[kind]}") from None
    return check_value(word, value)
