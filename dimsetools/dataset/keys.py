r"""The keys of the command line, `[Sequence[n].]*Attribute[=value]`, made into a data set.

`StudyDate=-7d`, `ScheduledProcedureStepSequence.Modality=CT`, `(0029,"ACME",10)=01ff`, `PatientName@file`.
An attribute without a value is asked for, and matches everything (PS3.4 C.2.2.2.3).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import BINARY, RANGED, Attribute, Attributes, sorted_attributes
from dimsetools.dataset.key_paths import Key, Step, parse_key
from dimsetools.dataset.key_values import parse_values
from dimsetools.dataset.levels import name_of_key
from dimsetools.dataset.part10 import open_regular
from dimsetools.dataset.private import private_tag, vr_in
from dimsetools.errors import InputError, UsageError

if TYPE_CHECKING:
    from datetime import date, datetime

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a file that a value is read from."""


class _Manner(NamedTuple):
    """How the values of keys are read: relative dates from `now`, files of up to `most` bytes."""

    now: Callable[[], datetime]
    ranged: bool
    most: int


def keyed(
    texts: Iterable[str],
    *,
    returns: Iterable[str] = (),
    base: Attributes | None = None,
    today: date | None = None,
    ranged: bool = True,
    most: int = MAX_FILE,
) -> Attributes:
    """Return the data set of the keys `texts`, laid over `base`, with the return keys `returns` added.

    Of two keys for one attribute the later counts. A return key never replaces a value. Relative dates
    count from `today`, a day or a moment (None: now); a data set that is no query has none that are `ranged`.
    Raises UsageError for a key that is not understood,
    has a value that its VR cannot hold, or names a file that cannot be read or has more than `most` bytes.
    """

    @cache
    def now() -> datetime:
        from dimsetools.dataset.dates import present  # some milliseconds, and few keys are dates

        return present(today)

    attributes = _copied(base or {})
    for text in texts:
        _place(attributes, text, parse_key(text), _Manner(now, ranged, most))
    for text in returns:
        key = parse_key(text)
        if key.value is not None or key.file is not None:
            raise UsageError(f"{text!r:.80}: a return key has no value", hint="write -k or no option at all")
        _ask(attributes, text, key)
    return sorted_attributes(attributes)


def _copied(attributes: Attributes) -> Attributes:
    """Return a copy whose items are copies, too: they are written to."""
    return {
        tag: attribute._replace(values=tuple(map(_copied, attribute.values)))
        if attribute.vr == "SQ"
        else attribute
        for tag, attribute in attributes.items()
    }


def _place(attributes: Attributes, text: str, key: Key, manner: _Manner) -> None:
    """Set the attribute that a key names to its value."""
    *outer, last = key.steps
    for step in outer:
        attributes = _item(attributes, text, step, step.item or 0)
    tag, vr = _target(attributes, text, last)
    if last.item is not None or vr == "SQ":
        if key.value or key.file is not None:
            raise UsageError(
                f"{text!r:.80}: {name_of_key(tag)} is a sequence and has no value of its own",
                hint=f"write {name_of_key(tag)}.Attribute=value",
            )
        if last.item is None:
            attributes[tag] = Attribute("SQ")
        else:
            _item(attributes, text, last, last.item)
        return
    try:
        data = None if key.file is None else _contents(key.file, manner.most)
        attributes[tag] = Attribute(vr, _values(key, data, vr, manner))
    except ValueError as error:
        shown = f"@{key.file}" if key.file is not None else f"={key.value!r:.80}"
        hint = _forms(vr) if key.file is None else ""
        if vr in BINARY and key.file is None:
            hint = f"write {name_of_key(tag)}=01ff, or {name_of_key(tag)}@FILE"
        raise UsageError(f"{name_of_key(tag)}{shown}: {error}", hint=hint) from None


def _ask(attributes: Attributes, text: str, key: Key) -> None:
    """Add the attribute that a return key names, if it is not there."""
    *outer, last = key.steps
    for step in outer:
        attributes = _item(attributes, text, step, step.item or 0)
    tag, vr = _target(attributes, text, last)
    if last.item is not None:
        _item(attributes, text, last, last.item)
    elif tag not in attributes:
        attributes[tag] = Attribute(vr)


def _target(attributes: Attributes, text: str, step: Step) -> tuple[int, str]:
    """Return tag and VR of the attribute that a step means within `attributes`."""
    group, number = step.tag >> 16, step.tag & 0xFFFF
    if group < 0x0008 or group == 0xFFFE or not number:
        raise UsageError(
            f"{text!r:.80}: {name_of_key(step.tag)} belongs to a command or file, not to a data set",
            hint="leave it out",
        )
    tag = private_tag(attributes, group, step.creator, number) if step.creator else step.tag
    return tag, vr_in(attributes, tag)


def _item(attributes: Attributes, text: str, step: Step, number: int) -> Attributes:
    """Return item `number` of the sequence that a step means; it and those before it are made if need be."""
    tag, vr = _target(attributes, text, step)
    if vr not in ("SQ", "UN"):
        raise UsageError(f"{text!r:.80}: {name_of_key(tag)} is no sequence, its VR is {vr}")
    there = attributes.get(tag)
    items: list[Attributes] = list(there.values) if there is not None and there.vr == "SQ" else []
    items += ({} for _ in range(len(items), number + 1))
    attributes[tag] = Attribute("SQ", tuple(items))
    return items[number]


def _values(key: Key, data: bytes | None, vr: str, manner: _Manner) -> tuple[object, ...]:
    """Return the values of a key, or of its file's `data`; ValueError if its VR cannot have them."""
    text = key.value or ""
    if data is not None:
        if vr in BINARY:
            return (data,) if data else ()
        try:
            text = data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ValueError("the file is no UTF-8 text") from None
    values = parse_values(text, vr)
    if vr in RANGED:
        from dimsetools.dataset.dates import resolve

        now = manner.now()
        return tuple(
            resolve(value, vr, now, ranged=manner.ranged) if isinstance(value, str) else value
            for value in values
        )
    return values


def _forms(vr: str) -> str:
    """Return what to tell people who got a date or time wrong, "" for another VR."""
    if vr not in RANGED:
        return ""
    from dimsetools.dataset.dates import FORMS

    return FORMS[vr]


def _contents(name: str, most: int) -> bytes:
    """Return the bytes of a file; ValueError with the reason if they cannot be had."""
    try:
        fd, status = open_regular(name)
    except InputError as error:
        raise ValueError(f"the file {error.message}") from None
    with os.fdopen(fd, "rb") as file:
        if status.st_size > most:
            raise ValueError(f"the file has more than {most} bytes")
        try:
            return file.read(most)
        except OSError as error:
            raise ValueError(f"the file cannot be read: {error.strerror}") from None
