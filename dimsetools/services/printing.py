"""Print jobs (PS3.4 annex H): frames onto films, film after film, over one association.

A film is printed only with all the images that belong on it: where the printer does not take one of them,
the film is deleted, and the next one tried. Nothing is sent twice. Where the association ends, what was not
printed by then stays unprinted; of the film that was about to be, nobody knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from dimsetools.errors import (
    DimseError,
    InputError,
    Interrupted,
    LimitReached,
    NoContext,
    ProtocolError,
    StatusFailure,
)
from dimsetools.services import print_requests as says
from dimsetools.services.examine import Remark
from dimsetools.services.normalized import Line, Manner
from dimsetools.services.print_events import (
    Event,
    Filmed,
    Job,
    NoImageBoxes,
    Placed,
    Ready,
    Shot,
)
from dimsetools.services.print_jobs import Following
from dimsetools.uids import EXPLICIT_BE

if TYPE_CHECKING:
    from dimsetools.association.stop import Stop
    from dimsetools.association.trace import Tracer
    from dimsetools.association.values import Target
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.film.frames import Frame, Reader
    from dimsetools.services.normalized import Reply, Wanted
    from dimsetools.services.print_requests import Reference


_ATTRIBUTE_FAULTS = (0x0105, 0x0106)
"""No such attribute; invalid attribute value (PS3.7 C.5)."""


_LONGEST_TEXT = 64
"""Characters of an annotation (PS3.5 6.2, LO)."""


_TOO_LARGE = (0x0213, 0xC603, 0xC605, 0xC613)
"""Resource limitation; an image is larger than its box; the printer lacks memory; a combined image is larger
than its box (PS3.7 C.5, PS3.4 H.4.3.1.2.1)."""


def _way_out(status: int, frame: Frame) -> str:
    """Return what to try with an image that a printer has refused with `status`, "" for what that says."""
    if status in _TOO_LARGE:
        return "scale images down: --max-pixels"
    if status in _ATTRIBUTE_FAULTS and frame.bits > 8:
        return "the printer may take no more than 8 bits: --bits 8"
    return ""


class _Film:
    """A film on its way; `status` is the first warning that it met, or that of its printing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.instance = ""
        self.boxes: list[Reference] = []
        self.shots: list[Shot] = []
        self.status: int | None = None
        self.comment = ""
        self.seconds = 0.0
        self.jobs: tuple[str, ...] = ()

    def note(self, reply: Reply) -> None:
        """Keep what an answer about the film as a whole says."""
        self.seconds += reply.seconds
        if not self.status:
            self.status, self.comment = reply.status, reply.comment

    def end(self, error: DimseError | None) -> Filmed:
        """Return what became of it."""
        status, comment = (self.status, self.comment) if error is None else (None, "")
        if isinstance(error, StatusFailure):
            status, comment = error.status, error.comment
        frames, boxes = len(self.shots), len(self.boxes)
        return Filmed(self.number, frames, boxes, status, self.seconds, self.jobs, comment, error)


