"""Presentation LUT (PS3.4 H.4.9): how pixel values become grays, by a known shape or by a table."""

from __future__ import annotations

from array import array
from sys import byteorder

from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.normalized import CLASSES
from dimsetools.dataset.print_rules import LUT
from dimsetools.film.density import Table
from dimsetools.scp.faults import MISSING_ATTRIBUTE
from dimsetools.scp.normalized import Asked, Done, Refusal
from dimsetools.scp.printing.jobs import (
    META,
    MOST_TABLES,
    PresentationLut,
    PrintService,
    counting,
    done,
    invalid,
    tag,
    word,
)
from dimsetools.uids import EXPLICIT_BE

_SHAPE, _SEQUENCE = tag("PresentationLUTShape"), tag("PresentationLUTSequence")
_DESCRIPTOR, _DATA = tag("LUTDescriptor"), tag("LUTData")
_BITS = range(10, 17)


class PresentationLuts(PrintService):
    """Makes and forgets Presentation LUTs; what refers to one keeps what it was."""

    sop_classes = (CLASSES["presentation-lut"].uid,)
    contexts = META | {CLASSES["presentation-lut"].uid: b""}

    def create(self, asked: Asked) -> Done:
        """Make a Presentation LUT."""
        jobs = self._associations.of(asked)
        uid = jobs.free_uid(asked)
        sent = counting(asked, LUT)
        if (_SHAPE in sent) == (_SEQUENCE in sent):
            raise Refusal(MISSING_ATTRIBUTE, "one is needed, a shape or a sequence", (_SHAPE, _SEQUENCE))
        jobs.limit(PresentationLut, MOST_TABLES, "presentation LUTs")
        lut: str | Table = word(sent, "PresentationLUTShape")
        if not lut:
            lut = _table(sent[_SEQUENCE].values, big=asked.context.transfer_syntax == EXPLICIT_BE)
        jobs.add(PresentationLut(uid, asked.sop_class, {}, lut))  # what was sent takes twenty times as much
        return done(asked, LUT, sent, uid)

    def delete(self, asked: Asked) -> Done:
        """Delete a Presentation LUT."""
        jobs = self._associations.of(asked)
        jobs.remove(jobs.find(asked, PresentationLut))
        return Done()


def _table(items: tuple[Attributes, ...], *, big: bool) -> Table:
    """Return the table of a sequence (PS3.3 C.11.4); `big`: its words are big endian where they are bytes."""
    if len(items) != 1:
        raise invalid("PresentationLUTSequence", "it has one item")
    descriptor = items[0][_DESCRIPTOR].values
    if len(descriptor) != 3 or not all(isinstance(value, int) for value in descriptor):
        raise invalid("LUTDescriptor", "it has three numbers")
    count, first, bits = descriptor
    values = _words(items[0][_DATA], big=big)
    if first or bits not in _BITS or len(values) != (count or 0x10000) or len(values) < 2:
        raise invalid("LUTDescriptor", "a table has values from 0 on, of 10 to 16 bits, one an entry")
    return Table(values, bits)


def _words(data: Attribute, *, big: bool) -> array[int]:
    """Return 16-bit values, whether they came as such or as bytes."""
    if data.vr in ("US", "SS"):
        return array("H", (value & 0xFFFF for value in data.values))
    raw = data.values[0]
    if not isinstance(raw, bytes) or len(raw) % 2:
        raise invalid("LUTData", "it is no words")
    words = array("H", raw)
    if big != (byteorder == "big"):
        words.byteswap()
    return words
