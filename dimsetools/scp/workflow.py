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
from dimsetools.scp.commitment import Commitment
from dimsetools.scp.courier import Courier
from dimsetools.scp.mpps import KIND, ProcedureSteps
from dimsetools.scp.normalized import REQUESTS, Normalized
from dimsetools.scp.posts import Posts
from dimsetools.scp.steps import Steps
from dimsetools.scp.ups import KEEP as UPS_KEEP
from dimsetools.scp.ups import Ups

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


class Desk(NamedTuple):
    """What services work with.

    What they post in a change of the `ledger` goes out after `wake`, which returns at once; `posts` reach
    one association alone; `known` tells whether an AE can be reported to. `steps` knows which scheduled
    steps are performed. `notify` are AE titles that are told of procedure steps, `films` is the folder for
    printed films, `ups_keep` the seconds for which workitems are kept after their end.
    """

    ledger: Ledger
    wake: Callable[[], None]
    posts: Posts
    log: Callable[[Record], None]
    known: Callable[[str], bool]
    archive: Archive
    steps: Steps
    notify: tuple[str, ...] = ()
    films: str | None = None
    ups_keep: float = UPS_KEEP


def services(desk: Desk) -> list[Service]:
    """Return the services of a node; those that print, only where there is a folder for films."""
    return [
        *_printing(desk),
        ProcedureSteps(desk),
        Availability(desk.ledger),
        Commitment(desk.ledger, desk.archive, desk.wake, desk.log, expect=desk.posts.expect),
        Ups(desk.ledger, desk.known, desk.wake, keep=desk.ups_keep),
    ]


def _printing(desk: Desk) -> list[Service]:
    if desk.films is None:
        return []
    from dimsetools.scp.printing.offered import printing
    from dimsetools.scp.printing.press import Press

    return printing(Press(desk.films, desk.ledger, desk.posts, desk.log, durable=desk.archive.synced))


class Workflow:
    """The services at work: their one `role` by request, and `posts` and `role.left` for `served.Manner`.

    Reports are delivered from `start` to `close`; `desk` is what they share, `steps` what becomes of a
    worklist. LedgerFailed if the ledger cannot be read.
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
        ups_keep: float = UPS_KEEP,
        tracer: Tracer | None = None,
    ) -> None:
        self.posts = Posts(_reporting())
        self.courier = Courier(ledger, self.posts, destinations, log, own_aet=own_aet, tracer=tracer)
        self.steps = Steps(ledger.entries(KIND))

        def known(aet: str) -> bool:
            return aet in destinations or self.posts.present(aet)

        self.desk = Desk(
            ledger, self.courier.wake, self.posts, log, known, archive, self.steps, notify, films, ups_keep
        )
        self.role = Normalized(services(self.desk))

    @property
    def roles(self) -> Mapping[type[Request], Role]:
        """The role by request."""
        return dict.fromkeys(REQUESTS, self.role)

    def start(self) -> Self:
        """Begin to deliver reports, also those of an earlier life."""
        self.courier.start()
        for service in self.role.services:
            service.start()
        return self

    def close(self) -> None:
        """Deliver no more."""
        for service in self.role.services:
            service.close()
        self.courier.close()


def _reporting() -> frozenset[str]:
    """Return the abstract syntaxes in which a node reports events."""
    return frozenset(
        name for row in CLASSES.values() if row.events for name in row.contexts_for(NEventReportRq.service)
    )
