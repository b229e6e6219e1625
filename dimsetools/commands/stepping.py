"""What the commands for procedure steps share: a few requests over one association, and whom they are about.

Where stdout is no terminal and no format is asked for, a verb that makes something says its UID and nothing
else: `uid=$(dimse mpps start ris item.json)`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from dimsetools.errors import DimseError, InputError, NoContext, UsageError
from dimsetools.options.normalized import DataSets

if TYPE_CHECKING:
    from types import TracebackType

    from dimsetools.dataset.attributes import Attributes
    from dimsetools.dataset.requirements import Fault
    from dimsetools.options import Session
    from dimsetools.render import Output
    from dimsetools.services.headers import Header
    from dimsetools.services.normalized import Reply, Wanted


def present() -> datetime:
    """Return the moment that a step is said to have: local, as the dates of studies are."""
    return datetime.now().astimezone()


class Steps:
    """A verb's conversation with one peer; with `yields` it is asked for something to keep."""

    def __init__(self, session: Session, peer: str, contexts: Sequence[str], *, yields: bool = False) -> None:
        from dimsetools.render import Output
        from dimsetools.render.normalized import Telling
        from dimsetools.services.normalized import Line, Manner

        negotiation = session.negotiation
        self._charset = session.node(peer).charset
        printing = session.output.printing()
        self._session = session
        self.rehearsing = session.operation.dry_run
        self._brief = yields and printing["format"] is None and not sys.stdout.isatty()
        if printing["format"] is None and (self._brief or self.rehearsing):
            printing["format"] = "dump" if self.rehearsing else "table"
        self._target = session.target(peer)
        self.output: Output = Output(**printing)
        self._telling = Telling(self.output, str(self._target))
        manner = Manner(
            negotiation.transfer_syntaxes,
            negotiation.roles,
            negotiation.extended,
            session.operation.abort,
            session.values(DataSets).assume_charset or self._charset,
        )
        self._line = Line(
            self._target,
            manner,
            contexts,
            stop=session.stop,
            tracer=session.tracer(self.output.note),
        )

    def ask(self, wanted: Wanted, keep: str = "", *, shown: Attributes | None = None) -> Reply | None:
        """Send a request and tell of its reply; None if that is a failure, or nothing is to be sent.

        `keep` is what was made by it, by default the instance; `shown` is shown with the reply.
        """
        from dimsetools.render import normalized as render

        output = self.output
        if self._charset and wanted.attributes:
            from dimsetools.dataset.encode import with_charset

            wanted = wanted._replace(attributes=with_charset(wanted.attributes, self._charset))
        if self.rehearsing:
            from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

            negotiation = self._session.negotiation
            syntaxes = negotiation.transfer_syntaxes or (EXPLICIT_LE, IMPLICIT_LE)
            record, line = render.proposal(wanted, self._target, syntaxes, negotiation.roles)
            output.operation(record, wanted.attributes or {}, line)
            return None
        output.note(render.request_line(wanted), 1)
        reply = self._line.ask(wanted)
        if self._brief and reply.error is None:
            if keep or shown is None:
                output.record({}, keep or reply.sop_instance)
            for remark in reply.remarks:
                output.warning(remark)
        else:
            kept = reply.error is None and shown is not None
            self._telling.reply(reply._replace(attributes=shown) if kept else reply)
        return reply if reply.error is None else None

    def look(self, wanted: Wanted) -> Attributes:
        """Return what the peer answers to an N-GET that nobody has asked for, nothing if it does not."""
        if self.rehearsing:
            return {}
        reply = self._line.ask(wanted)
        if reply.error is not None:
            self.output.note(f"the peer does not say how it is: {reply.error.message}", 1)
        return reply.attributes or {}

    def add(self, wanted: Wanted) -> None:
        """Send a request that only adds to what is done already, and cannot undo it by its failure."""
        try:
            error = self._line.ask(wanted).error
        except DimseError as ended:
            error = ended
        if error is not None:
            self.output.note(f"the peer does not note it: {error.message}", 1)

    def code(self) -> int:
        """Return the exit status."""
        if not self.rehearsing and self.output.format in ("json", "dicom-json", "xml"):
            self._telling.end()  # for people the steps themselves are all there is to say
        return self._telling.code(strict=self._session.operation.strict)

    def __enter__(self) -> Self:
        self.output.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, NoContext):  # nothing is the matter with the association
                self._line.close()
            self._line.__exit__(kind, error, trace)
        finally:
            self.output.__exit__(kind, error, trace)


def objects(session: Session, paths: Sequence[str], tags: frozenset[int], output: Output) -> list[Header]:
    """Return the headers of the objects below some paths; InputError if there is none."""
    from dimsetools.services.headers import headers
    from dimsetools.services.selection import Skipped, select

    found = []
    for one in headers(select(paths), tags, stop=session.stop):
        if not isinstance(one, Skipped):
            found.append(one)
        elif one.path in paths:
            raise type(one.error)(f"{one.path}: {one.error.message}", hint=one.error.hint)
        elif not one.expected:
            output.warning(f"{one.path} is passed over: {one.error.message}")
    if session.stop.requested:
        raise session.stop.error()
    if paths and not found:
        raise InputError(f"no object was found in {', '.join(paths)}")
    return found


def check(found: Fault | None, what: str) -> None:
    """Raise UsageError if a data set breaks its table."""
    if found is not None:
        raise UsageError(f"{what}: {found.comment}", hint="add it as KEY=VALUE; --no-check sends it as it is")
