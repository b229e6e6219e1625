"""Queries in JSON: the DICOM JSON model (PS3.18 annex F) or records of keywords, told apart object by object.

One object, a list of them, or one behind the other (NDJSON). Records of ours that are no matches, which have
an `_event` and no attribute, are passed over, so that the output of one command can be the input of another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from dimsetools.dataset.attributes import BINARY, NUMBERS, STRINGS, Attributes
from dimsetools.dataset.dates import present, resolved
from dimsetools.dataset.dicom_json import from_model
from dimsetools.dataset.flat import from_flat
from dimsetools.dataset.walk import MAX_DEPTH
from dimsetools.errors import InputError, UsageError

_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_BLANK = re.compile(r"[ \t\r\n]*", re.ASCII)
_MOST_NESTED = 3 * MAX_DEPTH + 4
_FLOATS = frozenset(("FL", "FD"))
_INTEGERS = frozenset((*NUMBERS, "AT")) - _FLOATS


def json_queries(
    text: str, name: str, *, line: int = 1, today: date | None = None, ranged: bool = True
) -> Iterator[Attributes]:
    """Return the queries in `text`, which begins at `line` of the file `name`.

    Dates in records of keywords are resolved as those of keys, from `today`; without `ranged` each is one
    value. Raises InputError.
    """
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    counted, at = 0, 0
    while True:
        blank = _BLANK.match(text, at)
        start = blank.end() if blank else at
        if start == len(text):
            return
        line += text.count("\n", counted, start)
        counted = start
        try:
            value, at = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            here = line + text.count("\n", counted, error.pos)
            raise InputError(f"{name}, line {here}: no JSON: {error.msg}, column {error.colno}") from None
        except RecursionError:
            raise InputError(f"{name}, line {line}: JSON nested too deep") from None
        except ValueError as error:
            raise InputError(f"{name}, line {line}: no JSON: {error}") from None
        rows = value if isinstance(value, list) else [value]
        for number, row in enumerate(rows, 1):
            where = f"{name}, line {line}" + (f", element {number}" if isinstance(value, list) else "")
            found = _query(row, where, today, ranged)
            if found is not None:
                yield found


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no value")


def _query(row: object, where: str, today: date | None, ranged: bool) -> Attributes | None:
    """Return the query of one object, None if it is a record of something else than a match."""
    if not isinstance(row, Mapping):
        kind = "text" if isinstance(row, str) else "a list" if isinstance(row, list) else json.dumps(row)
        raise InputError(f"{where}: an object was expected, not {kind}")
    if "_event" in row and all(name.startswith("_") for name in row):
        return None
    try:
        if _nesting(row) > _MOST_NESTED:
            raise ValueError("nested too deep")
        elements = {name: member for name, member in row.items() if not name.startswith("_")}
        if _is_model(elements):
            found = from_model(elements)
            _check(found)
            return found
        found = from_flat(elements)
        _check(found)
        return resolved(found, present(today), ranged=ranged)
    except UsageError as error:
        raise InputError(f"{where}: {error.message[:400]}", hint=error.hint) from None
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def _is_model(row: Mapping[str, object]) -> bool:
    """Tell whether an object is of the DICOM JSON model: tags, each with an object that says its VR."""
    return bool(row) and all(
        _TAG.fullmatch(name) and isinstance(member, Mapping) and "vr" in member
        for name, member in row.items()
    )


def _nesting(row: object) -> int:
    """Return how deep containers lie in one another."""
    level, depth = [row], 0
    while level:
        depth += 1
        level = [inner for outer in level for inner in _held(outer) if isinstance(inner, (Mapping, list))]
    return depth


def _held(container: object) -> Iterable[object]:
    """Return what lies in a container."""
    if isinstance(container, Mapping):
        return container.values()
    return container if isinstance(container, list) else ()


def _check(attributes: Attributes, depth: int = 0) -> None:
    """Raise ValueError if there is anything that is no tag, VR or value of that VR."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    for tag, (vr, values) in attributes.items():
        if not 0 <= tag <= 0xFFFFFFFF:
            raise ValueError(f"{tag:X} is no tag")
        if vr == "SQ":
            for item in values:
                _check(item, depth + 1)
            continue
        kind = (
            str if vr in STRINGS else bytes if vr in BINARY else int if vr in _INTEGERS
            else float if vr in _FLOATS else None
        )  # fmt: skip
        if kind is None or not all(isinstance(value, kind) for value in values):
            raise ValueError(f"{tag:08X} has the VR {vr!r:.20} and a value that is none of it")
