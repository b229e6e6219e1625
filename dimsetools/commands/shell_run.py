"""One shell: its association, what it keeps, and what each command does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from dimsetools.commands.shell_lines import Kept, Statement, placed, resolved
from dimsetools.commands.shell_words import WAIT, guide, query_keys, word
from dimsetools.commands.verbs import VERBS
from dimsetools.errors import (
    ConnectionLost,
    DimseError,
    InputError,
    LibraryMissing,
    NoAnswer,
    NoContext,
    StatusFailure,
    UsageError,
)
from dimsetools.status import is_warning

if TYPE_CHECKING:
    from dimsetools.association.association import Association
    from dimsetools.association.values import AcceptedContext, Target
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.options import Session
    from dimsetools.render import Output
    from dimsetools.services.examine import Item, Leniency
    from dimsetools.services.normalized import Event, Line, Reply, Wanted
    from dimsetools.services.selection import Skipped

_AFFECTED_CLASS, _AFFECTED_INSTANCE, _STATUS, _COMMENT = 0x00000002, 0x00001000, 0x00000900, 0x00000902
_EVENT_TYPE = 0x00001002
_MOMENT = 1.0
"""Seconds in which what has begun to come is taken."""


class Quit(Exception):
    """The user wants no more."""


class Where(NamedTuple):
    """From where a command comes: `job.dimse:7`, or "" at a terminal; with the words behind the file.

    `stdin`: the commands come from there, so that a data set cannot.
    """

    place: str = ""
    arguments: Sequence[str] = ()
    stdin: bool = False


AT_THE_PROMPT = Where()


class Shell:
    """Carries out commands over one association, or if it `reopens` over one after the other."""

    def __init__(
        self, session: Session, output: Output, target: Target, line: Line, charset: Sequence[str]
    ) -> None:
        self.kept: dict[str, Kept] = {}
        self.line = line
        self.output = output
        self.node = str(target)
        self.warned = False
        self.reopens = False
        self._association: Association | None = None
        self._session = session
        self._charset = tuple(charset)
        self._events: list[Event] = []

    def heard(self, event: Event) -> int:
        """Show an event of the peer; return what it is answered with."""
        from dimsetools.render import events as shown
        from dimsetools.services.waiting import fault

        event = event._replace(status=fault(event))
        self._events.append(event)
        self.output.operation(shown.record(event), event.attributes or {}, shown.line(event))
        return event.status

    def whose(self, error: DimseError) -> str:
        """Return the node that a failure is about, "" if it is our own."""
        return "" if isinstance(error, (UsageError, InputError, LibraryMissing)) else self.node

    def open(self) -> Association:
        """Return the association; where the peer has ended it, a new one if this shell reopens."""
        from dimsetools.render.shell import opened_line

        line = self.line
        if self._association is not None and not self.reopens:
            if not line.is_open:
                raise ConnectionLost(f"{self.node} has ended the association")
            if line.readable:
                line.wait(monotonic() + _MOMENT, lambda: not line.readable)
        association = line.open()
        if association is not self._association:
            self.output.note(opened_line(association), 1)
            if self._association is not None:
                self.output.note(f"a new association with {self.node} was opened")
            self._association = association
        return association

    def run(self, statement: Statement, where: Where = AT_THE_PROMPT) -> None:
        """Carry out a command. Raises Quit, and what went wrong, with the place in its message."""
        try:
            found = word(statement.words[0])
            found.check_name(statement.name)
            params = found.parse(resolved(statement.words[1:], self.kept, where.arguments))
            if where.stdin and found.reads_stdin(params):
                raise UsageError("stdin holds the commands already", hint="name a file, or write the keys")
            if found.name in VERBS:
                brought = self._asked(VERBS[found.name].wanted(stop=self._session.stop, **params))
            else:
                brought = getattr(self, f"_{found.name}")(**params)
        except DimseError as error:
            if isinstance(error, NoContext) and error.unproposed:
                error.hint = _propose(error.unproposed)
            if where.place:
                about = self.whose(error)
                about = f": {about}" if about and about not in error.message else ""
                placed(error, where.place + about)
            raise
        if statement.name and brought is not None:
            self.kept[statement.name] = brought

    # -- what the peer is asked ---------------------------------------------------------------------

    def _asked(self, wanted: Wanted) -> Kept:
        """Ask, tell of the reply, and return what can be kept of it; StatusFailure if that is what it is."""
        from dimsetools.render import normalized as shown

        self.open()
        self.output.note(shown.request_line(wanted), 1)
        reply = self.line.ask(wanted)
        if not isinstance(reply.error, StatusFailure):
            self.output.operation(shown.record(reply), reply.attributes or {}, shown.line(reply))
        for remark in reply.remarks:
            self.output.warning(remark)
        self.warned |= is_warning(reply.status)
        if reply.error is not None:
            raise shown.Undecodable(reply.error) if isinstance(reply.error, InputError) else reply.error
        return (kept_of(reply),)

    def _echo(self) -> None:
        from dimsetools.message.composite import CEchoRq
        from dimsetools.render.shell import echo_line
        from dimsetools.services.failures import status_failure
        from dimsetools.uids import VERIFICATION

        context = self._context(VERIFICATION)
        began = perf_counter()
        response = self.line.call(context, CEchoRq()).command
        seconds = perf_counter() - began
        failure = status_failure(response.status, "C-ECHO", getattr(response, "error_comment", None) or "")
        if failure is not None:
            raise failure
        self.output.record({"_event": "echoed", "_ms": round(seconds * 1000, 3)}, echo_line(seconds))

    def _find(self, words: Sequence[str], **params: Any) -> Kept:
        from dimsetools.options.query import Query
        from dimsetools.render.shell import match_line
        from dimsetools.services.asking import matches

        query = Query(**params)
        found: list[Attributes] = []
        faults: list[InputError] = []
        for asked in query.asked(words, stop=self._session.stop):
            keys = query_keys(query, asked)
            self.open()
            found += matches(
                self.line.exchange,
                query.model.find,
                "",
                keys,
                charset=self._charset,
                assume_charset=query.assume_charset or self._charset,
                stop=self._session.stop,
                bad=faults.append,
                heard=self.line.hear,
            )
        for number, match in enumerate(found):
            self.output.operation({"_event": "match"}, match, match_line(number))
        if faults:
            raise DimseError(faults[0].message)
        if not found:
            self.output.note("no match")
        return tuple(found)

    def _store(self, paths: Sequence[str]) -> None:
        from dimsetools.services.selection import select

        sent = 0
        for item in self._whole(select(paths)):
            self._send(item)
            sent += 1
        if self._session.stop.requested:
            raise self._session.stop.error()
        if not sent:
            raise InputError(f"no object was found in {', '.join(paths)}")

    def _whole(self, paths: Iterable[str | Skipped], leniency: Leniency | None = None) -> Iterator[Item]:
        """Return the objects in files; InputError for the first file that has none but should."""
        from dimsetools.services.examine import STRICT, Item, Remark, examine

        for one in examine(paths, leniency or STRICT, stop=self._session.stop):
            if isinstance(one, Item):
                yield one
            elif isinstance(one, Remark):
                self.output.warning(f"{one.path}: {one.text}")
            elif not one.expected:
                raise type(one.error)(f"{one.path}: {one.error.message}", hint=one.error.hint)

    def _context(self, abstract_syntax: str) -> AcceptedContext:
        """Return the context of a class; NoContext if the peer did not take it."""
        from dimsetools.association.opening import no_context
        from dimsetools.uids import name_of

        association = self.open()
        found = association.context_for(abstract_syntax)
        if found is None:
            raise no_context(association, abstract_syntax, name_of(abstract_syntax))
        return found

    def _send(self, item: Item) -> None:
        """Send one object."""
        import os

        from dimsetools.dataset.part10 import open_regular
        from dimsetools.message.composite import CStoreRq, CStoreRsp
        from dimsetools.render.shell import stored_line
        from dimsetools.services.failures import status_failure
        from dimsetools.services.sending import source_of

        sop_class, uid = item.meta.sop_class_uid, item.meta.sop_instance_uid
        context = self._context(sop_class)
        descriptor, _ = open_regular(item.path)
        try:
            source = source_of(descriptor, item.meta, context.transfer_syntax)
            request = CStoreRq(affected_sop_class_uid=sop_class, affected_sop_instance_uid=uid)
            began = perf_counter()
            response = self.line.call(context, request, source).command
        finally:
            os.close(descriptor)
        assert isinstance(response, CStoreRsp)
        seconds, comment = perf_counter() - began, response.error_comment or ""
        failure = status_failure(response.status, "C-STORE", comment, response.offending_element)
        if failure is not None:
            raise failure
        record = {
            "_event": "stored",
            "_path": item.path,
            "SOPClassUID": sop_class,
            "SOPInstanceUID": uid,
            "_status": f"{response.status:04X}",
            "_ms": round(seconds * 1000, 3),
        }
        self.warned |= is_warning(response.status)
        self.output.record(record, stored_line(item.path, response.status, seconds, comment))

    def _image(self, box: str, path: str, position: int, frame: int, bits: str) -> Kept:
        from dimsetools.dataset.normalized import PRINT_COLOR, PRINT_GRAYSCALE
        from dimsetools.film.frames import Looks, Reader, need_libraries
        from dimsetools.film.image_file import look
        from dimsetools.services.examine import Leniency
        from dimsetools.services.print_requests import Reference, Speaker
        from dimsetools.uids import EXPLICIT_BE

        need_libraries()
        (item,) = self._whole([path], Leniency(trim=True, offered=False))
        file = look(path, item.meta)
        if frame > file.frames:
            raise InputError(f"{path} has {file.frames} frames")
        association = self.open()
        color = file.color and association.context_for(PRINT_COLOR) is not None
        meta = PRINT_COLOR if color or association.context_for(PRINT_GRAYSCALE) is None else PRINT_GRAYSCALE
        context = association.context_for(meta)
        shown = Reader(Looks(int(bits))).frame(file, frame, color=meta == PRINT_COLOR)
        big = context is not None and context.transfer_syntax == EXPLICIT_BE
        return self._asked(Speaker(meta).image_box(Reference("", box), position, shown, {}, big_endian=big))

    def _wait(self, seconds: float | None, count: int) -> Kept:
        from dimsetools.render import units

        wait = WAIT if seconds is None else seconds
        self.open()
        self.output.note(f"waiting for {units.counted(count, 'event')}, {wait:g} s at most", 1)
        if not self.line.wait(monotonic() + wait, lambda: len(self._events) >= count):
            came = f"{len(self._events)} of {count} events" if self._events else "no event"
            raise NoAnswer(f"{came} came within {wait:g} s")
        found, self._events = self._events[:count], self._events[count:]
        return tuple(map(kept_event, found))

    # -- what only the shell knows ------------------------------------------------------------------

    def _show(self, name: str) -> None:
        from dimsetools.render.shell import match_line

        if name not in self.kept:
            raise UsageError(
                f"nothing is kept as {name}", hint=f"kept: {', '.join(self.kept) or 'nothing yet'}"
            )
        for number, attributes in enumerate(self.kept[name]):
            line = name if len(self.kept[name]) == 1 else match_line(number)
            self.output.operation({"_event": "kept", "_name": name}, attributes, line)

    def _status(self) -> None:
        from dimsetools.render.shell import context_lines, opened_line

        if not self.line.is_open:
            self.output.note(f"no association with {self.node}; the next command opens one")
        else:
            association = self.line.open()
            for line in (opened_line(association), *context_lines(association)):
                self.output.note(line)
        if self.kept:
            self.output.note(f"kept: {', '.join(self.kept)}")

    def _help(self, name: str | None) -> None:
        for line in (guide() if name is None else word(name).guide).splitlines():
            self.output.note(line)

    def _quit(self) -> None:
        raise Quit


def _propose(abstract_syntax: str) -> str:
    """Return what to write for a class to be proposed."""
    import shlex

    from dimsetools.dataset.normalized import normalized_class

    return f"dimse shell PEER --for {shlex.quote(normalized_class(abstract_syntax).name)}"


def kept_of(reply: Reply) -> Attributes:
    """Return what is kept of a reply: its data set, and what its command says."""
    from dimsetools.dataset.attributes import Attribute

    said = {
        _AFFECTED_CLASS: Attribute("UI", (reply.sop_class,)),
        _STATUS: Attribute("SH", (f"{reply.status:04X}",)),
        _COMMENT: Attribute("LO", (reply.comment,) if reply.comment else ()),
        _AFFECTED_INSTANCE: Attribute("UI", (reply.sop_instance,) if reply.sop_instance else ()),
    }
    return said | (reply.attributes or {})


def kept_event(event: Event) -> Attributes:
    """Return the same of an event."""
    from dimsetools.dataset.attributes import Attribute

    said = {
        _AFFECTED_CLASS: Attribute("UI", (event.sop_class,)),
        _AFFECTED_INSTANCE: Attribute("UI", (event.sop_instance,)),
        _EVENT_TYPE: Attribute("US", (event.number,)),
    }
    return said | (event.attributes or {})
