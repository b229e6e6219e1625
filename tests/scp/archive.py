"""An archive for the tests of retrieval: files in a folder, and a list of them for an index."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from dimsetools.archive.index import Instance
from dimsetools.dataset.attributes import Attributes, text
from dimsetools.scp.kept import Archive
from tests.corpus import CT_IMAGE, EXPLICIT_LE, Made, make_file


class Folder:
    """A folder that is opened as the archive does it."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)

    def open(self, path: str) -> int:
        """Open a file below the root."""
        return os.open(os.path.join(self.root, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


class Listed:
    """Finds all its instances, whatever is asked for; waits for `go_on` before each one.

    Asked for one instance, it finds what is in `now` by its UID, the state after it was found first.
    """

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances_kept = list(instances)
        self.now: dict[str, Instance] = {}
        self.asked: list[tuple[str, Attributes]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def instances(self, level: str, keys: Attributes) -> Iterator[Instance]:
        """Return all of them, or the one."""
        if level == "IMAGE":
            now = self.now.get(text(keys, 0x00080018))
            yield from [now] if now is not None else []
            return
        self.asked.append((level, keys))
        for instance in self.instances_kept:
            self.go_on.wait(20)
            yield instance


def instance_of(made: Made) -> Instance:
    """The row of a file."""
    return Instance(
        made.path.name, made.sop_class, made.sop_instance, made.transfer_syntax, made.path.stat().st_size
    )


def archive(
    folder: Path, count: int, *, size: int = 2048, sop_class: str = CT_IMAGE, syntax: str = EXPLICIT_LE
) -> tuple[Archive, list[Made]]:
    """An archive of `count` objects of one study."""
    folder.mkdir(exist_ok=True)
    made = [
        make_file(folder / f"{number}.dcm", number, size=size, sop_class=sop_class, syntax=syntax)
        for number in range(count)
    ]
    return Archive(Folder(folder), Listed([instance_of(one) for one in made])), made
