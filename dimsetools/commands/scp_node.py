"""The node of `dimse scp`, put together from options: what can be wrong is found before it listens."""

from __future__ import annotations

import signal
from time import monotonic
from typing import TYPE_CHECKING

from dimsetools.commands.admitting import door, tls_context
from dimsetools.errors import DimseError, ExitCode, LimitReached, UsageError
from dimsetools.options.node import Admission, Answering, Keeping, Running, Working

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from dimsetools.archive.index import Index
    from dimsetools.archive.layout import Layout
    from dimsetools.archive.ledger import Ledger
    from dimsetools.archive.objects import ObjectStore
    from dimsetools.archive.worklist import Worklist
    from dimsetools.options.session import Serving, Session
    from dimsetools.render import Output
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.hooks import Hooks
    from dimsetools.scp.kept import Archive
    from dimsetools.scp.offered import Offered
    from dimsetools.scp.policy import AcceptPolicy
    from dimsetools.scp.roles import Record
    from dimsetools.scp.server import Server
    from dimsetools.scp.workflow import Workflow

_DAY = 86400.0
_LAST_READ = 2.0
"""Seconds that queries have to let go of the index when everything else has ended."""


class Node:
    """A node put together from the options: what can be wrong is found before it listens."""

    def __init__(self, session: Session, folder: str, output: Output) -> None:
        self._session = session
        self._folder = folder
        self._output = output
        self._running = session.values(Running)
        self._signal = 0
        self._trouble: Exception | None = None
        self._drain: Callable[[], None] = lambda: None
        self._tracer = session.tracer(output.note)
        # Objects are results only for programs that ask for records; for people they are a matter of -v.
        self._records = session.output.format is not None or session.output.json
        keeping = session.values(Keeping)
        self._hooks = _hooks(keeping, self._log)
        self._store: ObjectStore | None = None
        self._index: Index | None = None
        self._ledger: Ledger | None = None
        self._workflow: Workflow | None = None
        try:
            self._server = self._make_server(session.values(Admission), keeping, session.values(Answering))
        except BaseException:
            self.close()
            raise
        self._drain = self._server.drain

    def serve(self) -> int:
        """Listen, tell where, and serve until the end; return the exit status."""
        from dimsetools.render import scp as shown

        started = monotonic()
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            self._announce(self._server.start())
            if self._workflow is not None:
                self._workflow.start()
            totals = self._server.serve()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._trouble is not None:
            raise self._trouble
        seconds = monotonic() - started
        self._output.summary(shown.summary_record(totals, seconds), shown.summary_line(totals, seconds))
        if self._signal == signal.SIGINT:
            return ExitCode.INTERRUPTED
        if not self._signal and self._running.exit_after and not self._server.enough:
            raise LimitReached(
                f"{totals.objects} of {self._running.exit_after} objects came in {self._running.timeout:g} s"
            )
        return ExitCode.OK

    def close(self) -> None:
        """Let go of the folder; an index that is still read stays as it would after a crash."""
        from dimsetools.scp.pump import settled

        if self._workflow is not None:
            self._workflow.close()
        if self._ledger is not None:
            self._ledger.close()
        quiet = settled(_LAST_READ)
        if self._store is not None:
            self._store.close()
        if self._index is not None and quiet:
            self._index.close()

    def _announce(self, addresses: list[tuple[str, int]]) -> None:
        from dimsetools.render import atomic
        from dimsetools.render import scp as shown

        what = "keeping nothing" if self._store is None else f"storing in {self._folder}"
        what += ", answering queries" if self._index is not None else ""
        line = shown.listening_line(addresses, what)
        self._output.record(shown.listening_record(addresses[0]), line)
        if self._running.ready_file:
            atomic.write(self._running.ready_file, f"{addresses[0][1]}\n")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signal = self._signal or number
        self._drain()

    def _log(self, record: Record) -> None:
        """Show what happened; when nobody can be told any more, end the node and say why."""
        from dimsetools.render import scp as shown

        try:
            if self._records and record["_event"] in ("stored", "refused"):
                self._output.record(dict.fromkeys(shown.COLUMNS) | record, shown.line(record))
            else:
                self._output.log(record, shown.line(record), shown.level(record))
        except (OSError, DimseError) as error:
            self._trouble = error
            self._drain()

    def _make_server(self, admission: Admission, keeping: Keeping, answering: Answering) -> Server:
        from dimsetools.archive.layout import DEFAULT, Layout
        from dimsetools.message.composite import CEchoRq, CStoreRq
        from dimsetools.scp.served import Manner
        from dimsetools.scp.server import Limits, Server
        from dimsetools.scp.storage import Storage
        from dimsetools.scp.verification import Verification

        running = self._running
        bind = door(admission)
        serving = self._session.serving()
        layout = Layout(keeping.layout or DEFAULT)
        if not keeping.ignore:
            self._open_archive(layout, keeping, answering)
        more = self._offered(answering)
        workflow = self._workflow
        policy = _policy(admission, serving, more)
        storage = Storage(
            self._store,
            self._hooks,
            log_objects=self._records or self._output.verbosity > 0,
            log_paths=running.log_phi or not layout.personal,
        )
        manner = Manner(
            policy,
            {CEchoRq: Verification(), CStoreRq: storage, **more.roles},
            serving.timeouts,
            self._log,
            tls_context(serving),
            self._tracer,
            posts=workflow.posts if workflow is not None else None,
            left=workflow.role.left if workflow is not None else None,
        )
        limits = Limits(admission.max_associations, running.exit_after, running.timeout, running.grace)
        return Server(bind, admission.port, manner, self._hooks, limits)

    def _open_archive(self, layout: Layout, keeping: Keeping, answering: Answering) -> None:
        """Open the folder to store into and, unless it is not wanted, its index."""
        self._store = _store(self._folder, layout, keeping, self._hooks)
        if answering.no_index:
            return
        from dimsetools.archive.index import Index

        self._index = self._store.index = Index(self._folder, durability=self._store.durability)
        repaired = self._index.report
        if repaired is not None and any(repaired):
            self._log(
                {"_event": "index-repaired", **{f"_{name}": n for name, n in repaired._asdict().items()}}
            )

    def _offered(self, answering: Answering) -> Offered:
        """Return the roles that answer out of the archive, the worklist and the ledger."""
        from dimsetools.archive.objects import Durability
        from dimsetools.scp.destinations import Destinations
        from dimsetools.scp.kept import Archive
        from dimsetools.scp.offered import Logged, offered

        archive = (self._store, self._index) if self._store is not None and self._index is not None else None
        destinations = Destinations(self._session.config, answering.dest)
        if archive is not None:
            synced = archive[0].durability is Durability.FULL
            self._open_workflow(Archive(*archive, synced), destinations)
        return offered(
            archive,
            self._worklist(answering.worklist) if answering.worklist is not None else None,
            destinations,
            workflow=self._workflow,
            logged=Logged(objects=self._output.verbosity > 0, values=self._running.log_phi),
            tracer=self._tracer,
        )

    def _open_workflow(self, archive: Archive, destinations: Destinations) -> None:
        """Open the ledger of the folder, and begin with the services that need it."""
        from dimsetools.archive.ledger import Ledger
        from dimsetools.scp.workflow import Workflow

        working = self._session.values(Working)
        for aet in working.mpps_notify:
            if aet not in destinations:
                raise UsageError(
                    f"--mpps-notify {aet}: no address of it is known", hint=f"add --dest {aet}@HOST:PORT"
                )
        self._ledger = Ledger(self._folder)
        self._workflow = Workflow(
            self._ledger,
            destinations,
            self._log,
            archive,
            own_aet=self._session.values(Admission).aet,
            notify=working.mpps_notify,
            films=working.films,
            ups_keep=working.ups_keep * _DAY,
            tracer=self._tracer,
        )

    def _worklist(self, folder: str) -> Worklist:
        from dimsetools.archive.worklist import Worklist

        def complain(name: str, reason: str) -> None:
            self._log({"_event": "worklist-item", "_path": name, "_reason": reason})

        worklist = Worklist(folder, complain)
        worklist.items()  # what is wrong with the folder, or with items, is better known now
        return worklist


