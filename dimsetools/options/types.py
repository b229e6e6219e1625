"""Kinds of values on the command line: each checks what was typed and returns what the program works with."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import click

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class Checked(click.ParamType[Any]):
    """Any check which raises ValueError with a reason that reads after the value."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the checked value; defaults of other types than text pass as they are."""
        if not isinstance(value, str):
            return value
        try:
            return self._check(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class Named(Checked):
    """A check of words that a shell can offer: those of `choices`, or what `fill` names.

    A "key" is an attribute with a value, or a file; an "attribute" is the name alone.
    """

    def __init__(
        self,
        name: str,
        check: Callable[[str], Any],
        *,
        choices: Callable[[], tuple[str, ...]] = tuple,
        fill: Literal["choice", "key", "attribute"] = "choice",
    ) -> None:
        super().__init__(name, check)
        self._choices = choices
        self.fill = fill

    @property
    def choices(self) -> tuple[str, ...]:
        """The words, loaded when they are asked for."""
        return self._choices()


def seconds(text: str) -> float:
    """Return a time in seconds from `10`, `2.5`, `500ms`, `30s`, `5m` or `1h`."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("is no time: write seconds, or a number with ms, s, m or h")
    return float(match[1]) * _UNITS[match[2]]


def _number_of(check: Callable[[int], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise ValueError("is no whole number")
        return check(int(text))

    return read


def _title(text: str) -> str:
    from dimsetools.config.peers import ae_title

    return ae_title(text)


def _max_pdu(number: int) -> object:
    from dimsetools.config.words import check_max_pdu

    return check_max_pdu(number)


def _at_least_one(number: int) -> int:
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _window(number: int) -> int:
    if not 1 <= number <= 65535:
        raise ValueError("must be 1 to 65535")
    return number


DURATION = Checked("seconds", seconds)
TITLE = Checked("AE title", _title)
MAX_PDU = Checked("bytes", _number_of(_max_pdu))
COUNT = Checked("number", _number_of(_at_least_one))
WINDOW = Checked("number", _number_of(_window))
FILE = click.Path(dir_okay=False)


class _Folder(click.Path):
    """A folder that whoever writes to it makes, or says why it cannot."""

    def __init__(self) -> None:
        super().__init__(file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path unchecked: that there is a file is a matter of the output, not of usage."""
        del param, ctx
        return value


FOLDER = _Folder()