class Printing:
    """Prints frames on `target`; the events of the job come from `run`, once.

    `error` is afterwards what ended the job before all films had their turn, None if they had it.
    """

    def __init__(
        self,
        target: Target,
        manner: Manner,
        job: Job,
        reader: Reader,
        *,
        stop: Stop | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.error: DimseError | None = None
        self._job = job
        self._reader = reader
        self._stop = stop
        self._following = Following(self._remark)
        contexts = [*job.metas, says.JOB.uid, *([says.ANNOTATION.uid] if job.texts else [])]
        self._line = Line(target, manner, contexts, heard=self._following.heard, stop=stop, tracer=tracer)
        self._speaker = says.Speaker(job.metas[0])
        self._session = ""
        self._printed = False
        self._left: deque[Shot] = deque()
        self._next: tuple[Shot, Frame] | None = None
        self._remarks: deque[Remark] = deque()
        self._remarked: set[str] = set()

    def run(self, shots: Sequence[Shot]) -> Generator[Event, None, None]:
        """Print `shots`; each comes back as one Placed, and each film as one Filmed.

        Raises what keeps the association from being opened, and NoContext if the peer is no printer.
        """
        self._left.extend(shots)
        with self._line:
            yield self._ready()
            try:
                session = self._job.session
                self._session = self._created(self._speaker.session(session), session).sop_instance
                yield from self._films()
                wait = self._job.wait if self._printed else None
                yield from self._following.follow(self._line, self._asked, wait)
            except DimseError as error:
                self.error = error
            yield from self._said()
            self._forget(self._session and self._speaker.delete_session(self._session))
            yield from self._unsent(None, len(self._left) + 1)
            with suppress(DimseError):
                self._remarks.extend(Remark("", text) for text in self._line.close())
            yield from self._said()

    # -- the printer --------------------------------------------------------------------------------

    def _ready(self) -> Ready:
        """Choose among what the peer takes, and ask how it is."""
        association = self._line.open()
        accepted = [meta for meta in self._job.metas if association.context_for(meta) is not None]
        try:
            self._speaker = says.Speaker(accepted[0] if accepted else self._job.metas[0])
            reply = self._line.ask(self._speaker.printer())
        except NoContext:
            self._line.close()
            raise
        state = says.printer_state(reply.attributes)
        return Ready(association.peer, self._speaker.color, state, reply.attributes, reply.error)

    def _asked(self, wanted: Wanted) -> Reply:
        """Return a reply that is no failure; raise what it failed with."""
        if self._stop is not None and self._stop.requested:
            raise self._stop.error()
        reply = self._line.ask(wanted)
        if isinstance(reply.error, StatusFailure):
            raise reply.error
        if reply.error is not None:
            raise ProtocolError(f"an answer of the printer does not decode: {reply.error.message}")
        for text in reply.remarks:
            self._remark(text)
        return reply

    def _created(self, wanted: Wanted, attributes: Attributes) -> Reply:
        """Create something; where an attribute is at fault, the hint names all that were sent."""
        try:
            return self._asked(wanted)
        except StatusFailure as error:
            if error.status in _ATTRIBUTE_FAULTS and attributes:
                error.hint = f"change or leave out what the printer lacks of {says.named(attributes)}"
            raise

    def _forget(self, wanted: Wanted | str) -> None:
        """Delete an instance as far as that is possible; that it could not be is remarked."""
        if isinstance(wanted, str) or not self._line.is_open:
            return
        try:
            reply = self._line.ask(wanted)
        except DimseError as error:
            self._remark(f"the printer did not answer the {wanted.request.service}: {error.message}")
            return
        if isinstance(reply.error, StatusFailure):
            self._remark(f"the printer answered the N-DELETE: {reply.status:04X} {reply.error.message}")

    def _remark(self, text: str) -> None:
        """Have something said, once."""
        if text not in self._remarked:
            self._remarked.add(text)
            self._remarks.append(Remark("", text))

    def _said(self) -> Iterator[Remark]:
        while self._remarks:
            yield self._remarks.popleft()

    # -- films --------------------------------------------------------------------------------------

    def _films(self) -> Iterator[Event]:
        """Make films, one after the other, until all frames had their turn or hope is gone."""
        filled: list[_Film] = []
        number = 0
        yield from self._render()
        while self._next is not None:
            number += 1
            film = _Film(number)
            error = None
            try:
                yield from self._fill(film)
                if not self._job.together:
                    self._print(film, self._speaker.print_film(film.instance))
            except DimseError as failure:
                error = failure
            yield from self._said()
            if error is not None:
                yield from self._unsent(film, max(len(film.boxes), self._job.boxes or 1) - len(film.shots))
            if error is not None or not self._job.together:
                self._forget(film.instance and self._speaker.delete_film(film.instance))
                yield film.end(error)
            else:
                filled.append(film)
            yield from self._said()
            if error is not None and self._is_over(error):
                yield from (film.end(error) for film in filled)
                raise error
            yield from self._render()
        if filled:
            yield from self._print_all(filled)

    def _is_over(self, error: DimseError) -> bool:
        return isinstance(error, Interrupted) or not self._line.is_open

    def _print(self, film: _Film, wanted: Wanted) -> None:
        """Print, and remember the job that it began."""
        reply = self._acted(wanted)
        self._printed = True
        film.note(reply)
        film.jobs = tuple(says.print_jobs(reply))
        for job in film.jobs:
            self._following.began(job, film.number)

    def _acted(self, wanted: Wanted) -> Reply:
        """Ask to print; where no answer comes, the error says what that means."""
        try:
            return self._asked(wanted)
        except (StatusFailure, Interrupted, LimitReached):
            raise
        except DimseError as error:
            error.hint = "it may be printed all the same: look at the printer before you print again"
            raise

    def _print_all(self, films: Sequence[_Film]) -> Iterator[Filmed]:
        """Print the session; its one answer is that to each film."""
        try:
            reply = self._acted(self._speaker.print_session(self._session))
        except DimseError as error:
            yield from (film.end(error) for film in films)
            if self._is_over(error):
                raise
            return
        self._printed = True
        jobs = tuple(says.print_jobs(reply))
        for job in jobs:
            self._following.began(job, *(film.number for film in films))
        for film in films:
            film.note(reply)
            film.jobs = jobs
            yield film.end(None)

    def _fill(self, film: _Film) -> Iterator[Event]:
        """Create a film and give its boxes their images, in the order in which the printer names them."""
        attributes = self._job.film
        if self._line.open().context_for(says.ANNOTATION.uid) is None:
            if self._job.texts is not None:
                self._remark("the printer takes no annotations: the films have none")
            attributes = says.without_annotations(attributes)
        created = self._created(self._speaker.film_box(self._session, attributes), attributes)
        film.note(created)
        film.instance = created.sop_instance
        film.boxes = says.image_boxes(created)
        if not film.boxes:
            raise NoImageBoxes(
                "the printer has created a film, but names no image box of it",
                hint="its answer lacks the Referenced Image Box Sequence: try another --film",
            )
        if self._job.boxes not in (None, len(film.boxes)):
            what = "image box" if len(film.boxes) == 1 else "image boxes"
            self._remark(f"the printer gives a film {len(film.boxes)} {what}, not {self._job.boxes}")
        for position, box in enumerate(film.boxes, 1):
            yield from self._render()
            if self._next is None:
                break
            (shot, frame), self._next = self._next, None
            film.shots.append(shot)
            placed = self._placed(film, position, box, shot, frame)
            yield placed
            if placed.error is not None:
                raise placed.error
        self._annotate(film, says.annotation_boxes(created))

    def _placed(self, film: _Film, position: int, box: Reference, shot: Shot, frame: Frame) -> Placed:
        """Put one image into its box."""
        syntax = self._line.context(self._speaker.printer()).transfer_syntax
        wanted = self._speaker.image_box(
            box, position, frame, self._job.box, big_endian=syntax == EXPLICIT_BE
        )
        placed = Placed(shot, film.number, position, frame)
        try:
            reply = self._asked(wanted)
        except DimseError as error:
            if isinstance(error, StatusFailure):
                placed = placed._replace(status=error.status, comment=error.comment)
                error.hint = _way_out(error.status, frame)
            return placed._replace(error=error)
        return placed._replace(status=reply.status, seconds=reply.seconds, comment=reply.comment)

    def _annotate(self, film: _Film, boxes: Sequence[Reference]) -> None:
        """Give a film its texts, where the printer has a place for them."""
        if self._job.texts is None or self._line.open().context_for(says.ANNOTATION.uid) is None:
            return
        texts = self._job.texts(film.number, film.shots)
        if any(len(words) > _LONGEST_TEXT for words in texts):
            self._remark(f"texts are cut after {_LONGEST_TEXT} characters")
        if len(boxes) < len(texts):
            self._remark(
                f"the printer has {len(boxes)} annotation boxes for {len(texts)} texts: "
                "its conformance statement names the formats for --annotation-format"
            )
        for position, (box, words) in enumerate(zip(boxes, texts, strict=False), 1):
            self._asked(self._speaker.annotation(box, position, words[:_LONGEST_TEXT]))

    # -- frames -------------------------------------------------------------------------------------

    def _render(self) -> Iterator[Placed]:
        """See that a frame is ready, if there is any; return those that cannot be rendered."""
        while self._next is None and self._left:
            shot = self._left.popleft()
            try:
                frame = self._reader.frame(shot.file, shot.number, color=self._speaker.color)
            except InputError as error:
                yield Placed(shot, None, None, error=error)
            else:
                self._next = shot, frame

    def _unsent(self, film: _Film | None, count: int) -> Iterator[Placed]:
        """Give up the next `count` frames."""
        number = None if film is None else film.number
        if self._next is not None and count > 0:
            self._left.appendleft(self._next[0])
            self._next = None
        for _ in range(min(count, len(self._left))):
            yield Placed(self._left.popleft(), number, None)
