"""`dimse demo`: a node in this process, and the real commands against it as a user would type them."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dimsetools.errors import ExitCode, InputMissing
from dimsetools.options import NetworkCommand, Session
from dimsetools.options.output import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimsetools.message.command import Request
    from dimsetools.render import Output
    from dimsetools.scp.roles import Role
    from dimsetools.services.examine import Item

_AET, _RECEIVER = "DEMO", "DEMO-RX"
_HOST = "127.0.0.1"
_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_NAME, _ID = "Doe", "77654033"
"""Patients of whom pydicom ships several studies."""


def _demo(session: Session) -> int:
    from dimsetools.render import Output
    from dimsetools.render.line import bad, good

    printing = session.output.printing() | {"format": "table"}
    with Output(**printing) as output, tempfile.TemporaryDirectory(prefix="dimse-demo-") as folder:
        objects, kept, got, moved = (
            os.path.join(folder, name) for name in ("objects", "node", "got", "moved")
        )
        items = _gather(objects)
        output.record({}, f"{len(items)} objects that pydicom ships lie in {objects}")
        receiver = str(_free_port())
        with _node(kept, f"{_RECEIVER}@{_HOST}:{receiver}") as port:
            output.record({}, f"a node listens on {_HOST}:{port} and stores in {kept}")
            peer = f"{_AET}@{_HOST}:{port}"
            to_us = ("--aet", _RECEIVER, "--receive", receiver, "-o", moved)
            works = all(
                [
                    _run(output, "echo", peer),
                    _run(output, "store", peer, objects),
                    _run(output, "find", peer, f"PatientName={_NAME}*"),
                    _run(output, "get", peer, f"PatientName={_NAME}*", "-o", got),
                    _run(output, "move", peer, f"PatientID={_ID}", *to_us),
                ]
            )
        output.record({}, "")
        named = [item for item in items if _value(item, _PATIENT_NAME).startswith(_NAME)]
        numbered = [item for item in items if _value(item, _PATIENT_ID) == _ID]
        works = works and all(
            [
                _judge(output, "arrived", items, kept),
                _judge(output, "came back by get", named, got),
                _judge(output, "came by move", numbered, moved),
            ]
        )
        verdict = good("everything works") if works else bad("something does not work")
        output.record({}, [verdict])
    return ExitCode.OK if works else ExitCode.FAILURE


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
    with socket.create_server((_HOST, 0)) as listener:
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
    os.mkdir(folder)
    for number, item in enumerate(found.values(), 1):
        shutil.copy(item.path, os.path.join(folder, f"{number:03d}-{os.path.basename(item.path)}"))
    return list(found.values())


@contextmanager
def _node(folder: str, destination: str) -> Iterator[int]:
    """Run a node with all its roles in a thread; it may send to `destination`. Yields its port."""
    from dimsetools.archive.index import Index
    from dimsetools.archive.ledger import Ledger
    from dimsetools.archive.objects import Durability, ObjectStore
    from dimsetools.association.values import Timeouts
    from dimsetools.config import load
    from dimsetools.message.composite import CEchoRq, CStoreRq
    from dimsetools.scp.destinations import Destinations
    from dimsetools.scp.hooks import Hooks
    from dimsetools.scp.kept import Archive
    from dimsetools.scp.offered import offered
    from dimsetools.scp.policy import AcceptPolicy
    from dimsetools.scp.served import Manner
    from dimsetools.scp.server import Server
    from dimsetools.scp.storage import Storage
    from dimsetools.scp.verification import Verification
    from dimsetools.scp.workflow import Workflow
    from dimsetools.uids import storage_classes

    def log(record: object) -> None:
        """Keep quiet: the commands tell what happens."""

    os.mkdir(folder)
    hooks = Hooks(log)
    with (
        Index(folder, durability=Durability.FULL) as index,
        ObjectStore(folder, index=index) as store,
        Ledger(folder) as ledger,
    ):
        destinations = Destinations(load(environ={}), [destination])
        workflow = Workflow(ledger, destinations, log, Archive(store, index), own_aet=_AET)
        more = offered((store, index), None, destinations, workflow=workflow)
        usual: Mapping[type[Request], Role] = {CEchoRq: Verification(), CStoreRq: Storage(store, hooks)}
        roles = {**usual, **more.roles}
        policy = AcceptPolicy(storage_classes(), called_aet=_AET, services=more.services, sends=True)
        manner = Manner(policy, roles, Timeouts(), log, posts=workflow.posts, left=workflow.role.left)
        server = Server(_HOST, 0, manner, hooks)
        port = server.start()[0][1]
        thread = threading.Thread(target=server.serve, name="node")
        thread.start()
        workflow.start()
        try:
            yield port
        finally:
            server.drain()
            thread.join()
            workflow.close()


def _run(output: Output, *words: str) -> bool:
    """Show a command line, run it in a process of its own, and tell whether it succeeded."""
    from dimsetools.render.line import bad, dim

    if not sys.stdout.isatty():
        words += ("--format", "table")  # a log of the demo is for people too
    output.record({}, "")
    output.record({}, [dim("$ "), shlex.join(["dimse", *words])])
    # What the user has configured is for their nodes, not for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIMSE_")}
    environment |= {"XDG_CONFIG_HOME": os.devnull}
    code = subprocess.run(
        [sys.executable, "-m", "dimsetools", *words], env=environment, check=False
    ).returncode
    if code:
        output.record({}, bad(f"exit status {code}"))
    return not code


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
    examples=[("dimse demo", "try the toolkit after installing it")],
)
