"""What the commands `nget` to `nevent` do alike: make the request, ask it, tell what was answered."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.errors import (
    Aborted,
    ConnectionLost,
    ExitCode,
    Interrupted,
    LimitReached,
    NoAnswer,
    NoContext,
    ProtocolError,
)
from dimsetools.options.normalized import DataSets

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimsetools.association.values import AcceptedContext, Target
    from dimsetools.commands.verbs import Verb
    from dimsetools.options import Session
    from dimsetools.render import Output
    from dimsetools.render.normalized import Telling
    from dimsetools.services.normalized import Event, Heard, Line, Manner, Reply, Wanted

    Then = Callable[[Line, Wanted, Reply], None]
    """What is done after a reply, over the line that is still open."""

_ONCE = ("N-CREATE", "N-ACTION")
"""What may not be sent again just because no answer came."""
_FATE_UNKNOWN = (Aborted, ConnectionLost, Interrupted, LimitReached, NoAnswer, ProtocolError)
_UNKNOWN = "nobody knows whether it was done: look before you send it again"

KEYS_NOTE = (
    "Attributes are written [Sequence[n].]*Attribute=value, as keys of dimse find are: "
    "Sequence.Attribute is in the first item, a backslash separates values, Attribute@FILE "
    "reads the value from a file, and an attribute without = is sent empty. They are laid "
    "over the data set of --file, whose SOP Class and SOP Instance UID are left out: the "
    "command has them."
)
CONTEXT_NOTE = (
    "Film sessions and boxes go in the context of a print management Meta SOP class, and end "
    "with the association: dimse print and dimse shell do all that a film needs on one. "
    "Unified procedure steps go in the context of the UPS SOP class which has the operation, "
    "and MPPS is read and reported by SOP classes of its own; --context names other ones. The "
    "operation goes in the first context that the node accepts. Events that the node reports "
    "meanwhile are answered, and shown behind the reply."
)
EXIT_NOTE = (
    "Exit status: 1 if the node answers with a failure, 3 if its data set cannot be read, 66 "
    "if it accepts no context, 62 if it does not answer or breaks the protocol."
)
"""Paragraphs of the manual pages."""


def ask(session: Session, verb: Verb, peer: str, params: dict[str, object]) -> int:
    """Ask a peer what the words of `verb` say; return the exit status."""
    from dimsetools.render import Output

    target = session.target(peer)
    with Output(**session.output.printing()) as output:
        run = Run(session, output, verb, peer, target, params)
        return run.rehearse() if session.operation.dry_run else run.carry_out()


class Run:
    """One request, made once or again and again over one association."""

    def __init__(
        self,
        session: Session,
        output: Output,
        verb: Verb,
        peer: str,
        target: Target,
        params: dict[str, object],
    ) -> None:
        self._session = session
        self._output = output
        self._verb = verb
        self._target = target
        self._charset = session.node(peer).charset
        self._wanted = self._completed(verb.wanted(stop=session.stop, **params))
        self._asked_before = False
        self._events: list[Event] = []
        self._fresh = verb.makes_new(params)

    def _completed(self, wanted: Wanted) -> Wanted:
        """Name the character set: the one of the peer's configuration, or what the text needs.

        Raises InputError for text that this has no characters for.
        """
        if not wanted.attributes:
            return wanted
        from dimsetools.dataset.encode import check_encodable, with_charset, with_its_charset

        attributes = wanted.attributes
        attributes = (
            with_charset(attributes, self._charset) if self._charset else with_its_charset(attributes)
        )
        check_encodable(attributes)
        return wanted._replace(attributes=attributes)

    def manner(self) -> Manner:
        """Return how to ask."""
        from dimsetools.services.normalized import Manner

        negotiation = self._session.negotiation
        return Manner(
            negotiation.transfer_syntaxes,
            roles=self._verb.roles(self._wanted, negotiation.roles),
            extended=negotiation.extended,
            abort=self._session.operation.abort,
            assume_charset=self._session.values(DataSets).assume_charset or self._charset,
        )

    def rehearse(self) -> int:
        """Show what would be proposed and sent."""
        from dimsetools.render.normalized import proposal
        from dimsetools.uids import EXPLICIT_LE, IMPLICIT_LE

        manner = self.manner()
        syntaxes = manner.transfer_syntaxes or (EXPLICIT_LE, IMPLICIT_LE)
        record, line = proposal(self._wanted, self._target, syntaxes, manner.roles)
        self._output.operation(record, self._wanted.attributes or {}, line)
        return ExitCode.OK

    def carry_out(self, *, heard: Heard | None = None, then: Then | None = None) -> int:
        """Ask, as often as is wanted, and tell what is answered; return the exit status.

        `heard` is told of events that come meanwhile, by default they are shown; `then` of each reply before
        the next request.
        """
        from dimsetools.render.normalized import Telling
        from dimsetools.services.normalized import Line

        session, output = self._session, self._output
        telling = Telling(output, str(self._target))
        stop, times = session.stop, session.operation.repeat or 1
        interval, began = session.operation.interval or 0.0, monotonic()
        contexts = self._wanted.contexts
        if heard is not None:
            from dimsetools.services.waiting import reported_in

            contexts = (*contexts, *reported_in(self._wanted))
        line = Line(
            self._target,
            self.manner(),
            contexts,
            heard=heard or self._note,
            stop=stop,
            tracer=session.tracer(output.note),
        )
        with line:
            for number in range(times):
                if number and stop.wait(max(began + number * interval - monotonic(), 0.0)):
                    break
                try:
                    wanted, reply = self._asked(line, telling)
                    telling.reply(reply)
                finally:
                    self._show_events()
                if then is not None:
                    then(line, wanted, reply)
            for remark in line.close():
                telling.remark(remark)
        telling.end()
        return stop.exit_code if stop.requested else telling.code(strict=session.operation.strict)

    def _note(self, event: Event) -> int:
        """Take an event that nobody waits for: it is answered, so it will not come again."""
        from dimsetools.services.waiting import fault

        status = fault(event)
        self._events.append(event._replace(status=status))
        return status

    def _show_events(self) -> None:
        """Show the events that came, behind the reply: the first record says which columns a table has."""
        if not self._events:
            return
        from dimsetools.render.events import Telling

        told = Telling(self._output)
        while self._events:
            told.event(self._events.pop(0))

    def _asked(self, line: Line, telling: Telling) -> tuple[Wanted, Reply]:
        """Ask once; say what was negotiated where that is new."""
        from dimsetools.render.normalized import opened_line, request_line

        output, known = self._output, line.is_open
        wanted = self._next()
        try:
            context = line.context(wanted)
        except NoContext:
            line.close()
            raise
        if not known:
            association = line.open()
            agreed = dict.fromkeys(one.abstract_syntax for one in association.contexts.values())
            output.note(opened_line(association.peer, tuple(agreed)), 1)
            if association.peer.confirmed is False:
                telling.remark(f"{self._target} did not confirm the user identity")
            self._check_role(line, context, telling)
        output.note(request_line(wanted), 1)
        try:
            return wanted, line.ask(wanted)
        except _FATE_UNKNOWN as error:
            if self._verb.service in _ONCE:
                error.retryable = False
                error.hint = "; ".join(filter(None, (error.hint, _UNKNOWN)))
            raise

    def _check_role(self, line: Line, context: AcceptedContext, telling: Telling) -> None:
        """See whether we may report events, where that is what we are about to do."""
        if self._verb.service != "N-EVENT-REPORT":
            return
        from dimsetools.services.reporting import check_provider

        try:
            odd = check_provider(context, str(self._target))
        except NoContext:
            line.close()
            raise
        if odd:
            telling.remark(odd)

    def _next(self) -> Wanted:
        """Return the request; each that creates a new instance gives it a UID of its own."""
        from dimsetools.message.normalized import NCreateRq

        wanted, request = self._wanted, self._wanted.request
        if self._fresh and self._asked_before and isinstance(request, NCreateRq):
            from dimsetools.dataset.normalized import new_uid

            request = NCreateRq(
                affected_sop_class_uid=request.affected_sop_class_uid, affected_sop_instance_uid=new_uid()
            )
            wanted = wanted._replace(request=request)
        self._asked_before = True
        return wanted
