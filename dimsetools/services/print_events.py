"""What is printed and what becomes of it, as plain values: a job, and the events of its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.attributes import Attributes
from dimsetools.errors import DimseError
from dimsetools.services.examine import Remark
from dimsetools.services.print_requests import State

if TYPE_CHECKING:
    from dimsetools.association.values import Peer
    from dimsetools.film.frames import Frame
    from dimsetools.film.image_file import ImageFile


class Shot(NamedTuple):
    """A frame to print; `number` is counted from 1."""

    file: ImageFile
    number: int


class Job(NamedTuple):
    """What is printed and how.

    `session`, `film` and `box` are the attributes of each film session, film box and image box, without
    those that refer to others or hold pixels. `boxes` is how many images a film has, None if that is the
    printer's to say. `metas` are the Meta SOP classes to print in, the preferred first. `texts` gives the
    annotations of a film from its frames. `together`: all films are printed by one action on the session.
    Print jobs are followed for `wait` seconds, None for not at all.
    """

    session: Attributes
    film: Attributes
    box: Attributes
    boxes: int | None
    metas: tuple[str, ...]
    texts: Callable[[int, Sequence[Shot]], Sequence[str]] | None = None
    together: bool = False
    wait: float | None = None


class Ready(NamedTuple):
    """The association is open; what the printer tells of itself, or the `error` that it answered."""

    peer: Peer
    color: bool
    state: State
    attributes: Attributes | None
    error: DimseError | None


class Placed(NamedTuple):
    """What became of a frame: it is in its box if `status` is not None and `error` is.

    Without both it never was its turn. `film` is None for one that could not be rendered.
    """

    shot: Shot
    film: int | None
    position: int | None
    frame: Frame | None = None
    status: int | None = None
    seconds: float = 0.0
    comment: str = ""
    error: DimseError | None = None


class Filmed(NamedTuple):
    """What became of a film: it was printed, or is in the print queue, if `error` is None."""

    film: int
    frames: int
    boxes: int
    status: int | None
    seconds: float
    jobs: tuple[str, ...]
    comment: str
    error: DimseError | None


class Followed(NamedTuple):
    """News of a print job; an `error` is the end of it for us."""

    job: str
    films: tuple[int, ...]
    state: State
    error: DimseError | None = None


class NoImageBoxes(DimseError):
    """A film without anything to put an image into."""

    name = "no-image-boxes"


class JobFailed(DimseError):
    """The printer took a film, and could not print it."""

    name = "print-job-failed"


Event = Ready | Placed | Filmed | Followed | Remark
