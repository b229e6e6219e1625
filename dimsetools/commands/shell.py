"""`dimse shell`: several commands over one association, typed or from a file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dimsetools.errors import ConnectionLost, DimseError, ExitCode, UsageError, did_you_mean, worst
from dimsetools.options import REQUESTOR, NetworkCommand, PeerArgument, Session
from dimsetools.options.normalized import DATA_SETS, DataSets
from dimsetools.options.types import Named

if TYPE_CHECKING:
    from dimsetools.commands.shell_run import Shell
    from dimsetools.commands.shell_script import Script
    from dimsetools.render import Output
    from dimsetools.render.prompt import Prompt

_EXAMPLES = ("print",)
_PRINT = ("print-grayscale", "print-color", "printer", "print-job", "annotation-box", "presentation-lut")
_FOR = {
    "print": _PRINT,
    "mpps": ("mpps", "mpps-retrieve", "mpps-notification"),
    "ups": ("ups-push", "ups-watch", "ups-pull", "ups-event", "ups-query"),
    "query": (),
}


def _shell(session: Session, peer: str | None, words: tuple[str, ...], **own: Any) -> int:
    from dimsetools.commands.shell_script import STDIN, Script
    from dimsetools.render import Output

    if own["example"] is not None:
        return _show_example(session, own["example"])
    if peer is None:
        raise UsageError("a shell has a peer", hint="dimse shell PEER")
    name, arguments = (words[0], words[1:]) if words else ("", ())
    if not name and not sys.stdin.isatty():
        name = STDIN
    contexts = _contexts(own["purposes"])
    printing = session.output.printing()
    printing["format"] = printing["format"] or "table"
    script = Script(name, arguments, session.stop) if name else None
    with Output(**printing) as output:
        shell = _opened(session, output, peer, contexts)
        if session.operation.dry_run:
            return _rehearse(output, shell, contexts, script)
        with shell.line:
            shell.open()
            run = _Run(session, shell)
            if script is None:
                return run.interactive(session.target(peer).called_aet or peer)
            return run.script(script, keep_going=own["keep_going"])


def _opened(session: Session, output: Output, peer: str, contexts: Sequence[str]) -> Shell:
    """Return the shell, whose line is not open yet."""
    from dimsetools.commands.shell_run import Shell
    from dimsetools.services.normalized import Line, Manner

    negotiation, charset = session.negotiation, session.node(peer).charset
    target = session.target(peer)
    shell: Shell
    manner = Manner(
        negotiation.transfer_syntaxes,
        negotiation.roles,
        negotiation.extended,
        session.operation.abort,
        session.values(DataSets).assume_charset or charset,
    )
    line = Line(
        target,
        manner,
        contexts,
        heard=lambda event: shell.heard(event),
        stop=session.stop,
        tracer=session.tracer(output.note),
    )
    shell = Shell(session, output, target, line, charset)
    return shell


def _contexts(purposes: Sequence[str]) -> tuple[str, ...]:
    """Return the abstract syntaxes to propose; all of the N- services and of queries if nothing is said."""
    from dimsetools.dataset.models import MODELS
    from dimsetools.dataset.normalized import normalized_class
    from dimsetools.uids import VERIFICATION

    query = (VERIFICATION, *(MODELS[name].find for name in ("study", "patient", "worklist")))
    found: dict[str, None] = {}
    for purpose in purposes or (*_FOR, "commit", "ian", "media-creation", "display-system"):
        if purpose == "query":
            found |= dict.fromkeys(query)
        for name in _FOR.get(purpose, (purpose,)):
            known = normalized_class(name)
            found |= dict.fromkeys(known.contexts[:1] if name.startswith("ups-") else (known.uid,))
    return tuple(found)


# -- commands ---------------------------------------------------------------------------------------


class _Run:
    """Carries out one command after the other."""

    def __init__(self, session: Session, shell: Shell) -> None:
        self._session = session
        self._shell = shell
        self._codes: list[ExitCode] = []

    def script(self, script: Script, *, keep_going: bool) -> int:
        """Carry out a script up to its first failure, or as long as the association lasts."""
        from dimsetools.commands.shell_run import Quit, Where

        shell, stop = self._shell, self._session.stop
        for statement in script:
            if stop.requested:
                break
            try:
                shell.run(statement, Where(script.place(statement), script.arguments, script.from_stdin))
                self._codes.append(ExitCode.OK)
            except Quit:
                break
            except DimseError as error:
                self._failed(error)
                if not keep_going or not shell.line.is_open or stop.requested:
                    break
        if stop.requested and self._codes[-1:] != [stop.exit_code]:  # it was in no command that it came
            self._failed(stop.error())
        self._end()
        if stop.requested:
            return stop.exit_code
        code = worst(self._codes) if keep_going else next((one for one in self._codes if one), ExitCode.OK)
        return self._strict(code)

    def interactive(self, name: str) -> int:
        """Carry out what somebody types."""
        from dimsetools.commands.shell_completion import offers
        from dimsetools.commands.shell_lines import statement
        from dimsetools.commands.shell_run import Quit
        from dimsetools.render.prompt import Prompt, history_file

        shell, output, stop = self._shell, self._shell.output, self._session.stop
        shell.reopens = True
        output.note("help shows the commands, Ctrl-D ends")
        prompt = Prompt(f"{name}> ", lambda before, text: offers(before, text, shell.kept))
        with prompt.remembering(history_file()):
            while True:
                try:
                    line = self._typed(prompt)
                    if line is None:
                        break
                    found = statement(line)
                    if found is not None:
                        shell.run(found)
                        self._codes.append(ExitCode.OK)
                except KeyboardInterrupt:
                    output.prompt("")
                except Quit:
                    break
                except DimseError as error:
                    if stop.exit_code is ExitCode.TERMINATED:
                        raise
                    self._failed(error)
                if stop.exit_code is ExitCode.TERMINATED:
                    raise stop.error()
                self._session.resume()
        self._end()
        return self._strict(ExitCode.OK)

    def _typed(self, prompt: Prompt) -> str | None:
        """Return the next line, None at the end; until a key is pressed, what the peer says is taken."""
        from dimsetools.render.prompt import edits
        from dimsetools.render.screen import can_erase

        line, output = self._shell.line, self._shell.output
        was_open = line.is_open
        with _interruptible():
            if not (edits() and can_erase(sys.stderr)):
                return _whole_line(prompt)
            with prompt.keys() as keyboard:
                output.prompt(prompt.text)
                try:
                    line.wait(None, lambda: prompt.pressed() or (was_open and not line.is_open), keyboard)
                finally:
                    output.prompt("")
                if was_open and not line.is_open:
                    raise ConnectionLost(
                        f"{self._shell.node} has ended the association",
                        hint="the next command opens a new one",
                    )
                return _whole_line(prompt)

    def _failed(self, error: DimseError) -> None:
        self._codes.append(error.exit_code)
        self._shell.output.failure(error, self._shell.whose(error))

    def _end(self) -> None:
        failed = sum(code is not ExitCode.OK for code in self._codes)
        record = {
            "_event": "summary",
            "_node": self._shell.node,
            "_commands": len(self._codes),
            "_failed": failed,
        }
        self._shell.output.summary(record)

    def _strict(self, code: ExitCode) -> int:
        if code is ExitCode.OK and self._shell.warned and self._session.operation.strict:
            return ExitCode.WARNINGS
        return code


def _whole_line(prompt: Prompt) -> str | None:
    """Return a line with those that continue it."""
    from dimsetools.commands.shell_lines import goes_on

    line = prompt.line()
    while line is not None and goes_on(line):
        line = line[:-1] + (prompt.line("> ") or "")
    return line


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C clear the line that is typed, and end nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _rehearse(output: Output, shell: Shell, contexts: Sequence[str], script: Script | None) -> int:
    """Show what would be proposed, and how many commands there are."""
    from dimsetools.render import units
    from dimsetools.uids import name_of

    record = {"_event": "would-open", "_address": shell.node, "_abstract_syntaxes": list(contexts)}
    output.record(record, f"would call {shell.node} for {', '.join(map(name_of, contexts))}")
    if script is not None:
        count = units.counted(sum(1 for _ in script), "command")
        output.note(f"{script.name}: {count}, in order as far as that can be said")
    return ExitCode.OK


def _show_example(session: Session, name: str) -> int:
    """Print a script that comes with the program."""
    from importlib.resources import files

    from dimsetools.render import Output

    text = files("dimsetools").joinpath("examples", f"{name}.dimse").read_text(encoding="utf-8")
    with Output(**session.output.printing() | {"format": "table"}) as output:
        for line in text.splitlines():
            output.record({}, line)
    return ExitCode.OK


def _purpose(text: str) -> str:
    try:
        _contexts((text,))
    except UsageError:
        known = did_you_mean(text, _purposes()) or f"{', '.join(_FOR)}, or a class, as CTImageStorage"
        raise ValueError(f"is no purpose and no SOP class ({known})") from None
    return text


def _purposes() -> tuple[str, ...]:
    from dimsetools.dataset.normalized import CLASSES

    return (*_FOR, *(name for name in CLASSES if name not in _FOR))


command = NetworkCommand(
    "shell",
    callback=_shell,
    help=(
        "Say several things to a node over one association: typed, from a file, or from a pipe.\n\n"
        "The commands are those of dimse without PEER: nget, nset, naction, ncreate, ndelete, nevent, echo, "
        "find, store; and image, wait, show, status, help, quit. NAME = COMMAND keeps a reply, "
        "{NAME.Attribute} in a later line stands for what is in it."
    ),
    params=[
        PeerArgument(required=False),
        click.Argument(
            ["words"],
            metavar="[FILE [ARGUMENT...]]",
            nargs=-1,
            type=click.Path(),
            help="A file of commands, one a line; - is stdin. An ARGUMENT stands for {1}, {2} ... in it.",
        ),
        click.Option(
            ["--for", "purposes"],
            multiple=True,
            metavar="print|mpps|ups|query|CLASS",
            type=Named("purpose", _purpose, choices=_purposes),
            help="What to propose: SOP classes by purpose or one by one (default nearly all). Repeatable.",
        ),
        click.Option(["--keep-going"], is_flag=True, help="Go on after a command that failed."),
        click.Option(
            ["--example"],
            type=click.Choice(_EXAMPLES),
            help="Print a script that shows how it is done, and end.",
        ),
    ],
    groups=(DATA_SETS, *REQUESTOR),
    without=("repeat", "interval", "stats", "priority"),
    examples=(
        ("dimse shell printer --for print", "talk to a printer"),
        ("dimse shell --example print > job.dimse", "see how a print job is written"),
        ("dimse shell printer --for print job.dimse ct.dcm", "carry it out"),
        ("echo 'nget printer printer' | dimse shell printer --json", "from another program"),
    ),
    notes=(
        (
            "\b\n"
            "session = ncreate film-session NumberOfCopies=1\n"
            "nset film-session {session.AffectedSOPInstanceUID} NumberOfCopies=2\n"
            "found = find PatientName='DOE*' StudyDate=today\n"
            "show found"
        ),
        (
            "image UID FILE renders a frame and puts it into an image box of a film, wait takes the next "
            "event that the node reports, show NAME shows what is kept, status shows the association; "
            "help COMMAND says how a command is written."
        ),
        (
            "Words are separated by blanks; quotes of either kind hold them together. A backslash separates "
            "the values of an attribute as it does in DICOM, and at the end of a line continues the line. "
            "# begins a comment, {{ is a brace."
        ),
        (
            "What a reply says can be named by keywords: {film.AffectedSOPInstanceUID}, or within a sequence "
            "{film.ReferencedImageBoxSequence[0].ReferencedSOPInstanceUID}. Of find, "
            "{found[1].StudyInstanceUID} is that of the second match."
        ),
        (
            "All lines of a file are checked before a connection is made, as far as that can be done without "
            "the replies. It is carried out to the first "
            "failure, whose exit status is that of the shell; with --keep-going to the end, or until the "
            "node ends the association. At a terminal, the next command opens a new one then, and Ctrl-C "
            "ends only the command that is waiting."
        ),
        (
            "--format tsv and csv have the columns of the first result, or those of --fields. "
            "Events that the node reports are shown and answered whenever they come. Some nodes take ours "
            "(nevent) only if --role CLASS=both was proposed. Lines are remembered in "
            "$XDG_STATE_HOME/dimse/history."
        ),
    ),
)
