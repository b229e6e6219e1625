"""Nodes and defaults from files and variables: who the peers are. Knows no command and no socket.

`load` reads everything once; `Config.node` puts the layers of one node on top of each other:
what the caller overrides (the command line), DIMSE_* variables, files, defaults.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dimsetools.config.files import File, paths, read_file
from dimsetools.config.nodes import Node
from dimsetools.config.peers import address
from dimsetools.config.settings import Layer, Setting, Settings, folded, one_of, stacked
from dimsetools.config.variables import read_variables
from dimsetools.errors import ConfigError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Config", "Node", "Setting", "Settings", "load"]

_PEER_FORMS = "a peer is a node's name, AET@host:port, host:port, or host PORT"


class Config:
    """All nodes and defaults, ready to be asked. `variables` is the layer above the files' `layers`."""

    def __init__(self, variables: Layer, layers: Iterable[Layer]) -> None:
        self._variables = variables
        self._layers = tuple(layers)

    @property
    def names(self) -> list[str]:
        """The names of all nodes, as they were written, in alphabetical order."""
        named = {
            key: entry.name
            for layer in (*reversed(self._layers), self._variables)
            for key, entry in layer.nodes.items()
        }
        return sorted(named.values(), key=str.casefold)

    def has_node(self, name: str) -> bool:
        """Return whether a node of that name is configured."""
        key = folded(name)
        return any(key in layer.nodes for layer in (self._variables, *self._layers))

    def node(self, peer: str, overrides: Settings | None = None) -> Node:
        """Return the node that `peer` names or spells out; UsageError if it does neither."""
        if self.has_node(peer):
            key = folded(peer)
            place: dict[str, Setting] = {}
            entries = [
                layer.nodes[key].settings for layer in (self._variables, *self._layers) if key in layer.nodes
            ]
        else:
            place, entries = self._spelled_out(peer), []
        settings = stacked(
            (
                overrides or {},
                place,
                self._variables.defaults,
                *entries,
                *(layer.defaults for layer in self._layers),
            )
        )
        for word in ("host", "port"):
            if word not in settings:
                known = next(iter(settings.values())).source if settings else peer
                raise ConfigError(
                    f"node {peer} has no {word} ({known})", hint='add address = "AET@host:port"'
                )
        return Node(peer, str(settings["host"].value), int(str(settings["port"].value)), settings)

    def everywhere(self, overrides: Settings | None = None) -> Settings:
        """Return what holds where there is no peer: overrides, variables, and the files' defaults."""
        layers = (self._variables, *self._layers)
        return stacked((overrides or {}, *(layer.defaults for layer in layers)))

    def _spelled_out(self, peer: str) -> dict[str, Setting]:
        try:
            place = address(peer)
        except ValueError as error:
            if "@" in peer or ":" in peer:
                raise UsageError(f"peer {peer!r} {error}", hint=_PEER_FORMS) from None
            close = did_you_mean(peer, self.names)
            known = f"configured: {', '.join(self.names)}" if self.names else _PEER_FORMS
            raise UsageError(
                f"no node is named {peer!r}, and as a host it has no port", hint=close or known
            ) from None
        spelled = {"host": Setting(place.host, peer), "port": Setting(place.port, peer)}
        if place.aet:
            spelled["aet"] = Setting(place.aet, peer)
        return spelled


def load(profile: str | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the variables and files; `profile` (else DIMSE_PROFILE) names the overlay to use."""
    files = [read_file(path) for path in paths(environ)]
    layers = [file.layer for file in files]
    name = profile or environ.get("DIMSE_PROFILE", "")
    if name:
        layers = [*_overlays(name, files), *layers]
    return Config(read_variables(environ), layers)


def _overlays(name: str, files: list[File]) -> list[Layer]:
    found = [file.profiles[name] for file in files if name in file.profiles]
    if not found:
        known = {known for file in files for known in file.profiles}
        hint = one_of(name, known) or "no configuration file has a [profiles.NAME] table"
        raise ConfigError(f"there is no profile {name!r}", hint=hint)
    return found
