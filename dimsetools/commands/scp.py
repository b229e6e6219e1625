"""`dimse scp`: be a node that answers echoes and keeps what is sent to it."""

from __future__ import annotations

import signal
from time import monotonic
from typing import TYPE_CHECKING

import click

from dimsetools.errors import DimseError, ExitCode, LimitReached, UsageError
from dimsetools.options import ACCEPTOR, NetworkCommand, Session
from dimsetools.options.node import ADMISSION, KEEPING, RUNNING, Admission, Keeping, Running

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import FrameType

    from dimsetools.archive.layout import Layout
    from dimsetools.archive.objects import ObjectStore
    from dimsetools.options.session import Serving
    from dimsetools.render import Output
    from dimsetools.scp.hooks import Hooks
    from dimsetools.scp.policy import AcceptPolicy
    from dimsetools.scp.roles import Record
    from dimsetools.scp.server import Server


def _scp(session: Session, folder: str) -> int:
    from dimsetools.render import Output

    printing = session.output.printing()
    printing["format"] = printing["format"] or "table"  # a node's stdout is for people unless told otherwise
    with Output(**printing) as output:
        node = _Node(session, folder, output)
        try:
            return node.serve()
        finally:
            node.close()


class _Node:
    """A node put together from the options: what can be wrong is found before it listens."""

    def __init__(self, session: Session, folder: str, output: Output) -> None:
        self._session = session
        self._folder = folder
        self._output = output
        self._running = session.values(Running)
        self._signal = 0
        self._trouble: Exception | None = None
        # Objects are results only for programs that ask for records; for people they are a matter of -v.
        self._records = session.output.format is not None or session.output.json
        keeping = session.values(Keeping)
        self._hooks = _hooks(keeping, self._log)
        self._store: ObjectStore | None = None
        self._server = self._make_server(session.values(Admission), keeping)

    def serve(self) -> int:
        """Listen, tell where, and serve until the end; return the exit status."""
        from dimsetools.render import scp as shown

        started = monotonic()
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            self._announce(self._server.start())
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
        """Let go of the folder."""
        if self._store is not None:
            self._store.close()

    def _announce(self, addresses: list[tuple[str, int]]) -> None:
        from dimsetools.render import atomic
        from dimsetools.render import scp as shown

        what = "keeping nothing" if self._store is None else f"storing in {self._folder}"
        line = shown.listening_line(addresses, what)
        self._output.record(shown.listening_record(addresses[0]), line)
        if self._running.ready_file:
            atomic.write(self._running.ready_file, f"{addresses[0][1]}\n")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signal = self._signal or number
        self._server.drain()

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
            self._server.drain()

    def _make_server(self, admission: Admission, keeping: Keeping) -> Server:
        from dimsetools.archive.layout import DEFAULT, Layout
        from dimsetools.message.composite import CEchoRq, CStoreRq
        from dimsetools.scp.served import Manner
        from dimsetools.scp.server import Limits, Server
        from dimsetools.scp.storage import Storage
        from dimsetools.scp.verification import Verification

        running = self._running
        bind = _door(admission)
        serving = self._session.serving()
        policy = _policy(admission, serving)
        layout = Layout(keeping.layout or DEFAULT)
        if not keeping.ignore:
            self._store = _store(self._folder, layout, keeping, self._hooks)
        storage = Storage(
            self._store,
            self._hooks,
            log_objects=self._records or self._output.verbosity > 0,
            log_paths=running.log_phi or not layout.personal,
        )
        manner = Manner(
            policy,
            {CEchoRq: Verification(), CStoreRq: storage},
            serving.timeouts,
            self._log,
            _tls_context(serving),
            self._session.tracer(self._output.note),
        )
        limits = Limits(admission.max_associations, running.exit_after, running.timeout, running.grace)
        return Server(bind, admission.port, manner, self._hooks, limits)


def _door(admission: Admission) -> str | None:
    """Return where to listen: this machine only, unless it was said who may call from elsewhere."""
    bind = admission.bind
    if admission.allow and admission.allow_any:
        raise UsageError("--allow-any lets everybody in, --allow only some", hint="give one of them")
    if admission.allow or admission.allow_any:
        return bind
    from dimsetools.scp.listening import is_loopback

    if bind is not None and not is_loopback(bind):
        raise UsageError(
            f"{bind} can be reached from other machines, and everybody would be let in",
            hint="add --allow AET[@NETWORK] for those who may call, or --allow-any",
        )
    return bind or "localhost"


def _policy(admission: Admission, serving: Serving) -> AcceptPolicy:
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


def _tls_context(serving: Serving) -> ssl.SSLContext | None:
    if serving.tls is None:
        return None
    from dimsetools.association.tls import server_context

    return server_context(serving.tls)


command = NetworkCommand(
    "scp",
    callback=_scp,
    help=(
        "Be a node: answer echoes (C-ECHO) and keep the objects that are sent (C-STORE) in DIR, by default "
        "the current folder.\n\n"
        "Listens on this machine's loopback address only, until --allow or --allow-any says who may call "
        "from elsewhere. Each object is written to a file of its own, checked, synced and then named, so "
        "that whatever was acknowledged is there and whole. SIGTERM ends the node in an orderly way."
    ),
    params=[click.Argument(["folder"], metavar="[DIR]", default=".", type=click.Path())],
    groups=(ADMISSION, KEEPING, RUNNING, *ACCEPTOR),
    examples=(
        ("dimse scp /srv/dicom --aet ARCHIVE --allow CT1@10.1.0.0/16", "keep what one modality sends"),
        ("dimse scp --port 0 --ready-file port --exit-after 10 --timeout 60", "receive in a CI job"),
        ("dimse scp in --layout '{PatientID}/{StudyInstanceUID}/'", "sort by patient and study"),
        ("dimse scp in --on-study 'python3 route.py {StudyInstanceUID}'", "act on complete studies"),
        ("dimse scp --ignore", "measure a sender"),
    ),
    notes=(
        (
            "An instance that is there already with the same data set is a success and nothing is "
            "written. With other content, --on-duplicate decides: keep the old one (and succeed), "
            "replace it, reject the new one with status 0111H, or keep both, the new one under a name "
            "with ~2 in it."
        ),
        (
            "A full disk is answered with A700H and the node goes on; what was written of the object is "
            "removed. After an I/O error everything is answered with A700H until a restart. A data set "
            "that is not whole is answered with C000H, one with other UIDs than announced with A900H. "
            "Unfinished files are named dimse-*.part and removed when the node starts the next time."
        ),
        (
            "Fields of --layout are keywords of the data set, and CallingAET, CalledAET and "
            "TransferSyntaxUID. A value becomes one component of letters, digits and a few signs; what "
            "had to be altered gets a hash behind a ~."
        ),
        (
            "Commands are split into words as a shell would, and run without one. For --on-object there "
            "are {path}, {folder}, {SOPClassUID}, {SOPInstanceUID}, {StudyInstanceUID}, "
            "{TransferSyntaxUID}, {CallingAET} and {CalledAET}; for --on-study {StudyInstanceUID}, "
            "{count}, {folder}, {CallingAET} and {CalledAET}. Four run at a time, without input and "
            "output; a failure is logged and changes nothing."
        ),
        (
            "SIGTERM: no new associations, idle ones are aborted, objects under way may finish within "
            "--grace, exit status 0. SIGINT does the same and exits with 130. A second signal ends the "
            "grace. --exit-after lets the sender ask for release; with --timeout, missing objects are "
            "exit status 75."
        ),
    ),
)
