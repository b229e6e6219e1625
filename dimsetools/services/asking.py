"""Short questions on the way: C-FIND over an association that is open, perhaps for something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dimsetools.association.opening import no_context
from dimsetools.dataset.attributes import Attribute, Attributes
from dimsetools.dataset.decode import decode
from dimsetools.dataset.encode import encode, with_charset
from dimsetools.dataset.levels import LEVEL
from dimsetools.errors import InputError
from dimsetools.message.composite import CFindRq, CFindRsp
from dimsetools.message.exchange import Incoming
from dimsetools.message.sources import BytesSource
from dimsetools.services.cancelling import Operation
from dimsetools.services.failures import status_failure
from dimsetools.status import is_pending
from dimsetools.uids import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimsetools.association.stop import Stop
    from dimsetools.message.exchange import Answer, Exchange


def matches(
    exchange: Exchange,
    model: str,
    level: str,
    keys: Attributes,
    *,
    charset: tuple[str, ...] = (),
    assume_charset: tuple[str, ...] = (),
    stop: Stop | None = None,
    deadline: float | None = None,
    bad: Callable[[InputError], object] | None = None,
    heard: Callable[[Incoming], None] | None = None,
) -> list[Attributes]:
    """Return what matches `keys` in the query class `model`; `bad` hears of those that do not decode.

    `charset` is preferred for keys that need one, `assume_charset` taken for matches that name none. `heard`
    takes what the peer asks meanwhile, without it nothing may come.
    Raises NoContext if the class is not agreed, StatusFailure, LimitReached and Interrupted, and what ends
    the association.
    """
    context = exchange.association.context_for(model)
    if context is None:
        raise no_context(exchange.association, model, name_of(model))
    query = with_charset({**keys, LEVEL: Attribute("CS", (level,))} if level else keys, charset)
    source = BytesSource(encode(dict(sorted(query.items())), context.transfer_syntax))
    request = CFindRq(affected_sop_class_uid=model)
    operation = Operation(exchange, context, request, source, stop=stop, deadline=deadline)
    found = []
    for answer in operation.answers() if heard is None else _answers(operation, heard):
        if is_pending(answer.command.status) and answer.data is not None:
            try:
                found.append(decode(answer.data, context.transfer_syntax, assume_charset=assume_charset))
            except InputError as error:
                if bad is not None:
                    bad(InputError(f"a match of {level or 'the query'} does not decode: {error.message}"))
    if operation.error is not None:
        raise operation.error
    assert operation.final is not None
    response = operation.final.command
    assert isinstance(response, CFindRsp)
    failure = status_failure(
        response.status, "C-FIND", response.error_comment or "", response.offending_element
    )
    if failure is not None:
        raise failure
    return found


def _answers(operation: Operation, heard: Callable[[Incoming], None]) -> Iterator[Answer]:
    for event in operation.events():
        if isinstance(event, Incoming):
            heard(event)
        else:
            yield event
