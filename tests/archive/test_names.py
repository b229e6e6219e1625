"""What a sender, or who has planted something in the folder, can do about where an object is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dimsetools.archive.layout import Layout
from dimsetools.archive.objects import Durability, Fault, ObjectStore, OnDuplicate
from tests.archive.storing import UID, dataset, files, put, refused
from tests.archive.test_layout import ATTACKS
from tests.corpus import CT_IMAGE, EXPLICIT_LE, element


@pytest.mark.parametrize("attack", [text for text in ATTACKS if text and text.isascii()])
@pytest.mark.parametrize("pattern", ["{SOPInstanceUID}.dcm", "{PatientID}/{CallingAET}/{SOPInstanceUID}"])
def test_nothing_leaves_the_root(tmp_path: Path, pattern: str, attack: str) -> None:
    root = tmp_path / "a" / "root"
    root.mkdir(parents=True)
    data = element(8, 0x18, b"UI", b"") + element(0x10, 0x20, b"LO", attack.encode())
    with ObjectStore(str(root), layout=Layout(pattern), durability=Durability.NONE) as store:
        incoming = store.incoming(CT_IMAGE, attack, EXPLICIT_LE, calling_aet=attack[:16])
        incoming.write(memoryview(data))
        stored = incoming.commit()
    assert files(tmp_path) == [f"a/root/{stored.path}"]
    assert len(list(root.rglob("*"))) == stored.path.count("/") + 1


def test_a_uid_beyond_ascii_is_stored_under_a_hash(store: ObjectStore) -> None:
    assert put(store, element(0x10, 0x20, b"LO", b"PAT"), "1.2.\xe9\x9b").path.startswith("uid-")


@pytest.mark.parametrize("policy", list(OnDuplicate))
@pytest.mark.parametrize("planted", ["link", "dangling", "fifo", "folder"])
def test_what_is_planted_under_the_name_is_not_followed(
    tmp_path: Path, planted: str, policy: OnDuplicate
) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.write_bytes(b"precious")
    name = root / f"{UID}.dcm"
    if planted == "fifo":
        os.mkfifo(name)
    elif planted == "folder":
        name.mkdir()
    else:
        name.symlink_to(outside if planted == "link" else tmp_path / "nowhere")
    with ObjectStore(str(root), on_duplicate=policy) as store:
        if policy is OnDuplicate.REJECT:
            assert refused(store, dataset()) is Fault.DUPLICATE
        elif policy is OnDuplicate.REPLACE and planted == "folder":
            assert refused(store, dataset()) is Fault.BLOCKED
        else:
            put(store, dataset())
    assert outside.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    assert not [part for part in files(root) if part.endswith(".part")]


def test_a_link_instead_of_a_folder_blocks_that_object_only(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "PAT000000").symlink_to(outside)
    with ObjectStore(str(root), layout=Layout("{PatientID}/")) as store:
        assert refused(store, dataset()) is Fault.BLOCKED
        assert put(store, dataset(number=200)).path == f"PAT000001/{UID}.dcm"
    assert files(outside) == []
