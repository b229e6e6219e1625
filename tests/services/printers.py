"""A scripted printer: answers a whole print job as it is told to, and keeps what it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dimsetools.association.stop import Stop
from dimsetools.association.values import Target, Timeouts
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode
from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
from dimsetools.dataset.part10 import open_regular, read_meta
from dimsetools.film.frames import Looks, Reader
from dimsetools.film.image_file import look
from dimsetools.services.normalized import Manner
from dimsetools.services.print_events import Event, Job, Shot
from dimsetools.services.print_requests import keyed
from dimsetools.services.printing import Printing
from tests.association.ends import AMPLE
from tests.corpus import preamble_and_meta
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import HOST, scripted_server
from tests.services.normalizing import event, response

PRINTER, JOB = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.14"
ANNOTATION = "1.2.840.10008.5.1.1.15"
SESSION, FILM_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2"
IMAGE_BOX, COLOR_BOX = "1.2.840.10008.5.1.1.4", "1.2.840.10008.5.1.1.4.1"
SERVICES = {
    0x110: "N-GET", 0x120: "N-SET", 0x130: "N-ACTION", 0x140: "N-CREATE", 0x150: "N-DELETE",
}  # fmt: skip
NAMES = {SESSION: "session", FILM_BOX: "film", IMAGE_BOX: "image", COLOR_BOX: "image", ANNOTATION: "text"}

Odd = Callable[[Conversation, int], bytes | None]
"""What the printer does in place of its usual answer, which it sends if this is None; gets the message ID."""


class GoneError(Exception):
    """The printer has ended the association."""


class Sent(NamedTuple):
    """A request as it came: `what` is "N-SET image" and the like."""

    what: str
    instance: str
    attributes: Attributes


class ScriptedPrinter:
    """Answers `boxes` image boxes a film, `texts` annotation boxes, print jobs if `jobs`.

    `odd` has exceptions: by the name of a request, and its count ("N-SET image 2"), a status to answer it
    with, or something to do. `takes` are the abstract syntaxes that are accepted.
    """

    def __init__(
        self,
        boxes: int = 1,
        *,
        texts: int = 0,
        jobs: bool = False,
        odd: dict[str, int | Odd] | None = None,
        takes: Sequence[str] = (PRINT_GRAYSCALE, JOB, ANNOTATION),
        state: Sequence[str] = ("NORMAL",),
    ) -> None:
        self.boxes, self.texts, self.jobs, self.takes = boxes, texts, jobs, takes
        self.odd = odd or {}
        self.state = state
        self.sent: list[Sent] = []
        self.contexts: dict[str, int] = {}

    @property
    def said(self) -> list[str]:
        """The names of the requests that came."""
        return [one.what for one in self.sent]

    def of(self, what: str) -> list[Attributes]:
        """The data sets of the requests of that name."""
        return [one.attributes for one in self.sent if one.what == what]

    def serve(self, talk: Conversation) -> None:
        """Step: be a printer until the other side releases the association."""
        self._accept(talk)
        with suppress(GoneError):
            while (pdu := talk.read_pdu()).kind != wire.RELEASE_RQ:
                self._answer(talk, pdu.kind, pdu.body)
            talk.send(wire.release_rp())
            talk.wait_closed()

    def _accept(self, talk: Conversation) -> None:
        contexts = wire.parse_contexts(talk.expect(wire.ASSOCIATE_RQ).body)
        results = []
        for context in contexts:
            taken = context.abstract_syntax in self.takes
            self.contexts[context.abstract_syntax] = context.id
            results.append(wire.Result(context.id, 0 if taken else 3, wire.EXPLICIT_LE))
        talk.send(wire.associate_ac(results, max_pdu=1 << 20))

    def _answer(self, talk: Conversation, kind: int, body: bytes) -> None:
        """Take the message that begins with this PDU, and answer it."""
        assert kind == wire.P_DATA
        message = read_on(talk, body)
        field, number = message.number(0x100), message.message_id
        if field == 0x8100:
            return
        named = (message.command.get(2) or message.command[3]).rstrip(b"\0").decode()
        instance = (message.command.get(0x1000) or message.command.get(0x1001, b"")).rstrip(b"\0").decode()
        what = f"{SERVICES[field]} {NAMES.get(named, 'printer' if named == PRINTER else 'job')}"
        self.sent.append(Sent(what, instance, decode(message.data, wire.EXPLICIT_LE)))
        count = self.said.count(what)
        odd = self.odd.get(f"{what} {count}", self.odd.get(what))
        data, status = self._content(what, count), 0
        if isinstance(odd, int):
            status = odd
            data = data if 0xB000 <= odd < 0xC000 else None
        elif odd is not None:
            made = odd(talk, number)
            if made is not None:
                if made:
                    talk.send(made)
                return
        talk.send(
            response(
                field | 0x8000,
                status,
                data=None if data is None else encode(data, wire.EXPLICIT_LE),
                number=number,
                context=message.context,
                sop_class=named,
                instance=instance,
            )
        )

    def _content(self, what: str, count: int) -> Attributes | None:
        if what == "N-GET printer":
            status, *info = self.state
            return keyed(
                PrinterStatus=(status,), PrinterStatusInfo=info, PrinterName=("Paper",), Manufacturer=("Us",)
            )
        if what == "N-CREATE film":
            found = _referring("ReferencedImageBoxSequence", IMAGE_BOX, count, self.boxes)
            return found | _referring("ReferencedBasicAnnotationBoxSequence", ANNOTATION, count, self.texts)
        if what.startswith("N-ACTION") and self.jobs:
            return _referring("ReferencedPrintJobSequence", JOB, count, 1)
        return None

    def report(self, talk: Conversation, number: int, job: str = "1.2.14.1.1", info: str = "") -> None:
        """Report an event of a print job."""
        data = encode(
            keyed(ExecutionStatusInfo=(info,) if info else (), PrinterName=("Paper",)), wire.EXPLICIT_LE
        )
        talk.send(
            event(number, data, sop_class=JOB, instance=job, context=self.contexts[JOB], message_id=number)
        )


def abort(talk: Conversation, _number: int) -> bytes:
    """Abort in place of an answer."""
    talk.send(wire.abort())
    talk.wait_closed()
    raise GoneError


def hang_up(talk: Conversation, _number: int) -> bytes:
    """End the connection in place of an answer."""
    talk.close()
    raise GoneError


def _referring(keyword: str, to: str, film: int, count: int) -> Attributes:
    if not count:
        return {}
    last = to.rpartition("5.1.1.")[2]
    items = [
        keyed(ReferencedSOPClassUID=(to,), ReferencedSOPInstanceUID=(f"1.2.{last}.{film}.{number}",))
        for number in range(1, count + 1)
    ]
    return keyed(**{keyword: items})


class _Message(NamedTuple):
    context: int
    command: dict[int, bytes]
    data: bytes

    def number(self, element_number: int) -> int:
        return int.from_bytes(self.command[element_number], "little")

    @property
    def message_id(self) -> int:
        return self.number(0x110) if 0x110 in self.command else self.number(0x120)


def read_on(talk: Conversation, body: bytes) -> _Message:
    """The message that begins with a PDU which was read already."""
    parts, ended, context = {True: b"", False: b""}, {True: False, False: False}, 0
    while True:
        while body:
            length = int.from_bytes(body[:4])
            context, flags = body[4], body[5]
            command = bool(flags & 1)
            parts[command] += body[6 : 4 + length]
            ended[command] = bool(flags & 2)
            body = body[4 + length :]
        if ended[True]:
            found = wire.parse_command(parts[True])
            if ended[False] or found[0x800] == wire.NO_DATA_SET.to_bytes(2, "little"):
                return _Message(context, found, parts[False])
        body = talk.expect(wire.P_DATA).body


# -- images -----------------------------------------------------------------------------------------


def image_file(path: Path, value: int, *, frames: int = 1, color: bool = False, **more: str) -> Path:
    """A file of 2 x 3 pixels; those of the first frame have `value`, the next one more, and so on."""
    samples = 3 if color else 1
    pixels = b"".join(bytes([value + frame]) * 6 * samples for frame in range(frames))
    told = keyed(
        SOPClassUID=("1.2.840.10008.5.1.4.1.1.7",),
        SOPInstanceUID=(f"1.2.{value}",),
        SamplesPerPixel=(samples,),
        PhotometricInterpretation=("RGB" if color else "MONOCHROME2",),
        PlanarConfiguration=(0,) if color else (),
        NumberOfFrames=(str(frames),),
        Rows=(2,),
        Columns=(3,),
        BitsAllocated=(8,),
        BitsStored=(8,),
        HighBit=(7,),
        PixelRepresentation=(0,),
        **{keyword: (value,) for keyword, value in more.items()},
    )
    told[0x7FE00010] = Attribute("OB", (pixels,))
    meta = preamble_and_meta("1.2.840.10008.5.1.4.1.1.7", f"1.2.{value}", wire.EXPLICIT_LE)
    path.write_bytes(meta + encode(told, wire.EXPLICIT_LE))
    return path


def shots(*paths: Path) -> list[Shot]:
    """All frames of files."""
    found = []
    for path in paths:
        fd, status = open_regular(path)
        with open(fd, "rb"):
            meta = read_meta(fd, status.st_size)
        file = look(str(path), meta, frozenset([0x00100010]))
        found += [Shot(file, number) for number in range(1, file.frames + 1)]
    return found


def pixels_of(image: Attributes) -> list[int]:
    """The pixel values of an image sequence's item."""
    return list(image[0x7FE00010].values[0])


def job(boxes: int | None = 1, **more: object) -> Job:
    """A job with nothing but a display format."""
    film = keyed(ImageDisplayFormat=(f"STANDARD\\1,{boxes or 1}",))
    return Job({}, film, {}, boxes, (PRINT_GRAYSCALE, PRINT_COLOR))._replace(**more)  # type: ignore[arg-type]


@contextmanager
def printing(
    printer: ScriptedPrinter, wanted: Job, *, timeouts: Timeouts = AMPLE, stop: Stop | None = None
) -> Iterator[Printing]:
    """A job to be printed by a scripted printer."""
    with scripted_server([printer.serve]) as peer:
        target = Target(HOST, peer.port, timeouts=timeouts)
        yield Printing(target, Manner(), wanted, Reader(Looks()), stop=stop)


def run(printer: ScriptedPrinter, wanted: Job, on_it: Sequence[Shot]) -> list[Event]:
    """All events of a job."""
    with printing(printer, wanted) as to:
        return list(to.run(on_it))
