"""`dimse demo`: a node in this process, and the real commands against it as a user would type them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import click

from dimsetools.commands.demo_node import AET, HOST, Folders, can_print, running
from dimsetools.errors import ExitCode, InputMissing, UsageError
from dimsetools.options import NetworkCommand, Session
from dimsetools.options.output import OUTPUT

if TYPE_CHECKING:
    from dimsetools.render import Output
    from dimsetools.services.examine import Item

_RECEIVER = "DEMO-RX"
_PATIENT_NAME, _PATIENT_ID, _STUDY, _SERIES = 0x00100010, 0x00100020, 0x0020000D, 0x0020000E
_DIMSE = (sys.executable, "-m", "dimsetools")
_NAME, _ID = "Doe", "77654033"
"""Patients of whom pydicom ships several studies."""
_SCAN, _SCANNED = "MR_small_padded.dcm", "4MR1"
"""The image that the demo's department makes, and the ID of its patient."""
_PRINTED = ("CT_small.dcm", _SCAN)
_STEP, _WORKITEM, _LOCK = "2.25.1001", "2.25.1002", "2.25.1003"
_EVENTS = 5
"""How often the workitem of the demo is reported on, and the report that we make ourselves."""


class _Story(NamedTuple):
    """What the commands of the demo are about: the node, our own port, and where everything lies."""

    output: Output
    peer: str
    port: str
    folder: str
    scan: str
    films: tuple[str, ...]

    def _in(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def tell(self) -> bool:
        """Run the commands, and tell whether all of them have succeeded."""
        done = [_run(self.output, *words) for words in (*self._objects(), *self._steps())]
        listener = self._listen()
        try:
            done += [_run(self.output, *words) for words in (*self._workitems(), *self._films())]
            return self._heard(listener) and all(done)
        finally:
            listener.kill()  # it has ended, unless nobody reads what we say any more

    def _objects(self) -> list[tuple[str, ...]]:
        peer, to_us = self.peer, ("--aet", _RECEIVER, "--receive", self.port, "-o", self._in("moved"))
        return [
            ("echo", peer),
            ("store", peer, self._in("objects"), "--commit"),
            ("commit", peer, self.scan),
            ("find", peer, f"PatientName={_NAME}*"),
            ("get", peer, f"PatientName={_NAME}*", "-o", self._in("got")),
            ("move", peer, f"PatientID={_ID}", *to_us),
        ]

    def _steps(self) -> list[tuple[str, ...]]:
        """Perform what is in the worklist, and tell that its objects are available."""
        peer = self.peer
        return [
            ("find", peer, "-W", f"PatientID={_SCANNED}"),
            ("mpps", "start", peer, "--worklist", peer, "--where", f"PatientID={_SCANNED}", "--uid", _STEP),
            ("mpps", "complete", peer, _STEP, self.scan, "--retrieve-aet", AET),
            ("nget", peer, "mpps", _STEP, "PatientName", "PerformedProcedureStepStatus"),
            ("ncreate", peer, "ian", "new", "-f", self._in("available.json")),
        ]

    def _workitems(self) -> list[tuple[str, ...]]:
        """Schedule a unified procedure step, and perform it."""
        peer, lock = self.peer, ("--transaction", _LOCK)
        us = f"{_RECEIVER}@{HOST}:{self.port}"
        return [
            ("naction", peer, "ups", "global", "subscribe", f"ReceivingAE={_RECEIVER}", "DeletionLock=FALSE"),
            ("ups", "push", peer, "ProcedureStepLabel=Segment", "--input", self.scan, "--uid", _WORKITEM),
            ("nset", peer, "ups", _WORKITEM, "ScheduledProcedureStepPriority=HIGH"),
            ("ups", "claim", peer, _WORKITEM, *lock),
            ("ups", "progress", peer, _WORKITEM, *lock, "--percent", "50"),
            ("ups", "complete", peer, _WORKITEM, self.scan, *lock, "--retrieve-aet", AET),
            ("find", peer, "-M", "ups-pull", "ProcedureStepState=COMPLETED"),
            ("nevent", us, "ups", _WORKITEM, "assigned"),
        ]

    def _films(self) -> list[tuple[str, ...]]:
        """Print by one command, and step by step."""
        if not can_print():
            self.output.note("without numpy and pillow nothing is printed: pip install 'dimsetools[print]'")
            return []
        job = self._in("print.dimse")
        return [
            ("print", self.peer, *self.films, "--film", "2x1", "--annotate", "{PatientName}"),
            ("shell", self.peer, "--for", "print", job, self.scan),
        ]

    def _listen(self) -> subprocess.Popen[str]:
        """Have events taken in the background, from when this returns."""
        ready = self._in("listening")
        words = ("listen", "ups", "--aet", _RECEIVER, "--port", self.port, "--count", str(_EVENTS))
        _show(self.output, *words, background=True)
        listener = subprocess.Popen(
            [*_DIMSE, *words, "--timeout", "20", "--ready-file", ready, "--format", "table"],
            env=_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        while listener.poll() is None and not os.path.exists(ready):
            with suppress(subprocess.TimeoutExpired):
                listener.wait(0.02)
        return listener

    def _heard(self, listener: subprocess.Popen[str]) -> bool:
        """Show which events have come, and tell whether those are all."""
        told, _ = listener.communicate()
        self.output.record({}, "")
        self.output.record({}, "the events that dimse listen has taken meanwhile:")
        for line in told.splitlines():
            self.output.record({}, line)
        return not listener.returncode


def _demo(session: Session, keep: str | None) -> int:
    from dimsetools.render import Output
    from dimsetools.render.line import bad, good

    printing = session.output.printing() | {"format": "table"}
    with ExitStack() as stack:
        output = stack.enter_context(Output(**printing))
        folder = keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="dimse-demo-"))
        works = _play(output, folder)
        verdict = good("everything works") if works else bad("something does not work")
        output.record({}, [verdict])
    return ExitCode.OK if works else ExitCode.FAILURE


