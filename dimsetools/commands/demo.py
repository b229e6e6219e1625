"""`dimse demo`: a node in this process, and the real commands against it as a user would type them."""

from __future__ import annotations

import os
import shlex
import shutil
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

_AET = "DEMO"


def _demo(session: Session) -> int:
    from dimsetools.render import Output
    from dimsetools.render.line import bad, good

    printing = session.output.printing() | {"format": "table"}
    with Output(**printing) as output, tempfile.TemporaryDirectory(prefix="dimse-demo-") as folder:
        objects = os.path.join(folder, "objects")
        kept = os.path.join(folder, "node")
        items = _gather(objects)
        output.record({}, f"{len(items)} objects that pydicom ships lie in {objects}")
        with _node(kept) as port:
            output.record({}, f"a node listens on 127.0.0.1:{port} and stores in {kept}")
            peer = f"{_AET}@127.0.0.1:{port}"
            works = all([_run(output, "echo", peer), _run(output, "store", peer, objects)])
        missing = [item for item in items if not _arrived(item, kept)]
        for item in missing:
            output.record({}, [bad("missing or altered: "), item.path])
        works = works and not missing
        output.record({}, "")
        verdict = good("everything works") if works else bad("something does not work")
        output.record(
            {}, [f"{len(items) - len(missing)} of {len(items)} objects arrived bit for bit: ", verdict]
        )
    return ExitCode.OK if works else ExitCode.FAILURE


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
def _node(folder: str) -> Iterator[int]:
    """Run a node with the roles verification and storage in a thread; yields its port."""
    from dimsetools.archive.objects import ObjectStore
    from dimsetools.association.values import Timeouts
    from dimsetools.message.composite import CEchoRq, CStoreRq
    from dimsetools.scp.hooks import Hooks
    from dimsetools.scp.policy import AcceptPolicy
    from dimsetools.scp.served import Manner
    from dimsetools.scp.server import Server
    from dimsetools.scp.storage import Storage
    from dimsetools.scp.verification import Verification
    from dimsetools.uids import storage_classes

    def log(record: object) -> None:
        """Keep quiet: the commands tell what happens."""

    os.mkdir(folder)
    hooks = Hooks(log)
    with ObjectStore(folder) as store:
        roles: Mapping[type[Request], Role] = {CEchoRq: Verification(), CStoreRq: Storage(store, hooks)}
        policy = AcceptPolicy(storage_classes(), called_aet=_AET)
        server = Server("127.0.0.1", 0, Manner(policy, roles, Timeouts(), log), hooks)
        port = server.start()[0][1]
        thread = threading.Thread(target=server.serve, name="node")
        thread.start()
        try:
            yield port
        finally:
            server.drain()
            thread.join()


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
        "with objects that pydicom ships, and check that what arrived is what was sent."
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
