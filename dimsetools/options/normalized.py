"""The words of the commands for N- services: a SOP class, an instance, an action or event, and a data set.

Declares them, and turns what was typed into values: before anything is connected, unless it cannot be wrong.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.errors import InputError, UsageError
from dimsetools.options.group import Group
from dimsetools.options.query import attribute_names, charsets
from dimsetools.options.types import FILE, Named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dimsetools.association.stop import Stop
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.dataset.normalized import NormalizedClass

_STDIN = "-"
_IN_COMMAND = (0x00080016, 0x00080018)
"""SOP Class UID and SOP Instance UID: of a normalized instance they are in the command, not its data set."""
_MAX_FILE = 512 * 1024 * 1024
"""Bytes of a data set: a film's image box has up to a hundred megabytes of pixels."""


_FORMS = {
    "DA": "20260131, 2026-01-31, -7d or today",
    "TM": "0800, 08:00, -2h or now",
    "DT": "20260131080000, 2026-01-31T08:00, 20260131 or now",
}
"""What can be written for one day or moment."""


class DataSets(NamedTuple):
    """How the data sets of replies are read."""

    assume_charset: tuple[str, ...] = ()


DATA_SETS = Group(
    "Data sets",
    DataSets,
    (
        click.Option(
            ["--assume-charset"],
            metavar="NAME",
            callback=charsets,
            help="Specific Character Set of replies that name none, as ISO_IR 100.",
        ),
    ),
)


# -- words ------------------------------------------------------------------------------------------


def _class(text: str) -> NormalizedClass:
    from dimsetools.dataset.normalized import normalized_class

    try:
        return normalized_class(text)
    except UsageError as error:
        raise ValueError(f"is no SOP class of the N- services ({error.hint})") from None


def _classes() -> tuple[str, ...]:
    from dimsetools.dataset.normalized import CLASSES

    return tuple(name for row in CLASSES.values() if row.services for name in (row.name, *row.aliases))


def _contexts() -> tuple[str, ...]:
    from dimsetools.dataset.normalized import CLASSES

    return tuple(name for row in CLASSES.values() for name in (row.name, *row.aliases))


def _instances() -> tuple[str, ...]:
    from dimsetools.dataset.normalized import CLASSES, instance_names

    known = (instance_names(row) for row in CLASSES.values())
    return tuple(dict.fromkeys(("new", *(name for names in known for name in names[:2]))))


def _usual(kind: str) -> tuple[str, ...]:
    """Return the names of the actions or events of all classes."""
    from dimsetools.dataset.normalized import CLASSES

    return tuple(dict.fromkeys(name for row in CLASSES.values() for name in getattr(row, kind)))


CLASS = click.Argument(
    ["sop_class"],
    metavar="CLASS",
    type=Named("SOP class", _class, choices=_classes),
    help="A SOP class by short name (mpps, commit, printer, film-session, ups, ...), keyword or UID.",
)
INSTANCE = click.Argument(
    ["instance"],
    metavar="INSTANCE",
    type=Named("instance", str, choices=_instances),
    help="A SOP instance UID, or the name of a well-known instance (printer, commit, ...).",
)
ACTION = click.Argument(
    ["action"],
    metavar="ACTION",
    type=Named("action", str, choices=lambda: _usual("actions")),
    help="An action of the class by name (print, change-state, subscribe, ...) or Action Type ID.",
)
EVENT = click.Argument(
    ["event"],
    metavar="EVENT",
    type=Named("event", str, choices=lambda: _usual("events")),
    help="An event of the class by name (success, completed, state-report, ...) or Event Type ID.",
)
KEYS = click.Argument(
    ["words"],
    metavar="[KEY=VALUE...]",
    nargs=-1,
    type=Named("key", str, fill="key"),
    help="Attributes of the data set, as PatientName=DOE or Sequence.Attribute=value.",
)
ATTRIBUTES = click.Argument(
    ["attributes"],
    metavar="[ATTRIBUTE...]",
    nargs=-1,
    type=Named("key", str, fill="attribute"),
    help="Attributes to be returned, by keyword or tag, also with commas between; none for all.",
)
KEY = click.Option(
    ["-k", "--key", "keys"],
    multiple=True,
    metavar="KEY=VALUE",
    type=Named("key", str, fill="key"),
    help="An attribute, as among the arguments; it counts more than that of the file. Repeatable.",
)
FROM_FILE = click.Option(
    ["-f", "--file", "file"],
    type=FILE,
    metavar="FILE",
    help="A file with the data set: DICOM, DICOM JSON, JSON by keywords, dump lines or XML; - is stdin.",
)
CONTEXT = click.Option(
    ["--context", "contexts"],
    type=Named("SOP class", _class, choices=_contexts),
    multiple=True,
    metavar="CLASS",
    help="SOP class to negotiate, where that is another one (default as the standard says). Repeatable.",
)
NO_CHECK = click.Option(
    ["--no-check", "check"],
    flag_value=False,
    default=True,
    help="Send it as it is, whatever the standard says of it.",
)


