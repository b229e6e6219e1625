"""The SOP classes of the N- services (PS3.4 F, H, J, P, R, S, CC, DD, EE, KK): names for numbers and UIDs.

What each class is called, which of the six services it has, its actions and events, its well-known instance,
and under which abstract syntaxes it is negotiated where that is not its own UID: the classes of printing in a
Meta SOP class (PS3.4 H.3), unified procedure steps in one of five SOP classes (PS3.4 CC.3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple
from uuid import uuid4

from dimsetools.errors import UsageError, did_you_mean
from dimsetools.uids import is_valid_uid, name_of, sop_class

_CREATE, _SET, _GET, _DELETE = "N-CREATE", "N-SET", "N-GET", "N-DELETE"
_ACTION, _EVENT = "N-ACTION", "N-EVENT-REPORT"
SERVICES = (_GET, _SET, _ACTION, _CREATE, _DELETE, _EVENT)
"""The six services, as PS3.7 writes them."""

_NONE: Mapping[str, int] = MappingProxyType({})
_NO_CONTEXTS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_MOST_NUMBER = 0xFFFF


class NormalizedClass(NamedTuple):
    """A SOP class: `uid` is that of its instances, `instance` its well-known instance, "" if it has none.

    `actions` and `events` have the numbers by name; of several names for a number the first is the usual one.
    `contexts` are the abstract syntaxes under which it is negotiated, the preferred first, and `by_service`
    those of single services ("N-SET") or actions ("N-ACTION 1"). `services` are those that the class has.
    """

    name: str
    uid: str
    instance: str = ""
    actions: Mapping[str, int] = _NONE
    events: Mapping[str, int] = _NONE
    contexts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    services: tuple[str, ...] = SERVICES
    by_service: Mapping[str, tuple[str, ...]] = _NO_CONTEXTS

    def contexts_for(self, service: str, number: int | None = None) -> tuple[str, ...]:
        """Return the abstract syntaxes for a service, the preferred first, or for one of its actions."""
        found = self.by_service.get(f"{service} {number}") or self.by_service.get(service)
        return found or self.contexts or (self.uid,)

    @property
    def abstract_syntax(self) -> str:
        """The SOP class that the name itself stands for, where a context is to be named."""
        return self.contexts[0] if self.name.startswith("ups-") else self.uid

    def serving(self, service: str) -> NormalizedClass:
        """Return the class that a request names: there are others to read and report the steps of MPPS."""
        found = CLASSES.get(_MPPS_BY_SERVICE.get(service, "")) if self.name == "mpps" else None
        return found or self


# -- the table --------------------------------------------------------------------------------------

_ROOT = "1.2.840.10008."
_PRINT = _ROOT + "5.1.1."
PRINT_GRAYSCALE = _PRINT + "9"
"""Basic Grayscale Print Management Meta SOP Class."""
PRINT_COLOR = _PRINT + "18"
"""Basic Color Print Management Meta SOP Class."""
UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_EVENT, UPS_QUERY = (
    f"{_ROOT}5.1.4.34.6.{number}" for number in range(1, 6)
)
UPS_GLOBAL = _ROOT + "5.1.4.34.5"
"""The instance by which an AE subscribes to all workitems (PS3.4 CC.2.3)."""
UPS_FILTERED = UPS_GLOBAL + ".1"
"""The instance by which an AE subscribes to the workitems that match."""

_MPPS_BY_SERVICE = {_GET: "mpps-retrieve", _EVENT: "mpps-notification"}
_MPPS_EVENTS = {"in-progress": 1, "completed": 2, "discontinued": 3, "updated": 4, "deleted": 5}
_UPS_ACTIONS = {
    "change-state": 1, "request-cancel": 2, "cancel": 2, "subscribe": 3, "unsubscribe": 4,
    "suspend-global-subscription": 5, "suspend": 5,
}  # fmt: skip
_UPS_EVENTS = {
    "state-report": 1, "state": 1, "cancel-requested": 2, "cancel": 2, "progress-report": 3, "progress": 3,
    "scp-status-change": 4, "assigned": 5,
}  # fmt: skip
_INVENTORY_ACTIONS = {
    "initiate": 11,
    "request-status": 12,
    "status": 12,
    "cancel": 13,
    "pause": 14,
    "resume": 15,
}
_INVENTORY_EVENTS = {"terminated-with-instances": 11, "status": 12, "terminated-without-instances": 13}
_ANY_PRINT = (PRINT_GRAYSCALE, PRINT_COLOR)
_BOTH_WAYS = (_ACTION, _EVENT)
_VERIFICATION = {"request-beam-verification": 1, "verify": 1}


def _ups(name: str, context: str, services: tuple[str, ...], *aliases: str) -> NormalizedClass:
    """Return unified procedure steps under one SOP class alone."""
    return NormalizedClass(
        name, UPS_PUSH, "", _UPS_ACTIONS, _UPS_EVENTS, (context,), aliases, services
    )  # fmt: skip


def _retired(name: str, suffix: str, *aliases: str) -> NormalizedClass:
    """Return a class that the standard no longer has, but some peers do."""
    return NormalizedClass(name, _ROOT + suffix, aliases=aliases)


_ROWS = (
    NormalizedClass(
        "mpps", _ROOT + "3.1.2.3.3", events=_MPPS_EVENTS, aliases=("performed-procedure-step", "pps"),
        services=(_CREATE, _SET, _GET, _EVENT),
        by_service={_GET: (_ROOT + "3.1.2.3.4",), _EVENT: (_ROOT + "3.1.2.3.5",)},
    ),
    NormalizedClass("mpps-retrieve", _ROOT + "3.1.2.3.4", services=(_GET,)),
    NormalizedClass("mpps-notification", _ROOT + "3.1.2.3.5", events=_MPPS_EVENTS, services=(_EVENT,)),
    NormalizedClass(
        "commit", _ROOT + "1.20.1", _ROOT + "1.20.1.1", {"commit": 1, "request": 1},
        {"success": 1, "committed": 1, "failures": 2, "failed": 2},
        aliases=("storage-commitment", "commitment", "stgcmt"), services=_BOTH_WAYS,
    ),
    NormalizedClass(
        "film-session", _PRINT + "1", actions={"print": 1}, contexts=_ANY_PRINT,
        services=(_CREATE, _SET, _DELETE, _ACTION),
    ),
    NormalizedClass(
        "film-box", _PRINT + "2", actions={"print": 1}, contexts=_ANY_PRINT,
        services=(_CREATE, _SET, _DELETE, _ACTION),
    ),
    NormalizedClass(
        "image-box", _PRINT + "4", contexts=(PRINT_GRAYSCALE,),
        aliases=("grayscale-image-box", "gray-image-box"), services=(_SET,),
    ),
    NormalizedClass(
        "color-image-box", _PRINT + "4.1", contexts=(PRINT_COLOR,), aliases=("colour-image-box",),
        services=(_SET,),
    ),
    NormalizedClass("annotation-box", _PRINT + "15", aliases=("annotation",), services=(_SET,)),
    NormalizedClass(
        "print-job", _PRINT + "14", events={"pending": 1, "printing": 2, "done": 3, "failure": 4},
        services=(_GET, _EVENT),
    ),
    NormalizedClass(
        "printer", _PRINT + "16", _PRINT + "17", events={"normal": 1, "warning": 2, "failure": 3},
        contexts=(*_ANY_PRINT, _PRINT + "16"), services=(_GET, _EVENT),
    ),
    NormalizedClass(
        "printer-configuration", _PRINT + "16.376", _PRINT + "17.376",
        aliases=("printer-config", "printer-configuration-retrieval"), services=(_GET,),
    ),
    NormalizedClass("presentation-lut", _PRINT + "23", services=(_CREATE, _DELETE)),
    NormalizedClass("voi-lut-box", _PRINT + "22", services=(_CREATE, _SET, _DELETE)),
    NormalizedClass("print-grayscale", PRINT_GRAYSCALE, aliases=("print", "print-gray"), services=()),
    NormalizedClass("print-color", PRINT_COLOR, aliases=("print-colour",), services=()),
    NormalizedClass(
        "ups", UPS_PUSH, "", _UPS_ACTIONS, _UPS_EVENTS, (UPS_PUSH, UPS_WATCH, UPS_PULL),
        ("workitem", "unified-procedure-step"), (_CREATE, _SET, _GET, _ACTION, _EVENT),
        {
            _CREATE: (UPS_PUSH,), _SET: (UPS_PULL,), _EVENT: (UPS_EVENT,), f"{_ACTION} 1": (UPS_PULL,),
            f"{_ACTION} 2": (UPS_PUSH, UPS_WATCH), f"{_ACTION} 3": (UPS_WATCH,), f"{_ACTION} 4": (UPS_WATCH,),
            f"{_ACTION} 5": (UPS_WATCH,),
        },
    ),
    _ups("ups-push", UPS_PUSH, (_CREATE, _GET, _ACTION)),
    _ups("ups-watch", UPS_WATCH, (_GET, _ACTION)),
    _ups("ups-pull", UPS_PULL, (_GET, _SET, _ACTION)),
    _ups("ups-event", UPS_EVENT, (_EVENT,)),
    _ups("ups-query", UPS_QUERY, ()),
    NormalizedClass(
        "ian", _ROOT + "5.1.4.33", aliases=("instance-availability", "availability"), services=(_CREATE,)
    ),
    NormalizedClass(
        "media-creation", _PRINT + "33", actions={"initiate": 1, "cancel": 2}, aliases=("media",),
        services=(_CREATE, _ACTION, _GET),
    ),
    NormalizedClass("display-system", _PRINT + "40", _PRINT + "40.1", aliases=("display",), services=(_GET,)),
    NormalizedClass(
        "rt-conventional", _ROOT + "5.1.4.34.8", actions=_VERIFICATION, events={"pending": 1, "done": 2},
        aliases=("rt-treatment", "rt-conventional-machine-verification"),
    ),
    NormalizedClass(
        "rt-ion", _ROOT + "5.1.4.34.9", actions=_VERIFICATION, events={"pending": 1, "done": 2},
        aliases=("rt-ion-machine-verification",),
    ),
    NormalizedClass(
        "event-logging", _ROOT + "1.40", _ROOT + "1.40.1", {"record": 1},
        aliases=("procedural-event-logging", "procedure-log"), services=(_ACTION,),
    ),
    NormalizedClass(
        "substance-logging", _ROOT + "1.42", _ROOT + "1.42.1", {"record": 1},
        aliases=("substance-administration", "substance-administration-logging"), services=(_ACTION,),
    ),
    NormalizedClass(
        "inventory-creation", _ROOT + "5.1.4.1.1.201.5", _ROOT + "5.1.4.1.1.201.1.1", _INVENTORY_ACTIONS,
        _INVENTORY_EVENTS, aliases=("inventory", "storage-management"), services=_BOTH_WAYS,
    ),
    _retired("study-component", "3.1.2.3.2"),
    _retired("detached-patient", "3.1.2.1.1"),
    _retired("detached-visit", "3.1.2.2.1"),
    _retired("detached-study", "3.1.2.3.1"),
    _retired("detached-results", "3.1.2.5.1"),
    _retired("detached-interpretation", "3.1.2.6.1"),
    _retired("print-queue", "5.1.1.26"),
    _retired("overlay-box", "5.1.1.24.1"),
)  # fmt: skip

CLASSES: Mapping[str, NormalizedClass] = {row.name: row for row in _ROWS}
"""Every class by its name."""


# -- by whatever people call it ---------------------------------------------------------------------


def normalized_class(text: str) -> NormalizedClass:
    """Return the class that people call `text`: a short name, an alias, a keyword of PS3.6, or a UID.

    Case, blanks and underscores do not matter. A SOP class that is not in the table is one of its own, with
    all services and no named actions. UsageError for anything else.
    """
    word = _word(text)
    found = _words().get(word)
    if found is not None:
        return found
    try:
        uid = sop_class(text)
    except UsageError as error:
        hint = did_you_mean(word, _words()) or error.hint or "classes: " + ", ".join(CLASSES)
        raise UsageError(f"{text!r} is no SOP class of the N- services", hint=hint) from None
    return _by_uid().get(uid) or NormalizedClass(name_of(uid), uid)


def _word(text: str) -> str:
    return re.sub(r"[\s_]+", "-", text.strip().lower())


@cache
def _words() -> Mapping[str, NormalizedClass]:
    return {word: row for row in _ROWS for word in (row.name, *row.aliases)}


@cache
def _by_uid() -> Mapping[str, NormalizedClass]:
    """Return the classes by their UIDs; the SOP classes of unified procedure steps are their contexts."""
    found: dict[str, NormalizedClass] = {}
    for row in _ROWS:
        found.setdefault(row.abstract_syntax, row)
    return found


def action_type(sop_class: NormalizedClass, text: str) -> int:
    """Return the Action Type ID that is meant by a number or a name; UsageError lists the names."""
    return _number(sop_class, text, sop_class.actions, "action")


def event_type(sop_class: NormalizedClass, text: str) -> int:
    """Return the Event Type ID that is meant by a number or a name; UsageError lists the names."""
    return _number(sop_class, text, sop_class.events, "event")


def _number(sop_class: NormalizedClass, text: str, names: Mapping[str, int], what: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) and int(text) <= _MOST_NUMBER:
        return int(text)
    found = names.get(_word(text))
    if found is not None:
        return found
    hint = did_you_mean(_word(text), names) or (
        f"{what}s: " + ", ".join(_usual(names)) if names else f"it has no named {what}s: write a number"
    )
    raise UsageError(f"{text!r} is no {what} of {sop_class.name}", hint=hint)


def action_name(sop_class: NormalizedClass, number: int) -> str:
    """Return the name of an action, "" if it has none."""
    return _name(sop_class.actions, number)


def event_name(sop_class: NormalizedClass, number: int) -> str:
    """Return the name of an event, "" if it has none."""
    return _name(sop_class.events, number)


def _name(names: Mapping[str, int], number: int) -> str:
    return next((name for name, value in names.items() if value == number), "")


def _usual(names: Mapping[str, int]) -> Iterable[str]:
    return dict.fromkeys(_name(names, number) for number in names.values())


def instance_names(sop_class: NormalizedClass) -> tuple[str, ...]:
    """Return the names by which well-known instances of a class are called."""
    if sop_class.uid == UPS_PUSH:
        return ("global", "filtered")
    return (sop_class.name, *sop_class.aliases) if sop_class.instance else ()


def instance(sop_class: NormalizedClass, text: str, *, check: bool = True) -> str | None:
    """Return the instance that is meant: a UID as it is, a new one for "new", None for "-".

    A well-known instance is called as its class is, and "global" and "filtered" are the subscriptions to all
    unified procedure steps. UsageError for anything else; without `check`, digits and dots are a UID in
    whatever order.
    """
    word = _word(text)
    if word == "-":
        return None
    if word == "new":
        return new_uid()
    known = instance_names(sop_class)
    if word in known:
        return {"global": UPS_GLOBAL, "filtered": UPS_FILTERED}.get(word, sop_class.instance)
    uid = text.strip()
    looks_so = "." in uid and re.fullmatch(r"[0-9.]+", uid) is not None
    if looks_so and (is_valid_uid(uid) or not check):
        return uid
    if looks_so:
        hint = "a UID is up to 64 digits and dots without leading zeros; --no-check sends it as it is"
    else:
        hint = "write a UID" + (f", or {' or '.join(known[:2])}" if known else "")
    raise UsageError(f"{text!r:.80} is no instance of {sop_class.name}", hint=hint)


def new_uid() -> str:
    """Return a UID that nobody has used (PS3.5 B.2)."""
    return f"2.25.{uuid4().int}"
