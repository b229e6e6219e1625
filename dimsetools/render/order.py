"""Data sets in an order: numbers as numbers, all else by its text, what has no value last."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import NUMERIC
from dimsetools.errors import UsageError
from dimsetools.render.columns import Path, path, reach

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes


class Order:
    """The order that `text` names: attributes with commas between, a minus before those that descend."""

    def __init__(self, text: str) -> None:
        words = [word.strip() for word in text.split(",")]
        self.names = tuple(word.removeprefix("-") for word in words)
        self._keys = [
            (path(name), word.startswith("-")) for name, word in zip(self.names, words, strict=True)
        ]
        if not all(where for where, _ in self._keys):
            raise UsageError(
                f"--sort {text}: matches are sorted by their attributes", hint="--sort StudyDate"
            )

    def sorted(self, matches: Iterable[Attributes]) -> list[Attributes]:
        """Return the matches in order; where they do not differ, as they came."""
        found = list(matches)
        for where, descending in reversed(self._keys):
            with_value = [match for match in found if _has_value(match, where)]
            rest = [match for match in found if not _has_value(match, where)]
            with_value.sort(key=partial(_key, where), reverse=descending)
            found = with_value + rest
        return found


def _has_value(match: Attributes, where: Path) -> bool:
    found = reach(match, where)
    return found is not None and found.values not in ((), ("",))


def _key(where: Path, match: Attributes) -> tuple[float, str]:
    attribute = reach(match, where)
    assert attribute is not None
    text = "\\".join(map(str, attribute.values))
    if attribute.vr in NUMERIC:
        try:
            return float(str(attribute.values[0])), text
        except ValueError:
            pass
    return 0.0, text.casefold()
