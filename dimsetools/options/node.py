"""What a node is told: who may call, what becomes of the objects, and when it ends."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import click

from dimsetools.options.group import Group
from dimsetools.options.types import COUNT, DURATION, FILE, TITLE

PORT = 11112  # registered with IANA for DICOM over TCP
_ASSOCIATIONS = 400
_GRACE = 10.0
_STUDY_TIMEOUT = 30.0
_UPS_KEEP = 30.0
_SIZE = re.compile(r"([0-9]{1,15})([kMGT]?)B?", re.ASCII)
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Admission(NamedTuple):
    """Where to listen and whom to let in."""

    aet: str | None = None
    any_called: bool = False
    port: int = PORT
    bind: str | None = None
    allow: tuple[str, ...] = ()
    allow_any: bool = False
    any_class: bool = False
    require_user: tuple[str, ...] = ()
    allow_cleartext_auth: bool = False
    max_associations: int = _ASSOCIATIONS


class Keeping(NamedTuple):
    """What becomes of the objects; sizes in bytes, times in seconds."""

    layout: str | None = None
    durability: str = "full"
    on_duplicate: str = "replace"
    file_mode: int = 0o600
    min_free: int = 0
    ignore: bool = False
    on_object: str | None = None
    on_study: str | None = None
    study_timeout: float = _STUDY_TIMEOUT


class Answering(NamedTuple):
    """What is answered out of what is kept."""

    no_index: bool = False
    worklist: str | None = None
    dest: tuple[str, ...] = ()
    reindex: bool = False
    check: bool = False


class Working(NamedTuple):
    """What is done with procedure steps and films."""

    mpps_notify: tuple[str, ...] = ()
    films: str | None = None
    ups_keep: float = _UPS_KEEP


class Running(NamedTuple):
    """When the node ends and what it tells; times in seconds."""

    exit_after: int | None = None
    timeout: float | None = None
    grace: float = _GRACE
    ready_file: str | None = None
    log_phi: bool = False


def _octal(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text) or int(text, 8) & 0o600 != 0o600:
        raise click.BadParameter("write an octal mode that lets the owner read and write, as 0640")
    return int(text, 8)


def _bytes(_ctx: click.Context, _param: click.Parameter, text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise click.BadParameter("write bytes, or a number with k, M, G or T")
    return int(match[1]) * _UNITS[match[2]]


def _option(name: str, text: str, **settings: Any) -> click.Option:
    return click.Option([name], help=text, **settings)


def _seconds(name: str, text: str, **settings: Any) -> click.Option:
    return _option(name, text, type=DURATION, metavar="SECONDS", **settings)


def _choice(name: str, text: str, *words: str, default: str) -> click.Option:
    return _option(name, f"{text} (default {default}).", type=click.Choice(words), default=default)


ADMISSION = Group(
    "Who may call",
    Admission,
    (
        _option("--aet", "Our AE title: take only calls for it.", type=TITLE, metavar="TITLE"),
        _option("--any-called", "Take calls for other titles than --aet too.", is_flag=True),
        _option(
            "--port",
            f"Port to listen on (default {PORT}); 0 picks a free one and prints it.",
            type=click.IntRange(0, 65535),
            default=PORT,
            metavar="PORT",
        ),
        _option("--bind", "Address to listen on (default the loopback ones).", metavar="ADDRESS"),
        _option(
            "--allow",
            "Let this AE title in, from this address or network; * is any title. Repeatable.",
            multiple=True,
            metavar="AET[@NET]",
        ),
        _option("--allow-any", "Let everybody in.", is_flag=True),
        _option("--any-class", "Keep objects of unknown and private classes too.", is_flag=True),
        _option(
            "--require-user",
            "Let only users in that show the passcode in FILE. Repeatable.",
            multiple=True,
            metavar="NAME:FILE",
        ),
        _option("--allow-cleartext-auth", "Take passcodes without TLS, which others can read.", is_flag=True),
        _option(
            "--max-associations",
            f"Associations at a time (default {_ASSOCIATIONS}); more are rejected for now.",
            type=COUNT,
            default=_ASSOCIATIONS,
            metavar="N",
        ),
    ),
)
KEEPING = Group(
    "Keeping objects",
    Keeping,
    (
        _option(
            "--layout",
            "Path of an object, as {PatientID}/{StudyInstanceUID}/ (default {SOPInstanceUID}.dcm).",
            metavar="PATTERN",
        ),
        _choice(
            "--durability",
            "What is on the disk before Success is answered: the file and its name, the file, nothing",
            "full",
            "file",
            "none",
            default="full",
        ),
        _choice(
            "--on-duplicate",
            "What to do with an instance that is there with other content",
            "keep",
            "replace",
            "reject",
            "both",
            default="replace",
        ),
        _option(
            "--file-mode",
            "Permissions of the files (default 0600); folders get what goes with it.",
            default="0600",
            callback=_octal,
            metavar="MODE",
        ),
        _option(
            "--min-free",
            "Refuse objects while less is free on the disk, as 500M or 2G.",
            default="0",
            callback=_bytes,
            metavar="BYTES",
        ),
        _option(
            "--ignore", "Answer Success to every object and keep nothing, not even an index.", is_flag=True
        ),
        _option(
            "--on-object",
            "Run this for each object, without a shell; {path}, {SOPInstanceUID}, ... are filled in.",
            metavar="COMMAND",
        ),
        _option("--on-study", "Run this for each study that has been quiet for a while.", metavar="COMMAND"),
        _seconds(
            "--study-timeout", f"How long is a while (default {_STUDY_TIMEOUT:g}).", default=_STUDY_TIMEOUT
        ),
    ),
)
ANSWERING = Group(
    "Query and retrieval",
    Answering,
    (
        _option(
            "--no-index",
            "Only receive objects: answer no queries, send nothing, manage no workflow.",
            is_flag=True,
        ),
        _option(
            "--worklist",
            "Answer modality worklist queries from the DICOM or JSON items in this folder.",
            type=click.Path(file_okay=False),
            metavar="DIR",
        ),
        _option(
            "--dest",
            "Objects (C-MOVE) and reports may go to this node, as to each in the configuration. Repeatable.",
            multiple=True,
            metavar="AET@HOST:PORT",
        ),
        _option("--reindex", "Make the index of DIR anew from its files, and exit.", is_flag=True),
        _option("--check", "List where the index of DIR and its files differ, and exit.", is_flag=True),
    ),
)
WORKING = Group(
    "Workflow",
    Working,
    (
        _option(
            "--mpps-notify",
            "Tell this node of procedure steps that begin and end; --dest or the configuration has its "
            "address. Repeatable.",
            type=TITLE,
            multiple=True,
            metavar="AET",
        ),
        _option(
            "--films",
            "Be a printer, too: each film becomes a PNG and a PDF file in this folder.",
            type=click.Path(file_okay=False),
            metavar="DIR",
        ),
        _option(
            "--ups-keep",
            f"Days to keep workitems that have ended and have no deletion lock (default {_UPS_KEEP:g}).",
            type=click.FloatRange(min=0),
            default=_UPS_KEEP,
            metavar="DAYS",
        ),
    ),
)
RUNNING = Group(
    "Running",
    Running,
    (
        _option("--exit-after", "End when N objects have been stored.", type=COUNT, metavar="N"),
        _seconds("--timeout", "End after this time."),
        _seconds(
            "--grace",
            f"Time for objects under way to finish at the end (default {_GRACE:g}).",
            default=_GRACE,
        ),
        _option("--ready-file", "Write the port to FILE once it is listened on.", type=FILE, metavar="FILE"),
        _option(
            "--log-phi",
            "Log what may tell who a patient is: paths by --layout, and keys of queries.",
            is_flag=True,
        ),
    ),
)
