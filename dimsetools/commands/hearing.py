"""Listening for what a peer reports on its own, while a command waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dimsetools.errors import DimseError

if TYPE_CHECKING:
    from dimsetools.association.values import Target
    from dimsetools.options import Session
    from dimsetools.options.waiting import Waiting
    from dimsetools.render import Output
    from dimsetools.scp.roles import Record
    from dimsetools.services.normalized import Event


@contextmanager
def listening(
    session: Session, output: Output, target: Target, values: Waiting, heard: Callable[[Event], int]
) -> Iterator[None]:
    """Listen for associations of `target`, if the user wants that. CannotListen if it cannot be done."""
    if values.port is None:
        yield
        return
    from dimsetools.scp.listener import Listener
    from dimsetools.scp.policy import Allowed

    listener = Listener(
        heard,
        title=target.calling_aet,
        port=values.port,
        log=logging(session, output),
        timeouts=target.timeouts._replace(total=None),
        max_pdu=target.max_pdu,
        peer=target.host,
        others=tuple(map(Allowed.parse, values.allow)),
        bind=session.addressing.bind,
        tracer=session.tracer(output.note),
    )
    try:
        port = listener.start()[0][1]
        output.note(f"listening as {target.calling_aet} on port {port}", 0 if values.port == 0 else 1)
        yield
    finally:
        listener.close()


def logging(session: Session, output: Output) -> Callable[[Record], None]:
    """Return what tells of the life of a listener; when nobody can be told any more, the command ends."""
    from dimsetools.render import scp as shown

    def log(record: Record) -> None:
        try:
            if record["_event"] == "association-rejected":
                output.warning(shown.line(record))
            else:
                output.log(record, shown.line(record), max(shown.level(record), 1))
        except (OSError, DimseError):
            session.stop.request()

    return log
