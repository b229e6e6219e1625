"""The environment as a layer: DIMSE_NODE_NAME defines a node, DIMSE_WORD sets a word for every node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.config.files import NODE_NAME
from dimsetools.config.settings import Layer, Named, Setting, folded, spread
from dimsetools.config.words import PLACE, WORDS, read_text
from dimsetools.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "DIMSE_"
NODE_PREFIX = "DIMSE_NODE_"
OTHER = ("DIMSE_CONFIG", "DIMSE_PROFILE")


def variable(word: str) -> str:
    """Return the variable that sets `word`."""
    return PREFIX + word.replace(".", "_").upper()


VARIABLES = {variable(word): word for word in WORDS if word not in PLACE}


def read_variables(environ: Mapping[str, str]) -> Layer:
    """Return what the DIMSE_* variables say; ConfigError names the variable."""
    layer = Layer({}, {})
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name in OTHER:
            continue
        if name.startswith(NODE_PREFIX):
            node = name.removeprefix(NODE_PREFIX)
            if not NODE_NAME.fullmatch(node) or node.isdigit():
                raise ConfigError(f"{name}: {node!r} cannot name a node")
            settings = spread({"address": Setting(_checked("address", text, name), name)})
            layer.nodes[folded(node)] = Named(node, settings)
        elif name in VARIABLES:
            word = VARIABLES[name]
            layer.defaults[word] = Setting(_checked(word, text, name), name)
        else:
            _refuse_misspelling(name)
    return layer


def _checked(word: str, text: str, name: str) -> str | int | float | bool | tuple[str, ...]:
    try:
        return read_text(word, text)
    except ValueError as error:
        raise ConfigError(f"{name}={text} {error}") from None


def _refuse_misspelling(name: str) -> None:
    """Refuse what looks like one of ours.

    Others may set DIMSE_* too: Kubernetes adds DIMSE_SERVICE_HOST and DIMSE_PORT_104_TCP to every
    container next to a service of that name, so a name unlike all of ours passes.
    """
    from difflib import get_close_matches

    close = get_close_matches(name, (*VARIABLES, *OTHER), n=1, cutoff=0.85)
    if close:
        raise ConfigError(f"unknown variable {name}", hint=f"did you mean {close[0]}?")