# -- values -----------------------------------------------------------------------------------------


def attribute_tags(words: Iterable[str]) -> tuple[int, ...]:
    """Return the tags of an attribute list, each once; UsageError for what is no whole attribute."""
    from dimsetools.dataset.key_paths import parse_key

    found = []
    for name in (name for word in words for name in attribute_names(word)):
        key = parse_key(name)
        (step, *inner) = key.steps
        if inner or step.item is not None:
            raise UsageError(
                f"{name!r:.80}: a sequence is returned as a whole", hint="name the sequence alone"
            )
        if key.value is not None or key.file is not None:
            raise UsageError(f"{name!r:.80}: an attribute to be returned has no value")
        if step.creator:
            raise UsageError(f"{name!r:.80}: a private attribute goes by its tag", hint="write (gggg,eeee)")
        found.append(step.tag)
    return tuple(dict.fromkeys(found))


def data_set(
    file: str | None,
    keys: Sequence[str],
    *,
    check: bool = True,
    matching: bool = False,
    stop: Stop | None = None,
    today: date | None = None,
) -> Attributes | None:
    """Return the data set of a request: that of the file, the keys laid over it; None if there is neither.

    With `check` the SOP class and instance UIDs of a file are left out, and values must have the form of
    their value representation. Where others have to be `matching`, dates may be ranges. Raises UsageError
    and InputError.
    """
    from dimsetools.dataset.keys import keyed

    base: Attributes = {}
    if file is not None:
        base = _from_file(file, stop, today, matching)
        if check:
            base = {tag: attribute for tag, attribute in base.items() if tag not in _IN_COMMAND}
    elif not keys:
        return None
    found = keyed(keys, base=base, today=today, ranged=matching, most=_MAX_FILE)
    if check and not matching:
        _check_values(found)
    return found


def _check_values(attributes: Attributes) -> None:
    """Refuse a value that its value representation cannot have, also within items."""
    from dimsetools.dataset.levels import name_of_key
    from dimsetools.dataset.requirements import is_well_formed

    for tag, attribute in attributes.items():
        if attribute.vr == "SQ":
            for item in attribute.values:
                _check_values(item)
        elif not is_well_formed(attribute):
            value = "\\".join(map(str, attribute.values))
            form = _FORMS.get(attribute.vr)
            raise UsageError(
                f"{name_of_key(tag)}={value!r:.80} is no {attribute.vr}",
                hint=f"{f'write {form}; ' if form else ''}--no-check sends it as it is",
            )


def _from_file(name: str, stop: Stop | None, today: date | None, matching: bool) -> Attributes:
    """Return the one data set that a file has."""
    from dimsetools.dataset.files import file_queries, stream_queries
    from dimsetools.options.query import Stdin

    found: Iterator[Attributes]
    if name == _STDIN:
        found = stream_queries(
            io.BufferedReader(Stdin(stop)), "stdin", today=today, ranged=matching, most=_MAX_FILE
        )
    else:
        found = file_queries(name, today=today, ranged=matching, most=_MAX_FILE)
    try:
        first = next(found, None)
    except InputError:
        if stop is not None and stop.requested:  # it ended in the middle
            raise stop.error() from None
        raise
    shown = "stdin" if name == _STDIN else name
    if first is None:
        raise InputError(f"{shown}: there is no data set in it")
    if next(found, None) is not None:
        raise InputError(f"{shown}: more than one data set", hint="a request has one: give one at a time")
    return first
