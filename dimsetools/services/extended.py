"""Extended negotiation of query and retrieve (PS3.4 C.5.1.1, C.5.2.1 and K.5.1): a byte an ability."""

from __future__ import annotations

from typing import NamedTuple

from dimsetools.association.values import Extended

_WORKLIST = "1.2.840.10008.5.1.4.31"


class Abilities(NamedTuple):
    """What a requestor asks for, or a peer grants, beyond what every query does.

    `relational`: keys of any level; `datetime`: date and time ranges count as one; `fuzzy`: semantic matching
    of person names; `timezone`: times adjusted to a zone; `multiframe`: another view of enhanced objects.
    """

    relational: bool = False
    datetime: bool = False
    fuzzy: bool = False
    timezone: bool = False
    multiframe: bool = False

    def without(self, granted: Abilities) -> tuple[str, ...]:
        """Return the names of these abilities that are not among those `granted`."""
        pairs = zip(self._fields, self, granted, strict=True)
        return tuple(name for name, ours, theirs in pairs if ours and not theirs)


_FIND = ("relational", "datetime", "fuzzy", "timezone", "multiframe")
_RETRIEVE = ("relational", "multiframe")
# The first two bytes of a worklist's item are reserved and always 1.
_OF_WORKLIST = ("", "", "fuzzy", "timezone")


def find_extended(model: str, wanted: Abilities) -> tuple[Extended, ...]:
    """Return the item to propose for the C-FIND class `model`; none if nothing is wanted."""
    if model == _WORKLIST:
        wanted = wanted._replace(relational=False, datetime=False, multiframe=False)
        return _item(model, wanted, _OF_WORKLIST, least=3)
    return _item(model, wanted, _FIND)


def retrieve_extended(model: str, wanted: Abilities) -> tuple[Extended, ...]:
    """Return the item to propose for a C-GET or C-MOVE class: only two abilities are defined there."""
    return _item(model, Abilities(relational=wanted.relational, multiframe=wanted.multiframe), _RETRIEVE)


def granted_find(model: str, extended: tuple[Extended, ...]) -> Abilities:
    """Return what the peer agreed to for the C-FIND class `model`, from the items of its acceptance."""
    return _granted(model, extended, _OF_WORKLIST if model == _WORKLIST else _FIND)


def granted_retrieve(model: str, extended: tuple[Extended, ...]) -> Abilities:
    """Return what the peer agreed to for a C-GET or C-MOVE class."""
    return _granted(model, extended, _RETRIEVE)


def lacking(model: str, wanted: Abilities, extended: tuple[Extended, ...], find: bool) -> tuple[str, ...]:
    """Return what was `wanted` of a C-FIND class, or of one of C-GET or C-MOVE, and not granted."""
    if find:
        return wanted.without(granted_find(model, extended))
    defined = Abilities(**{name: getattr(wanted, name) for name in _RETRIEVE})
    return defined.without(granted_retrieve(model, extended))


def _item(model: str, wanted: Abilities, fields: tuple[str, ...], *, least: int = 1) -> tuple[Extended, ...]:
    """Return the item, without the bytes behind the last ability wanted: older peers know fewer."""
    if not any(wanted):
        return ()
    information = bytes(1 if not name or getattr(wanted, name) else 0 for name in fields)
    used = max(index for index, name in enumerate(fields, 1) if name and getattr(wanted, name))
    return (Extended(model, information[: max(used, least)]),)


def _granted(model: str, extended: tuple[Extended, ...], fields: tuple[str, ...]) -> Abilities:
    """Read an answer: a byte of 1 agrees, what is not there does not."""
    information = next((item.information for item in extended if item.abstract_syntax == model), b"")
    pairs = zip(fields, information, strict=False)
    return Abilities(**{name: value == 1 for name, value in pairs if name})
