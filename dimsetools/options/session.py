"""What a network command gets in its hands: the shared options' values, applied."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import cached_property
from types import FrameType, TracebackType
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from dimsetools.association.stop import GRACE, Stop
from dimsetools.errors import ExitCode, OutputError
from dimsetools.options.addressing import Addressing
from dimsetools.options.identity import UserIdentity
from dimsetools.options.negotiation import Negotiation
from dimsetools.options.operation import Operation
from dimsetools.options.output import Output
from dimsetools.options.timeouts import Timeouts
from dimsetools.options.tls import AcceptorTls, Tls

if TYPE_CHECKING:
    from dimsetools.association import values as negotiated
    from dimsetools.association.trace import Record, Tracer
    from dimsetools.config import Config, Node, Settings

T = TypeVar("T")

SESSION = "dimsetools.session"
"""Where a context's `meta` keeps the session for whoever reports a failure."""


class Serving(NamedTuple):
    """How to accept associations; `transfer_syntaxes` are UIDs, the preferred first, none for any."""

    timeouts: negotiated.Timeouts
    max_pdu: int
    async_window: int
    transfer_syntaxes: tuple[str, ...]
    tls: negotiated.ServerTls | None


class Session:
    """One run of a command. While it is entered, SIGINT and SIGTERM throw the switch `stop`."""

    def __init__(self, groups: dict[type[Any], Any]) -> None:
        self._groups = groups
        self.stop = Stop()
        self._called: dict[str, str] = {}
        self._trace: IO[str] | None = None
        self._handlers: dict[int, Any] = {}

    # -- values ---------------------------------------------------------------------------------

    def values(self, kind: type[T]) -> T:
        """Return the values of one group; its defaults if the command does not have the group."""
        found: T = self._groups.get(kind) or kind()
        return found

    @property
    def addressing(self) -> Addressing:
        """`--aet` and its neighbours."""
        return self.values(Addressing)

    @property
    def negotiation(self) -> Negotiation:
        """`--ts` and its neighbours, resolved to UIDs and numbers."""
        return self.values(Negotiation)

    @property
    def operation(self) -> Operation:
        """`--repeat` and its neighbours."""
        return self.values(Operation)

    @property
    def output(self) -> Output:
        """`--format` and its neighbours."""
        return self.values(Output)

    # -- peers ----------------------------------------------------------------------------------

    @cached_property
    def config(self) -> Config:
        """The nodes and defaults of files and variables."""
        from dimsetools.config import load

        return load(self.addressing.profile)

    def node(self, peer: str) -> Node:
        """Return all that is known of a peer, the command line on top."""
        return self.config.node(peer, self._overrides)

    def target(self, peer: str) -> negotiated.Target:
        """Return how to call a peer; reads its secrets."""
        self._called[peer] = ""
        target = self.node(peer).target(
            bind=self.addressing.bind,
            total_timeout=self.values(Timeouts).total_timeout,
            allow_cleartext_auth=self.values(UserIdentity).allow_cleartext_auth,
        )
        self._called[peer] = str(target)
        return target

    @property
    def called(self) -> str:
        """The one peer that `target` resolved, as AET@host:port; empty if there were none or several."""
        return next(iter(self._called.values())) if len(self._called) == 1 else ""

    def serving(self) -> Serving:
        """Return how to accept associations."""
        from dimsetools.association.values import DEFAULT_MAX_PDU
        from dimsetools.config.nodes import number, timeouts

        settings = self.config.everywhere(self._overrides)
        return Serving(
            timeouts=timeouts(settings),
            max_pdu=number(settings, "max_pdu", DEFAULT_MAX_PDU),
            async_window=number(settings, "async_ops", 1),
            transfer_syntaxes=self.negotiation.transfer_syntaxes,
            tls=self.values(AcceptorTls).server_tls(),
        )

    @cached_property
    def _overrides(self) -> Settings:
        from dimsetools.config import Setting

        words: dict[str, Setting] = {}
        for kind in (Addressing, Timeouts, Negotiation, Tls, UserIdentity):
            given = self.values(kind).words()  # type: ignore[attr-defined]  # each of the five has it
            words |= {word: Setting(value, option) for word, (value, option) in given.items()}
        return words

    # -- tracing --------------------------------------------------------------------------------

    def tracer(self, note: Callable[[str, int], None]) -> Tracer | None:
        """Return what -d and --trace ask for, None if neither was given; `note` shows one line at a level."""
        output = self.output
        if not output.debug and output.trace is None:
            return None
        import json

        from dimsetools.association.trace import Tracer

        if output.trace is not None and self._trace is None:
            self._trace = _created(output.trace)
        lock = threading.Lock()

        def write(record: Record) -> None:
            with lock:
                if self._trace is not None:
                    self._trace.write(json.dumps(record, default=str) + "\n")
                if output.debug:
                    note(_as_line(record), 3)

        return Tracer(write, phi=output.trace_phi)

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._on_signal)
            self._handlers[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_alarm)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handlers:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.stop.close()
        if self._trace is not None:
            self._trace.close()

    def resume(self) -> None:
        """Go on after a SIGINT that has ended what was in flight; the next one asks anew."""
        if self._handlers:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.stop.clear()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Ask for the end; whoever asks once more after everything was closed is let out at once."""
        if self.stop.expired:
            raise KeyboardInterrupt
        self.stop.request(ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED)
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        """End the grace that the first signal left to what was in flight."""
        self.stop.expire()


def _created(path: str) -> IO[str]:
    """Open a trace file that only its owner can read: titles and UIDs are in it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(f"cannot write the trace {path}: {error.strerror}") from None
    return open(descriptor, "w", encoding="utf-8", buffering=1)


def _as_line(record: Record) -> str:
    """Return one event as `event direction name=value ...`."""
    fields = {key: value for key, value in record.items() if not key.startswith("_") and key != "direction"}
    begin = [str(record[key]) for key in ("_event", "direction") if key in record]
    return " ".join([*begin, *(f"{key}={_shown(value)}" for key, value in fields.items())])


def _shown(value: object) -> str:
    """Return a value of an event: records within it in parentheses, lists with commas."""
    if isinstance(value, dict):
        return f"({' '.join(f'{key}={_shown(item)}' for key, item in value.items())})"
    if isinstance(value, (list, tuple)):
        return ",".join(_shown(item) for item in value)
    return str(value)
