"""Values with where they came from, and how layers of them are put on top of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from dimsetools.config.words import WORDS, Value
from dimsetools.errors import ConfigError, did_you_mean


class Setting(NamedTuple):
    """`source` is what the user can look for: an option, a variable, or a file with table and key."""

    value: Value
    source: str


Settings = Mapping[str, Setting]

ALTERNATIVES = {
    "identity.password_file": "identity.password_env",
    "identity.token_file": "identity.token_env",
    "tls.key_password_file": "tls.key_password_env",
}
"""Two words for one thing: the upper layer's word hides the other one of a lower layer."""


class Layer(NamedTuple):
    """What one source says: nodes by their folded name, and words for all nodes."""

    nodes: dict[str, Named]
    defaults: dict[str, Setting]


class Named(NamedTuple):
    """A node's words under the name as it was written."""

    name: str
    settings: dict[str, Setting]


def folded(name: str) -> str:
    """Return the key under which a node is looked up: `main-pacs` is DIMSE_NODE_MAIN_PACS."""
    return name.casefold().replace("-", "_")


def stacked(layers: Iterable[Settings]) -> dict[str, Setting]:
    """Merge layers, upper ones first; the first that sets a word wins."""
    other = ALTERNATIVES | {second: first for first, second in ALTERNATIVES.items()}
    merged: dict[str, Setting] = {}
    for layer in layers:
        hidden = {other[word] for word in merged if word in other}
        for word, setting in layer.items():
            if word not in merged and word not in hidden:
                merged[word] = setting
    return merged


def one_of(word: str, known: Collection[str]) -> str:
    """Return a hint that names what is close to `word`, or all there are if nothing is."""
    return did_you_mean(word, known) or (f"known: {', '.join(sorted(known))}" if known else "")


def check_together(settings: Settings) -> None:
    """Refuse words of one table that contradict each other."""
    for first, second in (*ALTERNATIVES.items(), ("address", "host"), ("address", "port")):
        if first in settings and second in settings:
            raise ConfigError(
                f"{settings[second].source}: contradicts {settings[first].source}; keep one of them"
            )


def spread(settings: dict[str, Setting]) -> dict[str, Setting]:
    """Replace `address` by the `aet`, `host` and `port` that it holds."""
    from dimsetools.config.peers import address

    whole = settings.pop("address", None)
    if whole is not None:
        aet, host, port = address(str(whole.value))
        settings["host"] = Setting(host, whole.source)
        settings["port"] = Setting(port, whole.source)
        if aet:
            if "aet" in settings:
                raise ConfigError(
                    f"{settings['aet'].source}: contradicts {whole.source}, which has an AE title"
                )
            settings["aet"] = Setting(aet, whole.source)
    unknown = settings.keys() - WORDS.keys()
    assert not unknown, unknown
    return settings
