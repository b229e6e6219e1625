"""The press: draws films one at a time, keeps each as a PNG and a PDF file, and remembers the job.

What was acknowledged is on the disk: the files under their names, and the job in the ledger. Names are made
here, of the moment and a number; nothing that a peer sent is part of them.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from dimsetools.archive.ledger import Entry, LedgerFailed
from dimsetools.archive.tree import Part, Tree, exists
from dimsetools.dataset.attributes import Attribute, Attributes, sorted_attributes
from dimsetools.dataset.normalized import CLASSES, new_uid
from dimsetools.film.sheet import Film
from dimsetools.scp.faults import PROCESSING_FAILURE, RESOURCE_LIMITATION
from dimsetools.scp.normalized import Asked, Done, Refusal
from dimsetools.scp.posts import Report
from dimsetools.scp.printing.boxes import content
from dimsetools.scp.printing.jobs import MOST_JOBS, FilmBox, Jobs, PrintJob, attribute, reference, tag, word
from dimsetools.scp.printing.printer import NAME

if TYPE_CHECKING:
    from dimsetools.archive.ledger import Ledger
    from dimsetools.scp.posts import Posts
    from dimsetools.scp.roles import Record

KIND = "film"
"""Of entries of the ledger: a job that was printed."""
_JOB = CLASSES["print-job"]
_PENDING, _PRINTING, _DONE = 1, 2, 3
_LABEL = tag("FilmSessionLabel")
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM))
_MEDIA = frozenset((errno.EIO, errno.EROFS, errno.ENXIO))


class Press:
    """Prints into a folder.

    `ledger` None remembers nothing. `durable`: what was printed survives a power loss. Raises what `Tree`
    does, and LibraryMissing without the libraries that draw.
    """

    def __init__(
        self,
        folder: str,
        ledger: Ledger | None,
        posts: Posts | None,
        log: Callable[[Record], None],
        *,
        durable: bool = True,
    ) -> None:
        from dimsetools.film.frames import need_libraries

        need_libraries()
        self._tree = Tree(folder, durable=durable)
        self._ledger = ledger
        self._posts = posts
        self._log = log
        self._durable = durable
        self._turn = threading.Lock()
        self._number = 0
        self._broken = False

    def close(self) -> None:
        """Let go of the folder."""
        self._tree.close()

    def printed(self, asked: Asked, jobs: Jobs, films: Sequence[FilmBox]) -> Done:
        """Print films as one job; Refusal if they cannot be kept, and then nothing of them is."""
        session = films[0].session
        job = PrintJob(new_uid(), _JOB.uid, _job(asked, session.attributes))
        names: list[list[str]] = []
        try:
            for film in films:
                drawing = _drawing(film)
                with self._turn:  # a film in the making takes some hundred megabytes
                    names.append(self._kept(drawing))
            if self._durable:
                self._tree.sync((), self._tree.descriptor)
            self._remember(asked, job, films, names)
        except Exception as error:
            self._remove(name for pair in names for name in pair)
            if isinstance(error, (OSError, MemoryError, LedgerFailed)):
                raise self._refusal(error) from error
            raise
        if jobs.count(PrintJob) < MOST_JOBS:
            jobs.add(job)
        self._tell(asked, job, films, names)
        return self._done(asked, job)

    def _kept(self, film: Film) -> list[str]:
        """Draw a film and keep it, when it is its turn; return the names of its files."""
        from dimsetools.film import files
        from dimsetools.film.sheet import draw

        if self._broken:
            raise OSError(errno.EIO, "the disk failed before")
        sheet = draw(film)
        compressed = files.lines(sheet)
        names: list[str] = []
        stem = self._stem()
        try:
            for name, pieces in (
                (f"{stem}.png", files.png(sheet, compressed)),
                (f"{stem}.pdf", files.pdf(sheet, compressed)),
            ):
                self._publish(name, pieces)
                names.append(name)
        except BaseException:
            self._remove(names)
            raise
        return names

    def _stem(self) -> str:
        """Return a name that no film here has yet."""
        while True:
            self._number += 1
            stem = f"{time.strftime('%Y%m%dT%H%M%S')}-{self._number:04}"
            if not any(exists(self._tree.descriptor, stem + ending) for ending in (".png", ".pdf")):
                return stem

    def _publish(self, name: str, pieces: Sequence[bytes]) -> None:
        """Write a file and give it its name."""
        part = self._tree.create_part()
        try:
            for piece in pieces:
                _write(part, piece)
            if self._durable:
                os.fsync(part.descriptor)
            if not self._tree.publish_if_free(part, self._tree.descriptor, name):
                raise FileExistsError(errno.EEXIST, "somebody else writes films there, too")
        except BaseException:
            self._tree.remove_part(part)
            raise

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                os.unlink(name, dir_fd=self._tree.descriptor)

    def _remember(
        self, asked: Asked, job: PrintJob, films: Sequence[FilmBox], names: Sequence[Sequence[str]]
    ) -> None:
        """Put the job into the ledger."""
        if self._ledger is None:
            return
        more = {
            "calling": asked.caller.calling_aet,
            "films": [
                {"files": [*files], "boxes": len(film.images), "images": _images(film)}
                for film, files in zip(films, names, strict=True)
            ],
            "copies": _copies(films[0]),
        }
        with self._ledger.change() as pages:
            pages.put(Entry(KIND, job.uid, "DONE", job.attributes, more))

    def _refusal(self, error: Exception) -> Refusal:
        """Return what an SCU is told of films that could not be kept."""
        if isinstance(error, MemoryError):
            return Refusal(RESOURCE_LIMITATION, "there is too little memory to draw the film")
        if isinstance(error, OSError):
            self._broken = self._broken or error.errno in _MEDIA
            if error.errno in _FULL:
                return Refusal(RESOURCE_LIMITATION, f"the film cannot be kept: {error.strerror}")
            return Refusal(PROCESSING_FAILURE, f"the film cannot be kept: {error.strerror}")
        return Refusal(PROCESSING_FAILURE, "the job cannot be remembered")

    def _tell(
        self, asked: Asked, job: PrintJob, films: Sequence[FilmBox], names: Sequence[Sequence[str]]
    ) -> None:
        """Log each film."""
        for film, files in zip(films, names, strict=True):
            self._log(
                {
                    "_event": "film-printed",
                    "_association": asked.caller.number,
                    "_calling": asked.caller.calling_aet,
                    "SOPInstanceUID": job.uid,
                    "_files": [*files],
                    "_boxes": len(film.images),
                    "_images": _images(film),
                    "_copies": _copies(film),
                }
            )

    def _done(self, asked: Asked, job: PrintJob) -> Done:
        """Return what is answered; a peer that knows print jobs is told of this one."""
        posts, number = self._posts, asked.caller.number
        contexts = _JOB.contexts_for("N-EVENT-REPORT")
        if posts is None or not any(posts.carries(number, context) for context in contexts):
            return Done()

        def report() -> None:
            for event, info in ((_PENDING, "QUEUED"), (_PRINTING, "NORMAL"), (_DONE, "NORMAL")):
                told = attribute("ExecutionStatusInfo", info) | attribute("PrinterName", NAME)
                if label := job.attributes.get(_LABEL):
                    told[_LABEL] = label
                note = Report(
                    asked.caller.calling_aet, job.sop_class, job.uid, event, sorted_attributes(told)
                )
                posts.offer(note, contexts, _ignore, association=number)

        items = (reference(job.sop_class, job.uid),)
        return Done({tag("ReferencedPrintJobSequence"): Attribute("SQ", items)}, then=report)


def _ignore(_status: int | None) -> None:
    """Take any answer to a report, or none: the job can be asked for, too."""


def _write(part: Part, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(part.descriptor, view) :]


def _drawing(film: FilmBox) -> Film:
    """Return what is to be drawn on a film."""
    attributes = film.attributes
    return Film(
        film.layout,
        {image.position: content(image) for image in film.images if image.frame is not None},
        {
            one.position: written
            for one in film.annotations
            if (written := word(one.attributes, "TextString"))
        },
        word(attributes, "BorderDensity"),
        word(attributes, "EmptyImageDensity"),
        word(attributes, "Trim") == "YES",
    )


def _images(film: FilmBox) -> int:
    return sum(image.frame is not None for image in film.images)


def _copies(film: FilmBox) -> int:
    return int(word(film.session.attributes, "NumberOfCopies"))


def _job(asked: Asked, session: Attributes) -> Attributes:
    """Return the attributes of a job that is done (PS3.3 table C.13-8)."""
    now = time.localtime()
    made = (
        attribute("ExecutionStatus", "DONE")
        | attribute("ExecutionStatusInfo", "NORMAL")
        | attribute("CreationDate", time.strftime("%Y%m%d", now))
        | attribute("CreationTime", time.strftime("%H%M%S", now))
        | attribute("PrintPriority", word(session, "PrintPriority"))
        | attribute("PrinterName", NAME)
        | attribute("Originator", asked.caller.calling_aet)
    )
    if label := word(session, "FilmSessionLabel"):
        made |= attribute("FilmSessionLabel", label)
    return sorted_attributes(made)
