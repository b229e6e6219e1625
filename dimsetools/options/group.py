"""What a section of --help is: a title, the options in it, and the class that carries their values.

A named tuple where it can be one: a frozen dataclass takes a millisecond to make, at every start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from dimsetools.config.words import Value

Words = dict[str, tuple["Value", str]]
"""Words of a node with their values, and the option that each was given by."""


def given(words: Mapping[str, tuple[Value | None, str]]) -> Words:
    """Return the words that have a value."""
    return {word: (value, option) for word, (value, option) in words.items() if value is not None}


class Group(NamedTuple):
    """The class `values` has a field for each option, with a default where a command may leave it out."""

    title: str
    values: type[Any]
    options: tuple[click.Option, ...]

    def without(self, *names: str) -> Group:
        """Return the group without the options of those names: a command shows no option that it ignores."""
        unknown = set(names) - {option.name for option in self.options}
        assert not unknown, unknown
        return self._replace(options=tuple(option for option in self.options if option.name not in names))

    def take(self, params: dict[str, Any]) -> Any:
        """Move the group's values out of click's `params` into its class."""
        return self.values(**{str(option.name): params.pop(str(option.name)) for option in self.options})