def _play(output: Output, folder: str) -> bool:
    """Run the demo in `folder`, and tell whether everything works."""
    objects, kept, worklist, films, got, moved = (
        os.path.join(folder, name) for name in ("objects", "node", "worklist", "films", "got", "moved")
    )
    if os.path.exists(objects):
        raise UsageError(f"there is a demo in {folder} already", hint="name a folder that is empty")
    items = _gather(objects)
    scan = _named(items, _SCAN)
    _write_inputs(scan, folder, worklist)
    output.record({}, f"{len(items)} objects that pydicom ships lie in {objects}")
    port = str(_free_port())
    with running(Folders(kept, worklist, films), f"{_RECEIVER}@{HOST}:{port}") as node:
        output.record({}, f"a node listens on {HOST}:{node} and stores in {kept}")
        printed = tuple(_copied(_named(items, name), objects) for name in _PRINTED)
        peer = f"{AET}@{HOST}:{node}"
        story = _Story(output, peer, port, folder, _copied(scan, objects), printed)
        works = story.tell()
    output.record({}, "")
    named = [item for item in items if _value(item, _PATIENT_NAME).startswith(_NAME)]
    numbered = [item for item in items if _value(item, _PATIENT_ID) == _ID]
    return all(
        [
            works,
            _judge(output, "arrived", items, kept),
            _judge(output, "came back by get", named, got),
            _judge(output, "came by move", numbered, moved),
        ]
    )


def _write_inputs(scan: Item, folder: str, worklist: str) -> None:
    """Write what the commands read: an item for the worklist, a notification, a script."""
    os.mkdir(worklist)
    patient = {"PatientName": _value(scan, _PATIENT_NAME), "PatientID": _value(scan, _PATIENT_ID)}
    step = {
        "Modality": "MR",
        "ScheduledStationAETitle": "MR1",
        "ScheduledProcedureStepStartDate": "20260101",
        "ScheduledProcedureStepStartTime": "0800",
        "ScheduledProcedureStepID": "1",
    }
    item = {
        **patient,
        "StudyInstanceUID": _value(scan, _STUDY),
        "AccessionNumber": "A100",
        "RequestedProcedureID": "1",
        "ScheduledProcedureStepSequence": [step],
    }
    instance = {
        "ReferencedSOPClassUID": scan.meta.sop_class_uid,
        "ReferencedSOPInstanceUID": scan.meta.sop_instance_uid,
        "InstanceAvailability": "ONLINE",
        "RetrieveAETitle": [AET],
    }
    series = {"SeriesInstanceUID": _value(scan, _SERIES), "ReferencedSOPSequence": [instance]}
    available = {
        "StudyInstanceUID": _value(scan, _STUDY),
        "ReferencedPerformedProcedureStepSequence": [],
        "ReferencedSeriesSequence": [series],
    }
    _write(os.path.join(worklist, "item.json"), json.dumps(item))
    _write(os.path.join(folder, "available.json"), json.dumps(available))
    job = files("dimsetools").joinpath("examples", "print.dimse").read_text(encoding="utf-8")
    _write(os.path.join(folder, "print.dimse"), job)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _named(items: list[Item], name: str) -> Item:
    """Return the object that came in a file of this name."""
    return next(item for item in items if os.path.basename(item.path) == name)