def _policy(admission: Admission, serving: Serving, more: Offered) -> AcceptPolicy:
    from dimsetools.message.composite import CGetRq
    from dimsetools.scp.policy import AcceptPolicy, Allowed
    from dimsetools.uids import storage_classes

    if admission.require_user and serving.tls is None and not admission.allow_cleartext_auth:
        raise UsageError(
            "without TLS anybody on the way can read the passcodes of --require-user",
            hint="add --tls-cert and --tls-key, or --allow-cleartext-auth",
        )
    return AcceptPolicy(
        storage=storage_classes(),
        allowed=tuple(Allowed.parse(text) for text in admission.allow),
        called_aet=None if admission.any_called else admission.aet,
        any_class=admission.any_class,
        preferred=serving.transfer_syntaxes,
        max_pdu=serving.max_pdu,
        async_window=serving.async_window,
        users=dict(_user(text) for text in admission.require_user),
        services=more.services,
        sends=CGetRq in more.roles,
    )


def _user(text: str) -> tuple[bytes, bytes]:
    """Read NAME:FILE; return the name and the passcode in the file."""
    name, colon, path = text.partition(":")
    if not name or not colon or not path:
        raise UsageError(f"--require-user {text}: write NAME:FILE, the passcode is read from FILE")
    from dimsetools.config.secret import read_secret

    return name.encode(), read_secret(path, "--require-user")


def _hooks(keeping: Keeping, log: Callable[[Record], None]) -> Hooks:
    from dimsetools.scp.hooks import HookCommand, Hooks

    if keeping.ignore and (keeping.on_object or keeping.on_study):
        raise UsageError("--ignore keeps nothing that --on-object or --on-study could be run for")
    return Hooks(
        log,
        on_object=HookCommand.for_object(keeping.on_object) if keeping.on_object else None,
        on_study=HookCommand.for_study(keeping.on_study) if keeping.on_study else None,
        study_timeout=keeping.study_timeout,
    )


def _store(folder: str, layout: Layout, keeping: Keeping, hooks: Hooks) -> ObjectStore:
    from dimsetools.archive.objects import Durability, ObjectStore, OnDuplicate

    return ObjectStore(
        folder,
        layout=layout,
        durability=Durability(keeping.durability),
        on_duplicate=OnDuplicate(keeping.on_duplicate),
        file_mode=keeping.file_mode,
        min_free=keeping.min_free,
        read=hooks.reads,
    )
