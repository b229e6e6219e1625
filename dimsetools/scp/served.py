"""One association that somebody else asked for, from its connection to its end, in a thread of its own.

Whatever the peer does ends this association at most; whatever a role does wrong is answered with a failure
status and the association goes on.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimsetools.association import negotiation
from dimsetools.association.opening import accept_association
from dimsetools.association.stop import Stop
from dimsetools.association.values import Acceptance, Proposal, Rejection, Timeouts
from dimsetools.errors import DimseError, NoAnswer
from dimsetools.message.command import Request, Response
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Answer, Exchange, Incoming
from dimsetools.message.sources import BytesSource
from dimsetools.scp.faults import PROCESSING_FAILURE, UNRECOGNIZED_OPERATION, comment
from dimsetools.scp.operation import Operation, PeerLeft
from dimsetools.scp.policy import AcceptPolicy
from dimsetools.scp.posts import Post, Posts
from dimsetools.scp.roles import Caller, Lasting, Record, Reply, Role, Settled, Task
from dimsetools.status import is_failure, is_pending

if TYPE_CHECKING:
    import ssl

    from dimsetools.association.association import Association
    from dimsetools.association.trace import Tracer


_MOST_COUNTED = 0xFFFF


class Manner(NamedTuple):
    """How associations are served, the same for all of them.

    `posts` has what is to be reported on them; `left` hears the number of each that has ended.
    """

    policy: AcceptPolicy
    roles: Mapping[type[Request], Role]
    timeouts: Timeouts
    log: Callable[[Record], None]
    tls_context: ssl.SSLContext | None = None
    tracer: Tracer | None = None
    posts: Posts | None = None
    left: Callable[[int], None] | None = None


class Gate:
    """How many associations are open, how many objects are still wanted, and whether the node is closing.

    `closing` ends associations that are idle, unless it is `patient`: then they have time to ask for release.
    `on_enough` is called, once, when `objects` of them (None: no limit) have been stored.
    """

    def __init__(self, associations: int, objects: int | None, on_enough: Callable[[], None]) -> None:
        self.closing = False
        self.patient = False
        self._free = associations
        self._wanted = objects
        self._on_enough = on_enough
        self._lock = threading.Lock()

    @property
    def enough(self) -> bool:
        """Whether all the objects that were wanted have come."""
        return self._wanted is not None and self._wanted <= 0

    def enter(self) -> bool:
        """Take one of the places for associations, if there is one."""
        with self._lock:
            self._free -= 1
            if self._free < 0:
                self._free += 1
                return False
        return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._free += 1

    def count_object(self) -> None:
        """Note an object whose sender has been told that it is stored."""
        if self._wanted is not None:
            with self._lock:
                self._wanted -= 1
                reached = self._wanted == 0
            if reached:
                self._on_enough()


class Served:
    """One association; `run` is its thread, `interrupt` may be called from another one.

    `waiting` tells that nothing is under way. The counts are final when `run` has returned.
    """

    def __init__(self, manner: Manner, gate: Gate, number: int, connection: socket.socket) -> None:
        self.waiting = True
        self.rejected = False
        self.objects = 0
        self.failed = 0
        self.size = 0
        self._manner = manner
        self._gate = gate
        self._number = number
        self._connection = connection
        self._stop = Stop()
        self._proposal: Proposal | None = None
        self._association: Association | None = None
        self._entered = False
        self._post: Post | None = None
        self._started = monotonic()
        self._host, self._port = "", 0

    def interrupt(self) -> None:
        """End the association from another thread: with A-ABORT, or at once where it is not open yet."""
        association = self._association
        if association is not None:
            association.interrupt()
        elif not self._entered:  # else it is open in a moment, and finds that the node is closing
            self._stop.expire()

    def cut(self) -> None:
        """End the connection from another thread, whatever it is doing."""
        self._stop.expire()

    def run(self) -> None:
        """Accept, serve and end the association; raises nothing."""
        result, reason = "released", ""
        try:
            self._host, self._port = self._connection.getpeername()[:2]
            self._serve(self._accept())
        except DimseError as error:
            result, reason = error.name, error.message
        except OSError as error:  # the caller has gone before we looked
            self._connection.close()
            result, reason = "connection-lost", error.strerror or str(error)
        except Exception as error:  # noqa: BLE001  # a mistake of ours must not take the node down
            self._abandon()
            result, reason = "internal-error", f"{type(error).__name__}: {error}"
        finally:
            self._leave()
        self._log_end(result, reason)

    def _leave(self) -> None:
        """Let go of what the association had in the node."""
        if not self._entered:
            return
        self._gate.leave()
        if self._post is not None and self._manner.posts is not None:
            self._manner.posts.close(self._number)
        if self._manner.left is not None:
            self._manner.left(self._number)

    # -- opening --------------------------------------------------------------------------------------

    def _accept(self) -> Association:
        manner = self._manner
        association = accept_association(
            self._connection,
            decide=self._decide,
            timeouts=manner.timeouts,
            max_pdu=manner.policy.max_pdu,
            tls_context=manner.tls_context,
            tracer=manner.tracer,
            stop=self._stop,
        )
        self._association = association
        return association

    def _decide(self, proposal: Proposal) -> Acceptance | Rejection:
        self._proposal = proposal
        if self._gate.closing:
            answer: Acceptance | Rejection = negotiation.REJECTED_CONGESTION
        else:
            answer = self._manner.policy.decide(proposal, self._host)
        if isinstance(answer, Acceptance):
            self._entered = self._gate.enter()
            if not self._entered:
                answer = negotiation.REJECTED_LOCAL_LIMIT
        self.rejected = isinstance(answer, Rejection)
        return answer

    # -- requests -------------------------------------------------------------------------------------

    def _serve(self, association: Association) -> None:
        gate = self._gate
        proposal = association.proposal
        exchange = Exchange(association)
        if self._manner.posts is not None:
            self._post = self._manner.posts.open(self._number, association)
        caller = Caller(self._number, proposal.calling_aet, proposal.called_aet)
        early: Incoming | None = None
        self._log_opened()
        while not gate.closing or gate.patient:
            self.waiting = True
            incoming = early or self._next(exchange)
            early = None
            if incoming is None:
                association.release()
                return
            if gate.closing:
                break
            self.waiting = False
            try:
                early = self._answer(exchange, incoming, caller)
            except PeerLeft:
                association.release()
                return
        association.abort()

    def _next(self, exchange: Exchange) -> Incoming | None:
        """Return the next request; meanwhile send what is to be reported.

        Answers to sub-operations of a C-GET that was cancelled are dropped.
        """
        while True:
            if self._post is not None and not self._hears(exchange, self._post):
                continue
            if not exchange.outstanding:
                return exchange.next_request()
            taken = exchange.take(exchange.association.timeouts.idle)
            if not isinstance(taken, Answer):
                return taken
            self._set_aside(taken)

    def _hears(self, exchange: Exchange, post: Post) -> bool:
        """Send a report and wait for the peer; False if there is something to report before it has come."""
        association = exchange.association
        if (pause := post.pause) and association.readable(pause):
            post.heard()
            return True
        post.send(exchange)
        limit = association.timeouts.dimse if exchange.outstanding else association.timeouts.idle
        until = None if limit is None else monotonic() + limit
        if association.readable(limit, bell=post.fileno()):
            post.heard()
            return True
        if until is not None and monotonic() >= until:
            association.abort()
            raise NoAnswer(f"{association.peer_name} sent nothing for {limit:g} s")
        return not association.is_open

    def _set_aside(self, answer: Answer) -> None:
        """Take an answer to what is not waited for: a report."""
        if self._post is not None:
            self._post.answered(answer)

    def _answer(self, exchange: Exchange, incoming: Incoming, caller: Caller) -> Incoming | None:
        """Carry out a request; return the next one if it has come already."""
        request = incoming.command
        if not isinstance(request, Request):
            return None  # a C-CANCEL for what has ended already
        task = self._begin(incoming, request, caller)
        length = 0
        if incoming.data_set:
            try:
                length = exchange.read_data(incoming, task.sink)
            except BaseException:
                if not isinstance(task, Lasting):
                    task.discard()
                raise
        if isinstance(task, Lasting):
            return self._perform(exchange, incoming, request, task)
        reply = self._finish(task)
        self._reply(exchange, incoming, request, reply)
        if isinstance(request, CStoreRq):
            self._count(reply, length)
        return None

    def _perform(
        self, exchange: Exchange, incoming: Incoming, request: Request, task: Lasting
    ) -> Incoming | None:
        """Send the many replies of a task as they come."""
        policy, association = self._manner.policy, exchange.association
        extended = policy.extended_of(incoming.context.abstract_syntax, association.proposal)
        operation = Operation(exchange, incoming, extended, self._set_aside)
        replies = task.replies(operation)
        final = False
        try:
            for reply in replies:
                final = not is_pending(reply.status)
                self._reply(exchange, incoming, request, reply)
        except PeerLeft:
            raise
        except Exception as error:  # the association outlives a mistake of ours
            if final or not association.is_open:
                raise
            self._reply(exchange, incoming, request, Reply(PROCESSING_FAILURE, self._mistake(error)))
        finally:
            replies.close()
            if not final:
                self._manner.log(task.abandoned())
        return operation.early

    def _reply(self, exchange: Exchange, incoming: Incoming, request: Request, reply: Reply) -> None:
        source = None if reply.data is None else BytesSource(reply.data)
        try:
            exchange.respond(incoming, _response(request, reply), source)
        finally:  # it is done, also where its requestor has gone and will not hear of it
            if reply.then is not None:
                reply.then()
            if reply.record is not None:
                self._manner.log(reply.record)

    def _begin(self, incoming: Incoming, request: Request, caller: Caller) -> Task | Lasting:
        role = self._manner.roles.get(type(request))
        if role is None:
            return Settled(UNRECOGNIZED_OPERATION, f"{request.service} is not offered here")
        try:
            return role.begin(incoming, caller)
        except Exception as error:  # noqa: BLE001  # the association outlives a mistake of ours
            return Settled(PROCESSING_FAILURE, self._mistake(error))

    def _finish(self, task: Task) -> Reply:
        try:
            return task.finish()
        except Exception as error:  # noqa: BLE001  # the association outlives a mistake of ours
            task.discard()
            return Reply(PROCESSING_FAILURE, self._mistake(error))

    def _mistake(self, error: Exception) -> str:
        """Log what should not have happened; the peer learns nothing of it but that it did."""
        reason = f"{type(error).__name__}: {error}"
        self._manner.log({"_event": "internal-error", "_association": self._number, "_reason": reason})
        return "internal error"

    def _count(self, reply: Reply, length: int) -> None:
        if is_failure(reply.status):
            self.failed += 1
            return
        self.objects += 1
        self.size += length
        self._gate.count_object()

    def _abandon(self) -> None:
        if self._association is not None:
            self._association.abort()
        self._connection.close()

    # -- telling --------------------------------------------------------------------------------------

    def _who(self, event: str) -> Record:
        proposal = self._proposal
        return {
            "_event": event,
            "_association": self._number,
            "_calling": proposal.calling_aet if proposal else "",
            "_called": proposal.called_aet if proposal else "",
            "_host": self._host,
            "_port": self._port,
        }

    def _log_opened(self) -> None:
        association = self._association
        assert association is not None
        peer = association.peer
        self._manner.log(
            self._who("association-opened")
            | {
                "_contexts": len(association.contexts),
                "_max_pdu": peer.max_pdu,
                "_implementation": peer.implementation_version or peer.implementation_uid,
                "_tls": self._manner.tls_context is not None,
            }
        )

    def _log_end(self, result: str, reason: str) -> None:
        record = self._who("association-rejected" if self.rejected else "association-closed")
        record["_result"] = result
        if reason:
            record["_reason"] = reason
        record |= {"_objects": self.objects, "_failed": self.failed, "_bytes": self.size}
        record["_seconds"] = round(monotonic() - self._started, 3)
        self._manner.log(record)


def _response(request: Request, reply: Reply) -> Response:
    """Return the response that a reply is."""
    more: dict[str, object] = dict(reply.more or {})
    if reply.comment:
        more["error_comment"] = comment(reply.comment)
    if reply.offending:
        more["offending_element"] = reply.offending
    if reply.counts is not None:  # of more sub-operations than a US can count, the most that it can
        counts = reply.counts._asdict()
        more |= {name: None if count is None else min(count, _MOST_COUNTED) for name, count in counts.items()}
    return request.answer(reply.status, **more)
