"""The services of a node that remember: procedure steps, availability, commitment, workitems, and printing.

Here is who takes part, and what they share: the ledger, the courier that delivers their reports, and the
associations on which it can. Every service is a line in `services`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.dataset.normalized import CLASSES
from dimsetools.message.normalized import NEventReportRq
from dimsetools.scp.availability import Availability
from dimsetools.scp.courier import Courier
from dimsetools.scp.normalized import REQUESTS, Normalized
from dimsetools.scp.posts import Posts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from dimsetools.archive.ledger import Ledger
    from dimsetools.association.trace import Tracer
    from dimsetools.message.command import Request
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.kept import Archive
    from dimsetools.scp.normalized import Service
    from dimsetools.scp.roles import Record, Role

OWN_AET = "DIMSE"
"""What a node calls itself that answers to any title."""


class Desk(NamedTuple):
    """What services work with.

    What they post in a change of the `ledger` goes out after `wake`, which returns at once; `posts` reach
    one association alone. `notify` are AE titles that are told of
    procedure steps, `films` is the folder for printed films.
    """

    ledger: Ledger
    wake: Callable[[], None]
    posts: Posts
    log: Callable[[Record], None]
    archive: Archive
    notify: tuple[str, ...] = ()
    films: str | None = None


def services(desk: Desk) -> list[Service]:
    """Return the services of a node."""
    return [
        Availability(desk.ledger),
    ]


class Workflow:
    """The services at work: their one `role` by request, and `posts` and `role.left` for `served.Manner`.

    Reports are delivered from `start` to `close`; `desk` is what they share.
    """

    def __init__(
        self,
        ledger: Ledger,
        destinations: Destinations,
        log: Callable[[Record], None],
        archive: Archive,
        *,
        own_aet: str | None = None,
        notify: tuple[str, ...] = (),
        films: str | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.posts = Posts(_reporting())
        self.courier = Courier(
            ledger, self.posts, destinations, log, own_aet=own_aet or OWN_AET, tracer=tracer
        )
        self.desk = Desk(ledger, self.courier.wake, self.posts, log, archive, notify, films)
        self.role = Normalized(services(self.desk))

    @property
    def roles(self) -> Mapping[type[Request], Role]:
        """The role by request."""
        return dict.fromkeys(REQUESTS, self.role)

    def start(self) -> Self:
        """Begin to deliver reports, also those of an earlier life."""
        self.courier.start()
        return self

    def close(self) -> None:
        """Deliver no more."""
        self.courier.close()


def _reporting() -> frozenset[str]:
    """Return the abstract syntaxes in which a node reports events."""
    return frozenset(
        name for row in CLASSES.values() if row.events for name in row.contexts_for(NEventReportRq.service)
    )
