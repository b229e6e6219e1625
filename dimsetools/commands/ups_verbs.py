"""What the verbs of `dimse ups` do: schedule work, claim it, perform it, watch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dimsetools.commands.stepping import Steps, check, objects, present
from dimsetools.errors import UsageError

if TYPE_CHECKING:
    from dimsetools.dataset.attributes import Attributes
    from dimsetools.dataset.normalized import NormalizedClass
    from dimsetools.options import Session


def _ups() -> NormalizedClass:
    from dimsetools.dataset.normalized import CLASSES

    return CLASSES["ups"]


def _laid_over(made: Attributes, *keys: Sequence[str], matching: bool = False) -> Attributes:
    """Return a data set with keys laid over it, values or what values are to match."""
    from dimsetools.dataset.keys import keyed

    return keyed([key for some in keys for key in some], base=made, today=present(), ranged=matching)


def _action(name: str) -> tuple[int, tuple[str, ...]]:
    """Return the number of an action, and the contexts in which it may go."""
    from dimsetools.dataset.normalized import action_type

    number = action_type(_ups(), name)
    return number, _ups().contexts_for("N-ACTION", number)


# -- whoever schedules ------------------------------------------------------------------------------


def push(
    session: Session,
    peer: str,
    words: tuple[str, ...],
    file: str | None,
    inputs: tuple[str, ...],
    retrieve_aet: str,
    uid: str | None,
    keys: tuple[str, ...],
    check: bool,
) -> int:
    """Schedule a step."""
    from dimsetools.dataset.normalized import new_uid
    from dimsetools.dataset.workitem import HEADER, of_objects, pushed
    from dimsetools.options.normalized import data_set
    from dimsetools.services import requests

    with Steps(session, peer, _ups().contexts_for("N-CREATE"), yields=True) as steps:
        base = data_set(file, (), stop=session.stop) or {}
        headers = [one.attributes for one in objects(session, inputs, HEADER, steps.output)]
        made = pushed({**of_objects(headers, retrieve_aet), **base}, present())
        made = _laid_over(made, words, keys)
        if check:
            _check(made)
        steps.ask(requests.create(_ups(), uid or new_uid(), made))
        return steps.code()


def _check(made: Attributes) -> None:
    from dimsetools.dataset.ups_rules import fault_of_creation

    check(fault_of_creation(made), "the step is not as it has to be")


# -- whoever performs -------------------------------------------------------------------------------


def claim(session: Session, peer: str, uid: str, transaction: str | None) -> int:
    """Claim a step."""
    from dimsetools.dataset.normalized import new_uid
    from dimsetools.dataset.workitem import IN_PROGRESS, begun, state
    from dimsetools.services import requests

    number, contexts = _action("change-state")
    lock = transaction or new_uid()
    with Steps(session, peer, contexts, yields=True) as steps:
        information = state(IN_PROGRESS, lock)
        claimed = steps.ask(requests.action(_ups(), uid, number, information), lock, shown=information)
        if claimed is not None:
            steps.add(requests.set_(_ups(), uid, begun(lock, present())))
        return steps.code()


def progress(
    session: Session,
    peer: str,
    uid: str,
    words: tuple[str, ...],
    transaction: str,
    percent: int | None,
    description: str | None,
    keys: tuple[str, ...],
) -> int:
    """Tell how far a step is."""
    from dimsetools.dataset.workitem import PROGRESS
    from dimsetools.dataset.workitem import progress as told_progress
    from dimsetools.services import requests

    if percent is None and description is None and not words and not keys:
        raise UsageError("nothing is told of the step", hint="--percent, --description, or KEY=VALUE")
    _laid_over({}, words, keys)  # mistakes are said before a connection is made
    contexts = _ups().contexts_for("N-SET")
    with Steps(session, peer, contexts) as steps:
        known = steps.look(requests.get(_ups(), uid, (PROGRESS,))._replace(contexts=contexts))
        made = _laid_over(told_progress(transaction, known, percent, description), words, keys)
        steps.ask(requests.set_(_ups(), uid, made))
        return steps.code()


def complete(
    session: Session,
    peer: str,
    uid: str,
    words: tuple[str, ...],
    transaction: str,
    retrieve_aet: str,
    keys: tuple[str, ...],
) -> int:
    """Complete a step: what was done, then the state."""
    from dimsetools.dataset.workitem import COMPLETED, HEADER, performed, references, state
    from dimsetools.options.query import sorted_out
    from dimsetools.services import requests

    ups, now = _ups(), present()
    number, contexts = _action("change-state")
    files, given = sorted_out(words)
    station = session.target(peer).calling_aet
    _laid_over({}, given, keys)  # mistakes are said before a connection is made
    with Steps(session, peer, contexts) as steps:
        headers = [one.attributes for one in objects(session, files, HEADER, steps.output)]
        known = steps.look(requests.get(ups, uid)._replace(contexts=contexts))
        output = references(headers, retrieve_aet)
        made = _laid_over(performed(transaction, known, station, output, now), given, keys)
        told = steps.ask(requests.set_(ups, uid, made))
        if told is not None or steps.rehearsing:
            steps.ask(requests.action(ups, uid, number, state(COMPLETED, transaction)))
        return steps.code()


def cancel(
    session: Session,
    peer: str,
    uid: str,
    words: tuple[str, ...],
    transaction: str | None,
    reason: str | None,
    code: str | None,
    keys: tuple[str, ...],
) -> int:
    """Ask that a step be canceled, or as its performer cancel it."""
    from dimsetools.dataset.codes import REASON, coded
    from dimsetools.dataset.workitem import CANCELED, PROGRESS, cancelled, request_to_cancel, state
    from dimsetools.services import requests

    ups = _ups()
    if transaction is None:
        number, contexts = _action("request-cancel")
        asked = _laid_over(request_to_cancel(reason, coded(code) if code else None), words, keys)
        with Steps(session, peer, contexts) as steps:
            steps.ask(requests.action(ups, uid, number, asked or None))
            return steps.code()
    number, contexts = _action("change-state")
    why, now = coded(code or REASON), present()
    _laid_over({}, words, keys)  # mistakes are said before a connection is made
    with Steps(session, peer, contexts) as steps:
        known = steps.look(requests.get(ups, uid, (PROGRESS,))._replace(contexts=contexts))
        made = _laid_over(cancelled(transaction, known, reason, why, now), words, keys)
        told = steps.ask(requests.set_(ups, uid, made))
        if told is not None or steps.rehearsing:
            steps.ask(requests.action(ups, uid, number, state(CANCELED, transaction)))
        return steps.code()


# -- whoever watches --------------------------------------------------------------------------------


def subscribe(
    session: Session,
    peer: str,
    instance: str,
    words: tuple[str, ...],
    lock: bool,
    receiver: str | None,
    keys: tuple[str, ...],
) -> int:
    """Subscribe to a step, to all, or to those that match."""
    return _subscription(session, peer, instance, "subscribe", receiver, [*words, *keys], lock=lock)


def unsubscribe(session: Session, peer: str, instance: str, suspend: bool, receiver: str | None) -> int:
    """End a subscription."""
    name = "suspend-global-subscription" if suspend else "unsubscribe"
    if suspend and instance != "global":
        raise UsageError(
            "only the global subscription can be suspended", hint="write global in place of the UID"
        )
    return _subscription(session, peer, instance, name, receiver, [], lock=None)


def _subscription(
    session: Session,
    peer: str,
    instance: str,
    name: str,
    receiver: str | None,
    keys: Sequence[str],
    *,
    lock: bool | None,
) -> int:
    """Begin or end a subscription."""
    from dimsetools.dataset.normalized import UPS_FILTERED
    from dimsetools.dataset.normalized import instance as named
    from dimsetools.dataset.workitem import subscription
    from dimsetools.services import requests

    uid = named(_ups(), {"filter": "filtered"}.get(instance, instance))
    assert uid is not None
    if keys and uid != UPS_FILTERED:
        raise UsageError("keys are for a filtered subscription", hint="write filter in place of the UID")
    if lock is not None and uid == UPS_FILTERED and not keys:
        raise UsageError(
            "a filtered subscription has keys to match", hint="write KEY=VALUE, or global for all"
        )
    number, contexts = _action(name)
    information = subscription(receiver or session.target(peer).calling_aet, lock=lock)
    with Steps(session, peer, contexts) as steps:
        steps.ask(requests.action(_ups(), uid, number, _laid_over(information, keys, matching=True)))
        return steps.code()


def get(session: Session, peer: str, uid: str, attributes: tuple[str, ...]) -> int:
    """Read a step."""
    from dimsetools.options.normalized import attribute_tags
    from dimsetools.services import requests

    wanted = requests.get(_ups(), uid, attribute_tags(attributes))
    with Steps(session, peer, wanted.contexts) as steps:
        steps.ask(wanted)
        return steps.code()
