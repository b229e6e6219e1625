"""What print SCUs have made on their associations: sessions, films, boxes, tables (PS3.4 H.2).

All of it is gone when the association is. The thread of an association alone works with its `Jobs`; only
the memory that pixels take is counted together.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, TypeVar

from dimsetools.dataset.attributes import Attribute, Attributes, text
from dimsetools.dataset.dictionary import keyword_of, tag_of, vr_of
from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE, new_uid
from dimsetools.dataset.print_rules import unknown
from dimsetools.dataset.requirements import fault
from dimsetools.scp.faults import (
    ATTRIBUTE_LIST_ERROR,
    CLASS_INSTANCE_CONFLICT,
    DUPLICATE_SOP_INSTANCE,
    INVALID_ATTRIBUTE_VALUE,
    NO_SUCH_SOP_INSTANCE,
    RESOURCE_LIMITATION,
)
from dimsetools.scp.normalized import Asked, Done, Refusal, Service

if TYPE_CHECKING:
    from dimsetools.dataset.requirements import Rule
    from dimsetools.film.density import Table
    from dimsetools.film.frames import Frame
    from dimsetools.film.layout import Layout

MOST_SESSIONS = 4
"""Film sessions of an association: an SCU has one for each meta class."""
MOST_FILMS = 64
MOST_TABLES = 64
MOST_JOBS = 1000
"""Print jobs of an association that can be asked for; more are printed all the same."""
HELD_BY_ONE = 256 * 1024 * 1024
"""Bytes of pixels that one association may leave here."""
HELD_BY_ALL = 1024 * 1024 * 1024
INSUFFICIENT_MEMORY = 0xC605


def tag(keyword: str) -> int:
    """Return the tag of a keyword that exists."""
    found = tag_of(keyword)
    assert found is not None, keyword
    return found


def attribute(keyword: str, *values: object) -> dict[int, Attribute]:
    """Return a data set of one attribute."""
    number = tag(keyword)
    return {number: Attribute(vr_of(number), values)}


def reference(sop_class: str, sop_instance: str) -> Attributes:
    """Return the item of a sequence that refers to an instance."""
    return attribute("ReferencedSOPClassUID", sop_class) | attribute("ReferencedSOPInstanceUID", sop_instance)


def referred(attributes: Attributes, keyword: str) -> str:
    """Return the instance that the one item of a sequence refers to, "" if it has none."""
    items = attributes.get(tag(keyword), Attribute("SQ")).values
    return text(items[0], tag("ReferencedSOPInstanceUID")) if items else ""


def word(attributes: Attributes, keyword: str, otherwise: str = "") -> str:
    """Return the value of an attribute, or what is usual."""
    return text(attributes, tag(keyword)).strip() or otherwise


def number(attributes: Attributes, keyword: str, otherwise: float = 0) -> float:
    """Return the number that an attribute is, or what is usual; Refusal if it is none."""
    written = word(attributes, keyword)
    try:
        found = float(written) if written else float(otherwise)
    except ValueError:
        found = inf
    if not isfinite(found):
        raise invalid(keyword, "it is no number")
    return found


@dataclass
class Instance:
    """Whatever an SCU can name."""

    uid: str
    sop_class: str
    attributes: Attributes = field(repr=False)


@dataclass
class PresentationLut(Instance):
    """A Presentation LUT: a shape or a table."""

    lut: str | Table


@dataclass
class ImageBox(Instance):
    """An image box; without a frame it is empty."""

    position: int
    film: FilmBox = field(repr=False)
    frame: Frame | None = field(default=None, repr=False)
    inverse: bool = False
    lut: str | Table | None = field(default=None, repr=False)


@dataclass
class AnnotationBox(Instance):
    """An annotation box."""

    position: int


@dataclass
class FilmBox(Instance):
    """A film and its boxes; `lut` is what counts for images that have none of their own."""

    session: Session = field(repr=False)
    layout: Layout = field(repr=False)
    lut: str | Table = field(default="IDENTITY", repr=False)
    images: list[ImageBox] = field(default_factory=list, repr=False)
    annotations: list[AnnotationBox] = field(default_factory=list, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether no image box has an image."""
        return all(image.frame is None for image in self.images)


@dataclass
class Session(Instance):
    """A film session and its films, in the order of their creation."""

    films: list[FilmBox] = field(default_factory=list, repr=False)


@dataclass
class PrintJob(Instance):
    """What was printed at once."""


Kind = TypeVar("Kind", bound=Instance)

META = MappingProxyType(dict.fromkeys((PRINT_GRAYSCALE, PRINT_COLOR), b""))
"""The meta classes, under which sessions, films and image boxes are negotiated."""


