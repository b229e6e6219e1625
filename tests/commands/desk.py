"""A pynetdicom AE that takes all N- services of many SOP classes: what it was asked, and what it answers.

To shut one down takes half a second, so all tests of a process share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dimsetools.dataset.normalized import CLASSES
from tests.peers import pynet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom import evt
    from pynetdicom.ae import ApplicationEntity

_SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
REFUSED_CONTEXTS = ("image-box",)
"""What the desk knows nothing of, that there is something."""


class Asked(NamedTuple):
    """A request; `number` is the action or event type, None where there is none."""

    service: str
    context: str
    sop_class: str
    instance: str | None
    number: int | None
    tags: tuple[int, ...]
    data: Dataset | None


class Desk:
    """Answers each request as `answer` says, which is success without a data set until a test has another."""

    def __init__(self) -> None:
        self.address = ""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], tuple[Any, Any]] = lambda _: (0x0000, None)
        self.hang_up = False

    def take(self, event: evt.Event, service: str) -> Any:
        """Keep a request, and answer it."""
        request: Any = event.request
        data = next(
            (
                getattr(event, name)
                for name in ("attribute_list", "modification_list", "action_information", "event_information")
                if _has(event, name)
            ),
            None,
        )
        asked = Asked(
            service,
            str(event.context.abstract_syntax),
            str(getattr(request, "AffectedSOPClassUID", None) or request.RequestedSOPClassUID),
            _text(getattr(request, "AffectedSOPInstanceUID", None))
            or _text(getattr(request, "RequestedSOPInstanceUID", None)),
            getattr(request, "ActionTypeID", getattr(request, "EventTypeID", None)),
            _tags(getattr(request, "AttributeIdentifierList", None)),
            data,
        )
        self.asked.append(asked)
        if self.hang_up:
            event.assoc.abort()
        status, answer = self.answer(asked)
        return status if service == "N-DELETE" else (status, answer)


def _has(event: evt.Event, name: str) -> bool:
    try:
        return getattr(event, name) is not None
    except AttributeError:
        return False


def _tags(value: Any) -> tuple[int, ...]:
    """The attribute list, which pynetdicom gives as a number where it has one tag."""
    if value is None:
        return ()
    return (int(value),) if isinstance(value, int) else tuple(map(int, value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@contextmanager
def desk() -> Iterator[Desk]:
    """The desk, open."""
    from pynetdicom import evt

    taking = Desk()
    handlers: list[Any] = [
        (event, taking.take, [service])
        for event, service in (
            (evt.EVT_N_GET, "N-GET"),
            (evt.EVT_N_SET, "N-SET"),
            (evt.EVT_N_ACTION, "N-ACTION"),
            (evt.EVT_N_CREATE, "N-CREATE"),
            (evt.EVT_N_DELETE, "N-DELETE"),
            (evt.EVT_N_EVENT_REPORT, "N-EVENT-REPORT"),
        )
    ]

    def configure(ae: ApplicationEntity) -> None:
        ae.supported_contexts = []
        known = (row.abstract_syntax for row in CLASSES.values() if row.name not in REFUSED_CONTEXTS)
        for uid in dict.fromkeys(known):
            ae.add_supported_context(uid, list(_SYNTAXES), scu_role=True, scp_role=True)

    with pynet.acceptor(handlers, configure=configure) as acceptor:
        taking.address = acceptor.address
        yield taking
