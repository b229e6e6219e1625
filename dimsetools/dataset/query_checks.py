"""What is wrong with a query or retrieval, found before a connection is opened (PS3.4 C.2.2.2, C.4).

Every UsageError names the key, says what is wrong and what to write instead; `--no-check` sends it anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import RANGED, STRINGS, UNSPLIT, Attribute, Attributes, texts
from dimsetools.dataset.levels import FRAME_KEYS, LEVEL, key_origin, name_of_key, unique_key
from dimsetools.errors import UsageError
from dimsetools.uids import is_dotted

if TYPE_CHECKING:
    from dimsetools.dataset.models import Model

EMPTY_VALUE = '""'
"""Matches attributes without a value (PS3.4 C.2.2.2.7)."""

_FIRST_GROUP = 0x00080000
_CHARACTER_SET = 0x00080005
# They say how to read or find the keys and belong to no level.
_ABOUT = frozenset((_CHARACTER_SET, LEVEL, 0x00080053, 0x00080201))
_WILD = re.compile(r"[*?]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINES = str.maketrans("", "", "\r\n\t\f")
# Where a key is asked for at the wrong level, what people mean.
_INSTEAD = {
    (0x00080060, "STUDY"): "ModalitiesInStudy asks for studies with a modality",
    (0x00080016, "STUDY"): "SOPClassesInStudy asks for studies with a SOP class",
}

# What the items of (0040,0100) hold, and a worklist query has nowhere else (PS3.4 table K.6-1).
_OF_A_STEP = frozenset(
    (0x00080060, *range(0x00400001, 0x00400008), *range(0x00400009, 0x00400012), 0x00400020)
)


def check_find(model: Model, level: str, attributes: Attributes, *, relational: bool = False) -> None:
    """Raise UsageError if a C-FIND of `model` at `level` ("" if it has none) cannot have these keys.

    `relational`: keys of the levels above may be used for matching, and unique keys be left out.
    """
    if not model.find:
        raise UsageError(
            f"{model.title} can be retrieved, not searched", hint="use another model: -M study or -M patient"
        )
    _check_level(model, level)
    for tag in model.needs:
        _check_single(attributes, tag, f"{model.title} needs")
    if model.levels:
        if not relational:
            for above in model.levels[: model.levels.index(level)]:
                _check_single(attributes, unique_key(above), f"a query at {level} level needs")
        _check_origins(model, level, attributes, relational=relational)
    for tag, attribute in attributes.items():
        if model.name == "worklist" and tag in _OF_A_STEP and _has_value(attribute):
            name = name_of_key(tag)
            raise UsageError(
                f"{name} belongs to a scheduled step, it selects nothing outside of one",
                hint=f"write ScheduledProcedureStepSequence.{name}",
            )
        _check_key(tag, attribute, "")


def check_retrieve(model: Model, level: str, attributes: Attributes) -> None:
    """Raise UsageError if a C-MOVE or C-GET of `model` at `level` ("" if it has none) cannot have these keys.

    It needs the unique key of the level, a list of UIDs if wanted, and one value for each level above; it
    takes no other keys that have a value (PS3.4 C.4.2.2.1, Y.4.1.2).
    """
    if not (model.move or model.get):
        raise UsageError(f"{model.title} can be searched, not retrieved", hint="use another model: -M study")
    _check_level(model, level)
    what = f"a retrieval at {level} level needs" if level else f"a retrieval of {model.title} needs"
    allowed = _unique_tags(model, level)
    if level == "FRAME":
        _check_single(attributes, unique_key(level), what)
        chosen = [tag for tag in FRAME_KEYS if _given(attributes, tag)]
        if len(chosen) != 1:
            raise UsageError(
                f"{what} one of {', '.join(map(name_of_key, FRAME_KEYS))}, not {len(chosen) or 'none'}",
                hint=f"{name_of_key(FRAME_KEYS[0])}='1\\2\\5'",
            )
    else:
        for above in model.levels[: model.levels.index(level)] if level else ():
            _check_single(attributes, unique_key(above), what)
        _check_list(attributes, unique_key(level), what, single=level == "PATIENT")
    for tag, attribute in attributes.items():
        if tag not in allowed and tag not in _ABOUT and _has_value(attribute):
            raise UsageError(
                f"{name_of_key(tag)}: a retrieval takes unique keys only",
                hint=f"search for it first, or give {name_of_key(unique_key(level))}",
            )


def has_only_unique_keys(model: Model, level: str, attributes: Attributes) -> bool:
    """Tell whether the keys say by themselves what is to be retrieved, so that no search is needed."""
    try:
        check_retrieve(model, level, attributes)
    except UsageError:
        return False
    return True


def unique_keys(model: Model, level: str, attributes: Attributes) -> Attributes:
    """Return those of the attributes, of a match perhaps, that a retrieval at `level` takes."""
    wanted = _unique_tags(model, level)
    return {tag: attribute for tag, attribute in attributes.items() if tag in wanted}


def _unique_tags(model: Model, level: str) -> frozenset[int]:
    tags = {unique_key(level)}
    if level:
        tags.update(unique_key(above) for above in model.levels[: model.levels.index(level)])
    return frozenset(tags | set(FRAME_KEYS) if level == "FRAME" else tags)


# -- levels -----------------------------------------------------------------------------------------


_ELSEWHERE = {"PATIENT": "; Patient Root (-P) has it", "FRAME": "; -M composite has it"}


def _check_level(model: Model, level: str) -> None:
    if level in model.levels or (not level and not model.levels):
        return
    if not model.levels:
        raise UsageError(f"{model.title} has no levels", hint="leave out -L")
    levels = "its levels: " + ", ".join(known.lower() for known in model.levels)
    raise UsageError(
        f"{model.title} has no {level or 'empty'} level", hint=levels + _ELSEWHERE.get(level, "")
    )


def _check_single(attributes: Attributes, tag: int, what: str) -> None:
    _check_list(attributes, tag, what, single=True)


def _check_list(attributes: Attributes, tag: int, what: str, *, single: bool) -> None:
    """Check the values of a unique key."""
    name = name_of_key(tag)
    values = texts(attributes, tag)
    example = f"give {name}={'ID' if tag == unique_key('PATIENT') else 'UID'}"
    if not _given(attributes, tag):
        relational = ", or use --relational" if what.startswith("a query") else ""
        raise UsageError(f"{what} {name}", hint=example + relational)
    if single and len(values) > 1:
        raise UsageError(f"{what} one {name}, not {len(values)}", hint=f"{example} once for each run")
    for value in values:
        if _WILD.search(value):
            raise UsageError(f"{what} {name} without wildcards: {value!r}", hint=example)
        if attributes[tag].vr == "UI" and not is_dotted(value):
            raise UsageError(f"{name}: {value!r} is no UID", hint="a UID is digits and dots, up to 64")


def _check_origins(model: Model, level: str, attributes: Attributes, *, relational: bool) -> None:
    """Check that each key with a value belongs to the level, or to one above where that is allowed."""
    position = model.levels.index(level)
    unique = _unique_tags(model, level)
    for tag, attribute in attributes.items():
        origin = key_origin(tag)
        if origin == "PATIENT" and origin not in model.levels:
            origin = "STUDY"
        if not origin or origin == level or tag in unique or tag in _ABOUT or not _has_value(attribute):
            continue
        below = origin not in model.levels or model.levels.index(origin) > position
        if below or not relational:
            name = name_of_key(tag)
            hint = _INSTEAD.get((tag, level)) or (
                f"ask at that level: -L {origin.lower()}"
                if origin in model.levels
                else f"{model.title} has no {origin.lower()} level"
            )
            raise UsageError(
                f"{name} belongs to the {origin} level, it selects nothing at {level} level",
                hint=hint if below else hint + ", or use --relational",
            )


def _given(attributes: Attributes, tag: int) -> bool:
    return tag in attributes and _has_value(attributes[tag])


def _has_value(attribute: Attribute) -> bool:
    """Tell whether a key selects; one that is only to be returned has no value, nor has any inside it."""
    if attribute.vr == "SQ":
        return any(_has_value(inner) for item in attribute.values for inner in item.values())
    return any(value != "" for value in attribute.values)


# -- values -----------------------------------------------------------------------------------------


def _check_key(tag: int, attribute: Attribute, path: str) -> None:
    """Check the values of one key, and of those inside it; `path` says what it is in."""
    name = path + name_of_key(tag)
    vr, values = attribute
    if tag < _FIRST_GROUP:
        raise UsageError(f"{name} belongs to a command or file header, not to a query", hint="leave it out")
    if vr == "SQ":
        if len(values) > 1:
            raise UsageError(
                f"{name} has {len(values)} items; a sequence in a query has one", hint="ask once for each"
            )
        for item in values:
            for inner, key in item.items():
                _check_key(inner, key, f"{name}.")
        return
    if vr not in STRINGS or values == (EMPTY_VALUE,) or tag == _CHARACTER_SET:
        return
    if vr in RANGED and len(values) > 1:
        from dimsetools.dataset.dates import FORMS

        raise UsageError(f"{name} takes one value or range, not {len(values)}", hint=FORMS[vr])
    for value in values:
        _check_text(name, vr, value, alone=len(values) == 1)


def _check_range(name: str, vr: str, value: str) -> None:
    from dimsetools.dataset.dates import FORMS, problem  # some milliseconds, and few keys are dates

    wrong = problem(value, vr)
    if wrong:
        hint = "leave the value empty to match all" if value == "*" else FORMS[vr]
        raise UsageError(f"{name}: {value!r}: {wrong}", hint=hint)


def _check_text(name: str, vr: str, value: str, *, alone: bool) -> None:
    if not value and alone:
        return
    plain = value.translate(_LINES) if vr in UNSPLIT else value
    if _CONTROL.search(plain):
        raise UsageError(f"{name}: {value!r} has control characters", hint="leave them out")
    if vr in RANGED:
        _check_range(name, vr, value)
        return
    rule = _RULES.get(vr)
    if rule is not None:
        matches, what, hint = rule
        if not matches(value):
            if _WILD.search(value):
                what, hint = f"a key of VR {vr} takes no wildcards", "leave the value empty to match all"
            raise UsageError(f"{name}: {value!r}: {what}", hint=hint)


def _form(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.ASCII).fullmatch


# PS3.5 table 6.2-1. Case counts in the matching of codes, and a code string has no small letters.
_RULES: dict[str, tuple[Callable[[str], object], str, str]] = {
    "UI": (is_dotted, "it is no UID", "a UID is digits and dots, up to 64; several with backslashes"),
    "IS": (_form(r" *[+-]?[0-9]{1,12} *"), "it is no integer", "write digits, without a range"),
    "DS": (
        _form(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *"), "it is no number",
        "write a number, without a range",
    ),
    "AS": (_form(r"[0-9]{3}[DWMY]"), "it is no age", "write three digits and D, W, M or Y, as 042Y"),
    "CS": (_form(r"[^a-z]*"), "a code string has no small letters", "write it in capitals"),
}  # fmt: skip
