"""Read a secret from a file that only its owner can read. The one place where secrets enter the program."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from dimsetools.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SECRET = 0xFFFF
"""Bytes: what a user identity field can hold (PS3.7 D.3.3.7.1)."""


def read_secret(path: str, setting: str) -> bytes:
    """Return the file's content without its last line end; `setting` names who asked, for the message."""
    try:
        with open(path, "rb") as stream:
            _check_private(os.fstat(stream.fileno()), path, setting)
            content = stream.read(MAX_SECRET + 1)
    except OSError as error:
        raise ConfigError(f"{setting}: cannot read {path}: {error.strerror}") from None
    if len(content) > MAX_SECRET:
        raise ConfigError(f"{setting}: {path} has more than {MAX_SECRET} bytes")
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    if not content:
        raise ConfigError(f"{setting}: {path} is empty")
    return content


def read_variable(name: str, environ: Mapping[str, str], setting: str) -> bytes:
    """Return the secret that the environment variable `name` holds."""
    value = environ.get(name, "")
    if not value:
        raise ConfigError(f"{setting}: the environment variable {name} is not set")
    return os.fsencode(value)


def check_key_file(path: str, setting: str) -> str:
    """Return the path of a private key, refused if others than its owner can read it."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise ConfigError(f"{setting}: cannot read {path}: {error.strerror}") from None
    _check_private(status, path, setting)
    return check_file(path, setting)


def check_file(path: str, setting: str) -> str:
    """Return the path of a file that is there and can be read."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        raise ConfigError(f"{setting}: cannot read {path}: {error.strerror}") from None
    return path


def _check_private(status: os.stat_result, path: str, setting: str) -> None:
    """Refuse a file that group or others may open; a pipe has no owner to protect, so it passes."""
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        raise ConfigError(
            f"{setting}: {path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"chmod 600 {path}",
        )
