"""Where the configuration files are and how they are read: strictly, each wrong word named with its place."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.config.settings import Layer, Named, Setting, check_together, folded, one_of, spread
from dimsetools.config.words import PATHS, PLACE, SECRETS, TABLES, WORDS, check_value
from dimsetools.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SYSTEM_FILE = "/etc/dimse/config.toml"
LOCAL_FILE = "dimse.toml"
_TABLE_SHAPES = {"nodes": "[nodes.NAME]", "defaults": "[defaults]", "profiles": "[profiles.NAME]"}

_Table = dict[str, object]


class File(NamedTuple):
    """One file: what it says, and what each of its profiles puts on top."""

    path: str
    layer: Layer
    profiles: dict[str, Layer]


def paths(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that are there, the one that wins first."""
    explicit = environ.get("DIMSE_CONFIG", "")
    if explicit:
        if not os.path.exists(explicit):
            raise ConfigError(f"DIMSE_CONFIG: there is no file {explicit}")
        yield explicit
    home = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    for path in (LOCAL_FILE, os.path.join(home, "dimse", "config.toml"), SYSTEM_FILE):
        if os.path.exists(path):
            yield path


def read_file(path: str) -> File:
    """Read one file; ConfigError names the file and the key."""
    import tomllib

    try:
        with open(path, "rb") as stream:
            tables: _Table = tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None
    reader = _Reader(path)
    layer = reader.layer(tables, "", ("nodes", "defaults", "profiles"))
    profiles = {
        name: reader.layer(reader.table(body, f"profiles.{name}"), f"profiles.{name}.", ("nodes", "defaults"))
        for name, body in reader.table(tables.get("profiles", {}), "profiles").items()
    }
    return File(path, layer, profiles)


class _Reader:
    """Turns tables into layers; knows the file for messages and for relative paths."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._folder = os.path.dirname(os.path.abspath(path))

    def layer(self, tables: _Table, prefix: str, allowed: tuple[str, ...]) -> Layer:
        for name in tables:
            if name not in allowed:
                shapes = ", ".join(_TABLE_SHAPES[table] for table in allowed)
                hint = did_you_mean(name, allowed) or f"a configuration has {shapes}"
                raise ConfigError(f"{self._path}: unknown table or key {prefix}{name}", hint=hint)
        nodes: dict[str, Named] = {}
        for name, body in self.table(tables.get("nodes", {}), f"{prefix}nodes").items():
            self._check_name(name, nodes, f"{prefix}nodes.{name}")
            table = f"{prefix}nodes.{name}"
            nodes[folded(name)] = Named(name, self._settings(self.table(body, table), table))
        table = f"{prefix}defaults"
        defaults = self._settings(self.table(tables.get("defaults", {}), table), table)
        for word in PLACE:
            if word in defaults and word != "aet":
                raise ConfigError(f"{defaults[word].source}: belongs to a node, not to all of them")
        return Layer(nodes, defaults)

    def table(self, body: object, name: str) -> _Table:
        """Return `body` if it is a table."""
        if not isinstance(body, dict):
            raise ConfigError(f"{self._path}: {name} must be a table, written [{name}]")
        return body

    def _check_name(self, name: str, nodes: Mapping[str, Named], table: str) -> None:
        if not NODE_NAME.fullmatch(name) or name.isdigit():
            raise ConfigError(
                f"{self._path}: {name!r} cannot name a node",
                hint="a name has letters, digits, and . _ - after the first; digits alone would be a port",
            )
        twin = nodes.get(folded(name))
        if twin:
            raise ConfigError(
                f"{self._path}: [{table}] and {twin.name!r} are the same name (case and - _ do not count)"
            )

    def _settings(self, body: _Table, table: str) -> dict[str, Setting]:
        settings: dict[str, Setting] = {}
        for word, value in _flat(body):
            source = f"{self._path}: [{table}] {word}"
            if word not in WORDS:
                raise self._unknown(word, source)
            try:
                checked = check_value(word, value)
            except ValueError as error:
                raise ConfigError(f"{source} {error}") from None
            if word in PATHS:
                checked = os.path.join(self._folder, os.path.expanduser(str(checked)))
            settings[word] = Setting(checked, source)
        check_together(settings)
        return spread(settings)

    def _unknown(self, word: str, source: str) -> ConfigError:
        table, _, last = word.rpartition(".")
        if last in SECRETS:
            names = f'{last}_file = "PATH" or {last}_env = "VARIABLE"'
            return ConfigError(f"{source}: a secret does not belong in this file", hint=f"write {names}")
        near = [known for known in WORDS if known.rpartition(".")[0] == table]
        return ConfigError(f"{source}: unknown key", hint=one_of(word, near))


def _flat(body: _Table) -> Iterator[tuple[str, object]]:
    """Yield (word, value) with the words of inner tables dotted; `tls = true` is `tls.enabled = true`."""
    for word, value in body.items():
        if word in TABLES and isinstance(value, dict):
            if word == "tls" and not value:
                yield "tls.enabled", True
            for inner, inner_value in value.items():
                yield f"{word}.{inner}", inner_value
        elif word == "tls":
            yield "tls.enabled", value
        else:
            yield word, value
