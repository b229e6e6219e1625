"""Storage commitment of what a peer has acknowledged: what `commit` and `store --commit` do alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.commands.hearing import listening
from dimsetools.options.waiting import Waiting

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.dataset.commitments import Reference
    from dimsetools.options import Session
    from dimsetools.render import Output
    from dimsetools.render.commitment import Telling
    from dimsetools.services.commitment import Committer

NOTES = (
    (
        "A node may report on the same association, or on one of its own. For the latter give --port, and "
        "have the node know our title (--aet) with this machine's address and that port. We listen as long "
        "as the command runs, on every address of this machine, or on the loopback ones if the node is "
        "there, and take associations only from the node's addresses; --allow adds others."
    ),
    (
        "An instance counts as committed only if a report for its transaction says so and none says "
        "otherwise. A report for a transaction that is not ours is refused (0115H) and not counted."
    ),
)
"""Paragraphs of the manual pages."""


class Committing:
    """Asks for commitment, once, and shows how far that is; `seconds` is what it took."""

    def __init__(self, session: Session, output: Output, committer: Committer) -> None:
        self.seconds = 0.0
        self._session = session
        self._output = output
        self._committer = committer

    def ask(self, references: Sequence[Reference], telling: Telling) -> None:
        """Ask for commitment to instances, and tell what becomes of each; nothing once there was a signal."""
        if self._session.stop.requested:
            return
        began = monotonic()
        with (
            self._output.progress(len(references)) as progress,
            closing(self._committer.commit(references)) as events,
        ):
            telling.watch(progress)
            for event in events:
                telling.event(event)
        self.seconds = monotonic() - began


@contextmanager
def committing(session: Session, output: Output, target: Target, chunk: int | None) -> Iterator[Committing]:
    """Give what asks for commitment; it listens already, if it shall. CannotListen if it cannot."""
    from dimsetools.services.commitment import WAIT, Committer, Manner
    from dimsetools.services.normalized import Manner as LineManner
    from dimsetools.services.transactions import CHUNK

    values, negotiation = session.values(Waiting), session.negotiation
    manner = Manner(
        WAIT if values.wait is None else values.wait,
        chunk or CHUNK,
        values.port,
        LineManner(abort=session.operation.abort, roles=negotiation.roles, extended=negotiation.extended),
    )
    committer = Committer(target, manner, stop=session.stop, tracer=session.tracer(output.note))
    try:
        with listening(session, output, target, values, committer.heard):
            yield Committing(session, output, committer)
    finally:
        committer.close()