def _copied(item: Item, folder: str) -> str:
    """Return where the copy of an object lies."""
    return next(
        entry.path for entry in os.scandir(folder) if entry.name.endswith(f"-{os.path.basename(item.path)}")
    )


def _judge(output: Output, how: str, items: list[Item], folder: str) -> bool:
    """Say how many of `items` are in `folder` as they were sent, and tell whether that is all of them."""
    from dimsetools.render.line import bad

    missing = [item for item in items if not _arrived(item, folder)]
    for item in missing:
        output.record({}, [bad("missing or altered: "), item.path])
    output.record({}, f"{len(items) - len(missing)} of {len(items)} objects {how} bit for bit")
    return bool(items) and not missing


def _value(item: Item, tag: int) -> str:
    """Return an attribute of an object's file."""
    from dimsetools.dataset.elements import pick

    with open(item.path, "rb") as file:
        meta = item.meta
        found = pick(file.fileno(), meta.transfer_syntax, [tag], offset=meta.offset, length=meta.length)
    return found.get(tag, b"").decode("latin-1").strip("\0 ")


def _free_port() -> int:
    """Return a port that was free a moment ago: the node has to know where we shall be."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _gather(folder: str) -> list[Item]:
    """Copy the sound objects that pydicom carries for its tests into `folder`, one of each instance."""
    from dimsetools.services.examine import Item, examine
    from dimsetools.services.selection import select

    spec = find_spec("pydicom")
    shipped = os.path.join(os.path.dirname(spec.origin), "data", "test_files") if spec and spec.origin else ""
    found = {
        item.meta.sop_instance_uid: item for item in examine(select([shipped])) if isinstance(item, Item)
    }
    if not found:
        raise InputMissing("pydicom has come without its test files", hint="install pydicom from PyPI")
    os.makedirs(folder)
    for number, item in enumerate(found.values(), 1):
        shutil.copy(item.path, os.path.join(folder, f"{number:03d}-{os.path.basename(item.path)}"))
    return list(found.values())


def _run(output: Output, *words: str) -> bool:
    """Show a command line, run it in a process of its own, and tell whether it succeeded."""
    from dimsetools.render.line import bad

    if not sys.stdout.isatty():
        words += ("--format", "table")  # a log of the demo is for people too
    _show(output, *words)
    code = subprocess.run([*_DIMSE, *words], env=_environment(), check=False).returncode
    if code:
        output.record({}, [bad(f"exit status {code}")])
    return not code


def _show(output: Output, *words: str, background: bool = False) -> None:
    from dimsetools.render.line import dim

    output.record({}, "")
    output.record({}, [dim("$ "), shlex.join(["dimse", *words]) + (" &" if background else "")])


def _environment() -> dict[str, str]:
    """Return our environment without what the user has configured: that is for their nodes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIMSE_")}
    return kept | {"XDG_CONFIG_HOME": os.devnull}


def _arrived(item: Item, folder: str) -> bool:
    """Tell whether the node has the object's data set, as it had to be sent, in the same transfer syntax."""
    from dimsetools.dataset.part10 import open_regular, read_meta
    from dimsetools.errors import InputError

    try:
        fd, status = open_regular(os.path.join(folder, f"{item.meta.sop_instance_uid}.dcm"))
    except InputError:
        return False
    with open(fd, "rb") as kept, open(item.path, "rb") as sent:
        meta = read_meta(fd, status.st_size)
        kept.seek(meta.offset)
        sent.seek(item.meta.offset)
        return meta.transfer_syntax == item.meta.transfer_syntax and kept.read() == _even(sent.read())


def _even(data: bytes) -> bytes:
    """Return a data set as a message carries it: a deflated one of odd length ends in a NUL (PS3.5 A.5)."""
    return data + b"\0" * (len(data) % 2)


command = NetworkCommand(
    "demo",
    callback=_demo,
    help=(
        "See it work on this machine: start a node in a temporary folder, run the other commands against it "
        "with objects that pydicom ships, and check that what arrived and came back is what was sent."
    ),
    params=[
        click.Option(
            ["--keep"],
            type=click.Path(file_okay=False),
            metavar="DIR",
            help="Do it in this folder and leave everything there: objects, worklist, films.",
        )
    ],
    groups=(OUTPUT,),
    without=(
        "format",
        "json",
        "fields",
        "headers",
        "verbose",
        "quiet",
        "log_json",
        "stats",
        "trace",
        "trace_phi",
    ),
    examples=[
        ("dimse demo", "try the toolkit after installing it"),
        ("dimse demo --keep demo", "and look at its films afterwards"),
    ],
)
