"""The services of a node that prints: one for each SOP class of PS3.4 annex H that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.scp.printing.boxes import AnnotationBoxes, ImageBoxes
from dimsetools.scp.printing.films import FilmBoxes
from dimsetools.scp.printing.jobs import Associations
from dimsetools.scp.printing.luts import PresentationLuts
from dimsetools.scp.printing.printer import Configurations, Printers, PrintJobs
from dimsetools.scp.printing.sessions import FilmSessions

if TYPE_CHECKING:
    from dimsetools.scp.normalized import Service
    from dimsetools.scp.printing.press import Press


def printing(press: Press) -> list[Service]:
    """Return the services that print by `press`, which stays the caller's to close."""
    associations = Associations()
    return [
        FilmSessions(associations, press),
        FilmBoxes(associations, press),
        ImageBoxes(associations),
        AnnotationBoxes(associations),
        PresentationLuts(associations),
        Printers(),
        Configurations(),
        PrintJobs(associations),
    ]
