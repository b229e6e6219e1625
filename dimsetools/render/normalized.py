"""How requests of the N- services read: what would be sent, what was answered, what it all came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimsetools.dataset.normalized import action_name, event_name, normalized_class
from dimsetools.errors import DimseError, ExitCode, InputError, StatusFailure, worst
from dimsetools.message.command import elements_of
from dimsetools.render import units
from dimsetools.render.columns import name_of
from dimsetools.render.line import Line, Span, bad, dim, good, warn
from dimsetools.render.statistics import summarize
from dimsetools.status import describe, is_warning
from dimsetools.uids import name_of as named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimsetools.association.values import Peer, Role, Target
    from dimsetools.message.command import Request
    from dimsetools.render.formats import Record
    from dimsetools.render.output import Output
    from dimsetools.services.normalized import Reply, Wanted

DONE = {
    "N-GET": "got",
    "N-SET": "set",
    "N-ACTION": "acted",
    "N-CREATE": "created",
    "N-DELETE": "deleted",
    "N-EVENT-REPORT": "reported",
}
"""What has happened when a service was answered with success, as the `_event` of its record."""
_VERBS = {
    "N-GET": "get",
    "N-SET": "set",
    "N-ACTION": "act on",
    "N-CREATE": "create",
    "N-DELETE": "delete",
    "N-EVENT-REPORT": "report",
}
_ON_FILM = ("film-session", "film-box", "image-box", "color-image-box", "annotation-box")
_NOT_THERE = (0x0112, 0x0117)
_LATE = ("mpps", "N-SET", 0x0110)
_STEP_IS_OVER = 0xA710
"""The Error ID of an N-SET which comes too late (PS3.4 F.7.2.2.4)."""


class Undecodable(DimseError):
    """The data set of a reply cannot be read; `offset` is where in it the fault is, if that is known."""

    name = "undecodable-reply"

    def __init__(self, error: InputError) -> None:
        super().__init__(f"the data set of the reply does not decode: {error.message}", hint=error.hint)
        self.offset: int | None = getattr(error, "offset", None)


# -- what is asked ----------------------------------------------------------------------------------


def request_line(wanted: Wanted) -> Line:
    """Return a request as a line: the service, what it is about, and what it wants or how much it brings."""
    count = len(wanted.attributes or {})
    more = units.counted(count, "attribute") if count else _asked_for(wanted.request)
    spans: list[str | Span] = [f"{wanted.request.service} {_about(wanted.request)}"]
    return [*spans, dim(f"  {more}")] if more else spans


def opened_line(peer: Peer, contexts: Sequence[str]) -> Line:
    """Return an association that was opened as a line for those who want to know."""
    software = peer.implementation_version or peer.implementation_uid or "unknown software"
    about = f"associated with {software}, max PDU {peer.max_pdu or 'unlimited'}"
    return [dim(f"{about}, {', '.join(map(named, contexts)) or 'no context'}")]


def proposal(
    wanted: Wanted, target: Target, syntaxes: Sequence[str], roles: Sequence[Role]
) -> tuple[dict[str, object], Line]:
    """Return what would be proposed and sent: as a record and as a line."""
    request = wanted.request
    record: dict[str, object] = {
        "_event": f"would-{_VERBS[request.service].split()[0]}",
        "_address": str(target),
        "_calling_aet": target.calling_aet,
        "_tls": target.tls.profile if target.tls else None,
        "_abstract_syntaxes": list(wanted.contexts),
        "_transfer_syntaxes": list(syntaxes),
        "_roles": [f"{role.abstract_syntax}={_role(role)}" for role in roles],
        **{name: value for name, value in elements_of(request).items() if name != "MessageID"},
    }
    how = f"TLS {target.tls.profile}" if target.tls else "no TLS"
    role = f" as {_role(roles[0]).upper()}" if roles else ""
    names = _asked_for(request)
    return record, (
        f"would call {target} as {target.calling_aet}, {how}, for {' or '.join(map(named, wanted.contexts))}"
        f"{role} in {' or '.join(map(named, syntaxes))}, and send {request.service} {_about(request)}"
        + (f" for {names}" if names else "")
    )


def _role(role: Role) -> str:
    return "both" if role.scu and role.scp else "scp" if role.scp else "scu"


def _uids(request: Request) -> tuple[str, str]:
    """Return the class and the instance that a request names, "" where it names none."""
    told = elements_of(request)
    sop_class = told.get("AffectedSOPClassUID") or told.get("RequestedSOPClassUID")
    instance = told.get("AffectedSOPInstanceUID") or told.get("RequestedSOPInstanceUID")
    return str(sop_class or ""), str(instance or "")


def _about(request: Request) -> str:
    """Return which instance a request is about, and which action or event."""
    uid, instance = _uids(request)
    type_name = _type(request)
    name = normalized_class(uid).name
    return " ".join(part for part in (name, instance or "(the peer names it)", type_name) if part)


def _asked_for(request: Request) -> str:
    """Return the attributes that an N-GET names, "" for all of them and for other requests."""
    return ", ".join(map(name_of, getattr(request, "attribute_identifier_list", ())))


def _type(request: Request) -> str:
    """Return the action or event of a request by name, else by number; "" if it has none."""
    action = getattr(request, "action_type_id", None)
    event = getattr(request, "event_type_id", None)
    number = event if action is None else action
    if number is None:
        return ""
    known = normalized_class(_uids(request)[0])
    return (event_name(known, number) if action is None else action_name(known, number)) or str(number)


# -- what was answered ------------------------------------------------------------------------------


def record(reply: Reply) -> dict[str, object]:
    """Return a reply as a record, without its data set; what the peer left out is None."""
    sop_class, sop_instance = _uids(reply.request)
    service = reply.request.service
    told: dict[str, object] = {
        "_event": "failed" if _failed(reply) else DONE[service],
        "_service": service,
        "_class": normalized_class(sop_class).name,
        "SOPClassUID": sop_class,
        "SOPInstanceUID": sop_instance or None,
    }
    kind = _type(reply.request)
    if kind:
        told["ActionTypeID" if service == "N-ACTION" else "EventTypeID"] = reply.number
        told["_type"] = kind
    return told | {
        "AffectedSOPClassUID": reply.sop_class,
        "AffectedSOPInstanceUID": reply.sop_instance or None,
        "_status": f"{reply.status:04X}",
        "_meaning": describe(reply.status, service, sop_class).meaning,
        "ErrorID": reply.error_id,
        "ErrorComment": reply.comment or None,
        "OffendingElement": _tags(reply.offending),
        "AttributeIdentifierList": _tags(reply.identifiers),
        "_ms": round(reply.seconds * 1000, 3),
    }


def _failed(reply: Reply) -> bool:
    return isinstance(reply.error, StatusFailure)


def _hint(reply: Reply) -> str:
    """Return what to try about a failure of this class, "" where there is nothing special about it."""
    sop_class, _ = _uids(reply.request)
    if reply.status in _NOT_THERE and normalized_class(sop_class).name in _ON_FILM:
        return "print objects live as long as their association: use dimse print, or dimse shell --for print"
    if (normalized_class(sop_class).name, reply.request.service, reply.status) != _LATE:
        return ""
    is_over = "is" if reply.error_id == _STEP_IS_OVER else "may be"
    return f"the performed procedure step {is_over} over: a COMPLETED or DISCONTINUED one stays as it is"


def _tags(tags: Sequence[int]) -> list[str] | None:
    return [f"{tag:08X}" for tag in tags] or None


def line(reply: Reply) -> Line:
    """Return a reply as a line: what was done to which instance, in what time, and what there is to know."""
    word = DONE[reply.request.service]
    sop_class, sop_instance = _uids(reply.request)
    uid = sop_instance if _failed(reply) else reply.sop_instance
    about = " ".join(part for part in (normalized_class(sop_class).name, uid, _type(reply.request)) if part)
    spans: list[str | Span] = [bad("failed") if _failed(reply) else good(word), f"  {about}"]
    if reply.status:
        style = warn if is_warning(reply.status) else bad
        meaning = describe(reply.status, reply.request.service, sop_class).meaning
        spans += ["  ", style(f"{reply.status:04X} {meaning}")]
    if reply.error_id is not None:
        spans.append(f", error ID {reply.error_id:04X}")
    if is_warning(reply.status):
        if reply.comment:
            spans.append(f" ({reply.comment})")
        if reply.identifiers:
            spans.append(f": {', '.join(map(name_of, reply.identifiers))}")
    return [*spans, dim(f"  {units.milliseconds(reply.seconds)} ms")]


# -- a whole run ------------------------------------------------------------------------------------


class Telling:
    """Tells of replies as they come, and counts; `node` is who gives them."""

    def __init__(self, output: Output, node: str) -> None:
        self.sent = self.failed = self.warned = 0
        self._output = output
        self._node = node
        self._times: list[float] = []
        self._codes: set[ExitCode] = set()
        self._told: set[str] = set()

    def reply(self, reply: Reply) -> None:
        """Tell of a reply."""
        self.sent += 1
        self._times.append(reply.seconds)
        self._output.operation(record(reply), reply.attributes or {}, line(reply))
        for remark in reply.remarks:
            self._once(f"{self._node}: {remark}")
        error = reply.error
        if isinstance(error, InputError):
            self._codes |= {ExitCode.OK, Undecodable.exit_code}
            error = Undecodable(error)
        elif error is not None:
            self.failed += 1
            error.hint = error.hint or _hint(reply)
            self._codes.add(error.exit_code)
        else:
            self._codes.add(ExitCode.OK)
        if is_warning(reply.status):
            self.warned += 1
        if error is not None:
            self._output.failure(error, self._node)

    def remark(self, text: str) -> None:
        """Tell of something odd."""
        self._once(text)

    def _once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._output.warning(text)

    def code(self, *, strict: bool) -> ExitCode:
        """Return the exit status."""
        code = worst(self._codes)
        return ExitCode.WARNINGS if code is ExitCode.OK and self.warned and strict else code

    def end(self) -> None:
        """Tell what the run came to; after a single request only programs want to know."""
        self._output.summary(self._summary_record(), self._summary_line() if self.sent > 1 else None)

    def _summary_record(self) -> Record:
        return {
            "_event": "summary",
            "_node": self._node,
            "_requests": self.sent,
            "_ok": self.sent - self.failed - self.warned,
            "_warnings": self.warned,
            "_failed": self.failed,
            "_seconds": round(sum(self._times), 6),
        }

    def _summary_line(self) -> Line:
        counts: list[str | Span] = [f"{units.counted(self.sent, 'request')} to {self._node}: "]
        for style, count, word in (
            (good, self.sent - self.failed - self.warned, "ok"),
            (warn, self.warned, "with warnings"),
            (bad, self.failed, "failed"),
        ):
            if count:
                counts += [", " if len(counts) > 1 else "", style(f"{count} {word}")]
        found = summarize(self._times, self.sent)
        times = (found.minimum, found.average, found.p95, found.maximum)
        known = [units.milliseconds(seconds) for seconds in times if seconds is not None]
        return [*counts, "  ", dim("min/avg/p95/max"), f" {'/'.join(known)}", dim(" ms")]