class Jobs:
    """What there is on one association."""

    def __init__(self, memory: Memory) -> None:
        self._instances: dict[str, Instance] = {}
        self._memory = memory
        self._held = 0

    def find(self, asked: Asked, kind: type[Kind]) -> Kind:
        """Return the instance that a request is about; Refusal if there is none of that class."""
        found = self._instances.get(asked.uid)
        if found is None:
            raise Refusal(NO_SUCH_SOP_INSTANCE, "there is no such instance on this association")
        if not isinstance(found, kind) or found.sop_class != asked.sop_class:
            raise Refusal(CLASS_INSTANCE_CONFLICT, "the instance is of another SOP class")
        return found

    def named(self, attributes: Attributes, keyword: str, kind: type[Kind]) -> Kind | None:
        """Return the instance that a sequence refers to, None if it is not there; else Refusal."""
        uid = referred(attributes, keyword)
        if not uid:
            return None
        found = self._instances.get(uid)
        if not isinstance(found, kind):
            raise invalid(keyword, "there is no such instance on this association")
        return found

    def free_uid(self, asked: Asked) -> str:
        """Return the UID for an instance to be created; Refusal if it is taken."""
        if asked.sop_instance is None:
            return new_uid()
        if asked.sop_instance in self._instances:
            raise Refusal(DUPLICATE_SOP_INSTANCE, "this association has an instance of that UID")
        return asked.sop_instance

    def count(self, kind: type[Instance]) -> int:
        """Return how many instances of a kind there are."""
        return sum(isinstance(one, kind) for one in self._instances.values())

    def limit(self, kind: type[Instance], most: int, what: str) -> None:
        """Refuse one more than `most` of a kind."""
        if self.count(kind) >= most:
            raise Refusal(RESOURCE_LIMITATION, f"an association has at most {most} {what}")

    def add(self, *instances: Instance) -> None:
        """Take what was created."""
        self._instances |= {one.uid: one for one in instances}

    def remove(self, *instances: Instance) -> None:
        """Forget instances, with all that is below them."""
        for one in instances:
            self._instances.pop(one.uid, None)
            if isinstance(one, Session):
                self.remove(*one.films)
            elif isinstance(one, FilmBox):
                self.remove(*one.images, *one.annotations)
            elif isinstance(one, ImageBox):
                self.replace(one, None)

    def replace(self, image: ImageBox, frame: Frame | None) -> None:
        """Put a frame into an image box, in place of the one that it had; Refusal if memory is short."""
        more = _size(frame) - _size(image.frame)
        if self._held + more > HELD_BY_ONE:
            raise Refusal(INSUFFICIENT_MEMORY, "the images of this association take too much memory")
        self._memory.take(more)
        self._held += more
        image.frame = frame

    def clear(self) -> None:
        """Forget everything."""
        self._memory.take(-self._held)
        self._held = 0
        for one in self._instances.values():
            if isinstance(one, ImageBox):
                one.frame = None  # boxes and films hang in circles, which the pixels need not wait for
        self._instances.clear()


def _size(frame: Frame | None) -> int:
    return 0 if frame is None else len(frame.pixels)


class Memory:
    """The bytes that pixels take on all associations together."""

    def __init__(self) -> None:
        self.held = 0
        self._lock = threading.Lock()

    def take(self, more: int) -> None:
        """Count some more, or less; Refusal if it is too much."""
        with self._lock:
            if more > 0 and self.held + more > HELD_BY_ALL:
                raise Refusal(INSUFFICIENT_MEMORY, "the images of all associations take too much memory")
            self.held += more


class Associations:
    """The jobs of each association, by its number in the log."""

    def __init__(self) -> None:
        self.memory = Memory()
        self._jobs: dict[int, Jobs] = {}
        self._lock = threading.Lock()

    def of(self, asked: Asked) -> Jobs:
        """Return the jobs of the association that asks."""
        with self._lock:
            return self._jobs.setdefault(asked.caller.number, Jobs(self.memory))

    def left(self, number: int) -> None:
        """Forget the jobs of an association that has ended."""
        with self._lock:
            jobs = self._jobs.pop(number, None)
        if jobs is not None:
            jobs.clear()


def counting(asked: Asked, rules: tuple[Rule, ...]) -> Attributes:
    """Return what of a data set its table knows and has a value; Refusal if it breaks the table."""
    found = fault(asked.attributes, rules)
    if found is not None:
        raise Refusal.of(found)
    ignored = frozenset(unknown(asked.attributes, rules))
    return {one: value for one, value in asked.attributes.items() if one not in ignored and value.values}


def done(
    asked: Asked, rules: tuple[Rule, ...], attributes: Attributes | None, uid: str | None = None
) -> Done:
    """Return success, or the warning that the data set has attributes which its table does not know."""
    ignored = unknown(asked.attributes, rules)
    if not ignored:
        return Done(attributes, uid)
    names = ", ".join(keyword_of(one) or f"({one >> 16:04X},{one & 0xFFFF:04X})" for one in ignored)
    return Done(attributes, uid, ATTRIBUTE_LIST_ERROR, f"left out of account: {names}", ignored)


def invalid(keyword: str, comment: str) -> Refusal:
    """Return the refusal of a value."""
    return Refusal(INVALID_ATTRIBUTE_VALUE, f"{keyword}: {comment}", (tag(keyword),))


class PrintService(Service):
    """The SCP of a class whose instances belong to an association, and end with it."""

    contexts: ClassVar[Mapping[str, bytes]] = META

    def __init__(self, associations: Associations) -> None:
        self._associations = associations
