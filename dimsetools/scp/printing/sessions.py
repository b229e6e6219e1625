"""Basic Film Session (PS3.4 H.4.1): the frame of what is printed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.attributes import Attributes
from dimsetools.dataset.normalized import CLASSES
from dimsetools.dataset.print_rules import SESSION
from dimsetools.scp.faults import NO_SUCH_ACTION
from dimsetools.scp.normalized import Asked, Done, Refusal
from dimsetools.scp.printing.jobs import (
    MOST_SESSIONS,
    Associations,
    PrintService,
    Session,
    attribute,
    counting,
    done,
    invalid,
    number,
)

if TYPE_CHECKING:
    from dimsetools.scp.printing.press import Press

PRINT = 1
"""The only action type."""
MOST_COPIES = 999
MEMORY_NOT_ALLOCATED = 0xB600
EMPTY_PAGE = 0xB602
NO_FILM_BOX = 0xC600
USUAL = (
    attribute("NumberOfCopies", "1")
    | attribute("PrintPriority", "MED")
    | attribute("MediumType", "CLEAR FILM")
    | attribute("FilmDestination", "PROCESSOR")
)


class FilmSessions(PrintService):
    """Makes film sessions, and prints all films of one."""

    sop_classes = (CLASSES["film-session"].uid,)

    def __init__(self, associations: Associations, press: Press) -> None:
        super().__init__(associations)
        self._press = press

    def create(self, asked: Asked) -> Done:
        """Begin a session; of the memory that it may ask for, none is set aside."""
        jobs = self._associations.of(asked)
        uid = jobs.free_uid(asked)
        sent = _checked(asked)
        jobs.limit(Session, MOST_SESSIONS, "film sessions")
        session = Session(uid, asked.sop_class, USUAL | sent)
        jobs.add(session)
        return _without_memory(done(asked, SESSION, session.attributes, uid), sent)

    def set(self, asked: Asked) -> Done:
        """Change what counts for all films of a session."""
        session = self._associations.of(asked).find(asked, Session)
        sent = _checked(asked)
        session.attributes |= sent
        return _without_memory(done(asked, SESSION, sent), sent)

    def action(self, asked: Asked) -> Done:
        """Print the films that have images."""
        jobs = self._associations.of(asked)
        session = jobs.find(asked, Session)
        if asked.number != PRINT:
            raise Refusal(NO_SUCH_ACTION, "a film session can be printed (action 1) only")
        if not session.films:
            raise Refusal(NO_FILM_BOX, "the film session has no film box")
        films = [film for film in session.films if not film.is_empty]
        if not films:
            return Done(status=EMPTY_PAGE, comment="no film has an image, nothing is printed")
        printed = self._press.printed(asked, jobs, films)
        empty = len(session.films) - len(films)
        if not empty:
            return printed
        return printed._replace(status=EMPTY_PAGE, comment=f"not printed, for want of an image: {empty}")

    def delete(self, asked: Asked) -> Done:
        """Delete a session and everything in it."""
        jobs = self._associations.of(asked)
        jobs.remove(jobs.find(asked, Session))
        return Done()

    def left(self, number: int) -> None:
        """Forget everything of an association that has ended."""
        self._associations.left(number)

    def close(self) -> None:
        """Let go of the folder for films."""
        self._press.close()


def _without_memory(answer: Done, sent: Attributes) -> Done:
    """Return an answer that says 0 for the memory which was asked for, with a warning."""
    if not number(sent, "MemoryAllocation"):
        return answer
    told = (answer.attributes or {}) | attribute("MemoryAllocation", "0")
    return answer._replace(attributes=told, status=MEMORY_NOT_ALLOCATED, comment="no memory is set aside")


def _checked(asked: Asked) -> Attributes:
    """Return what of a request counts for a session."""
    sent = counting(asked, SESSION)
    if not 1 <= number(sent, "NumberOfCopies", 1) <= MOST_COPIES:
        raise invalid("NumberOfCopies", f"1 to {MOST_COPIES} copies can be had")
    return sent
