"""Whom a node may call, to send objects (C-MOVE) or reports: by AE title, from configuration and options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.config import Config, Node


class Destination(NamedTuple):
    """How to call a destination, and whether objects may be converted for it."""

    target: Target
    convert: bool


class Destinations:
    """Those of `named`, written AET@host:port or as the name of a node, and every node with an AE title.

    Titles are case-sensitive (PS3.8 table 9-11); `named` come first. UsageError for one that has no title.
    """

    def __init__(self, config: Config, named: Iterable[str] = ()) -> None:
        self._nodes: dict[str, Node] = {}
        for text in named:
            node = config.node(text)
            if not node.text("aet"):
                raise UsageError(f"--dest {text} has no AE title", hint="write AET@host:port")
            self._nodes.setdefault(node.aet, node)
        for name in config.names:
            try:
                node = config.node(name)
            except ConfigError:  # without an address it can be no destination
                continue
            if node.text("aet"):
                self._nodes.setdefault(node.aet, node)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, aet: object) -> bool:
        """Tell whether it is known how to call an AE title."""
        return aet in self._nodes

    def find(self, aet: str, own_aet: str) -> Destination | None:
        """Return how to call `aet` as `own_aet`, None if it is not known.

        Its secrets are read now: ConfigError or UsageError if that fails.
        """
        node = self._nodes.get(aet)
        if node is None:
            return None
        target = node.target()
        if not node.text("local_aet"):
            target = target._replace(calling_aet=own_aet)
        return Destination(target, node.transcode)
