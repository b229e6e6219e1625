from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest

from dimsetools.archive.layout import Layout
from dimsetools.archive.objects import (
    HELD,
    Durability,
    Fault,
    ObjectStore,
    OnDuplicate,
    Outcome,
    Refused,
    Stored,
)
from tests.archive.test_layout import ATTACKS
from tests.corpus import CT_IMAGE, DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, element, make_dataset

LARGE = 5 * HELD
UID = "1.2.3.4"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def put(
    store: ObjectStore, data: bytes, uid: str = UID, *, syntax: str = EXPLICIT_LE, piece: int = 65536
) -> Stored:
    incoming = store.incoming(CT_IMAGE, uid, syntax, calling_aet="SCU", called_aet="SCP")
    for start in range(0, len(data), piece):
        view = memoryview(bytearray(data[start : start + piece]))
        incoming.write(view)
        view[:] = bytes(len(view))  # the buffer is used again
    return incoming.commit()


def refused(store: ObjectStore, data: bytes, uid: str = UID) -> Fault:
    with pytest.raises(Refused) as caught:
        put(store, data, uid)
    return caught.value.fault


def dataset(size: int = 2000, *, uid: str = UID, number: int = 0, syntax: str = EXPLICIT_LE) -> bytes:
    return make_dataset(number, size=size, instance=uid, syntax=syntax)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as opened:
        yield opened


# -- whole files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("durability", list(Durability))
@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE])
@pytest.mark.parametrize("size", [2000, HELD - 500, HELD, HELD + 500, LARGE])
def test_a_file_is_a_header_and_the_very_data_set(
    tmp_path: Path, size: int, syntax: str, durability: Durability
) -> None:
    data = dataset(size, syntax=syntax)
    with ObjectStore(str(tmp_path), durability=durability) as store:
        stored = put(store, data, syntax=syntax, piece=1000)
    assert stored[:3] == (Outcome.STORED, f"{UID}.dcm", len(data))
    assert files(tmp_path) == [f"{UID}.dcm"]
    content = (tmp_path / f"{UID}.dcm").read_bytes()
    assert content.endswith(data)
    assert content[:128] == bytes(128)
    meta = pydicom.dcmread(tmp_path / f"{UID}.dcm").file_meta
    assert meta.FileMetaInformationGroupLength == len(content) - len(data) - 144
    assert (meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID) == (UID, syntax)
    assert meta.SourceApplicationEntityTitle == "SCU"


def test_one_byte_at_a_time(store: ObjectStore, tmp_path: Path) -> None:
    data = dataset(HELD + 700)
    put(store, data, piece=1)
    assert (tmp_path / f"{UID}.dcm").read_bytes().endswith(data)


def test_files_are_private_unless_said_otherwise(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), layout=Layout("{PatientID}/")) as store:
        put(store, dataset())
    assert stat.S_IMODE((tmp_path / "PAT000000").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "PAT000000" / f"{UID}.dcm").stat().st_mode) == 0o600


@pytest.mark.parametrize("size", [2000, LARGE])
def test_what_is_given_up_leaves_nothing(store: ObjectStore, tmp_path: Path, size: int) -> None:
    incoming = store.incoming(CT_IMAGE, UID, EXPLICIT_LE)
    incoming.write(memoryview(dataset(size)[:-10]))
    incoming.discard()
    incoming.discard()
    assert files(tmp_path) == []


def test_values_for_those_who_asked(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), read={"StudyInstanceUID": 0x0020000D}) as store:
        values = put(store, dataset()).values
    assert values["StudyInstanceUID"] == "1.2.826.0.1.3680043.10.43.7.1.0"
    assert (values["CallingAET"], values["SOPInstanceUID"]) == ("SCU", UID)


# -- what is refused ----------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    inner = element(8, 0x60, b"CS", b"CT")
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
        inner = element(0x40, 0x275, b"SQ", item)
    return element(8, 0x18, b"UI", UID.encode()) + inner


@pytest.mark.parametrize("size", [2000, LARGE])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"\0" * 100,
        lambda _: b"GET / HTTP/1.1\r\n\r\n",
        lambda data: data[:-1],
        lambda data: data + b"\1\2\3",
        lambda data: data + element(0x7FE1, 0x10, b"OB", b"xx", length=2**31),
        lambda _: nested(65),
        lambda _: nested(2000),
    ],
    ids=["empty", "zeros", "text", "cut", "trailing", "too long", "65 deep", "2000 deep"],
)
def test_a_data_set_that_is_not_whole_is_refused(
    store: ObjectStore, tmp_path: Path, spoil: Callable[[bytes], bytes], size: int
) -> None:
    assert refused(store, spoil(dataset(size))) is Fault.UNDECODABLE
    assert files(tmp_path) == []
    assert put(store, dataset(size)).outcome is Outcome.STORED


@pytest.mark.parametrize("size", [2000, LARGE])
def test_another_object_than_announced_is_refused(store: ObjectStore, tmp_path: Path, size: int) -> None:
    assert refused(store, dataset(size, uid="1.2.3.5")) is Fault.MISMATCH
    other_class = make_dataset(0, size=size, instance=UID, sop_class="1.2.840.10008.5.1.4.1.1.4")
    assert refused(store, other_class) is Fault.MISMATCH
    assert files(tmp_path) == []


def test_a_data_set_without_its_uids_is_taken_at_its_word(store: ObjectStore) -> None:
    assert put(store, element(0x10, 0x20, b"LO", b"PAT")).path == f"{UID}.dcm"


def test_a_private_syntax_is_kept_as_it_came(store: ObjectStore, tmp_path: Path) -> None:
    for number, syntax in enumerate((EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE)):
        data = dataset(uid=f"1.2.{number}", syntax=syntax)
        put(store, data, f"1.2.{number}", syntax="1.2.3.4.5")
        assert (tmp_path / f"1.2.{number}.dcm").read_bytes().endswith(data)


def test_a_deflated_bomb_is_kept_but_not_inflated(store: ObjectStore) -> None:
    import zlib

    huge = element(8, 0x18, b"UI", UID.encode()) + element(0x7FE0, 0x10, b"OB", bytes(100_000_000))
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(huge) + deflate.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del huge
    assert put(store, bomb, syntax=DEFLATED_LE).outcome is Outcome.STORED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


# -- duplicates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2000, LARGE])
@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_the_same_bytes_are_a_success_and_nothing_is_written(
    tmp_path: Path, policy: OnDuplicate, size: int
) -> None:
    with ObjectStore(str(tmp_path), on_duplicate=policy) as store:
        put(store, dataset(size))
        before = (tmp_path / f"{UID}.dcm").stat()
        assert put(store, dataset(size)).outcome is Outcome.SAME
    assert (tmp_path / f"{UID}.dcm").stat() == before
    assert files(tmp_path) == [f"{UID}.dcm"]


def test_the_same_data_set_from_another_sender_is_the_same(store: ObjectStore) -> None:
    put(store, dataset())
    other = store.incoming(CT_IMAGE, UID, EXPLICIT_LE, calling_aet="ANOTHER")
    other.write(memoryview(dataset()))
    assert other.commit().outcome is Outcome.SAME


@pytest.mark.parametrize("size", [2000, LARGE])
@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_other_bytes_are_treated_as_told(tmp_path: Path, policy: OnDuplicate, size: int) -> None:
    old, new, newest = (dataset(size, number=number) for number in (0, 200, 400))
    with ObjectStore(str(tmp_path), on_duplicate=policy) as store:
        put(store, old)
        if policy is OnDuplicate.REJECT:
            assert refused(store, new) is Fault.DUPLICATE
        else:
            outcome = {"keep": Outcome.KEPT, "replace": Outcome.REPLACED, "both": Outcome.BOTH}[policy]
            assert put(store, new).outcome is outcome
            assert put(store, newest).outcome is outcome
            assert put(store, newest).outcome is (
                Outcome.KEPT if policy is OnDuplicate.KEEP else Outcome.SAME
            )
    kept = {name: (tmp_path / name).read_bytes()[-len(old) :] for name in files(tmp_path)}
    if policy is OnDuplicate.BOTH:
        assert kept == {f"{UID}.dcm": old, f"{UID}~2.dcm": new, f"{UID}~3.dcm": newest}
    else:
        assert kept == {f"{UID}.dcm": newest if policy is OnDuplicate.REPLACE else old}


def test_names_without_a_suffix_are_numbered_at_the_end(tmp_path: Path) -> None:
    layout = Layout("{SOPInstanceUID}")
    with ObjectStore(str(tmp_path), layout=layout, on_duplicate=OnDuplicate.BOTH) as store:
        for number in (0, 200):
            put(store, dataset(number=number))
    assert files(tmp_path) == [UID, f"{UID}~2"]


@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_writers_of_one_instance_never_mix(tmp_path: Path, policy: OnDuplicate) -> None:
    versions = [dataset(LARGE, number=200 * number) for number in range(6)]
    start = threading.Barrier(len(versions))
    faults: list[Fault] = []
    with ObjectStore(str(tmp_path), on_duplicate=policy, durability=Durability.NONE) as store:

        def write(data: bytes) -> None:
            incoming = store.incoming(CT_IMAGE, UID, EXPLICIT_LE)
            for at in range(0, len(data), 4096):
                incoming.write(memoryview(data)[at : at + 4096])
            start.wait(20)
            try:
                incoming.commit()
            except Refused as refusal:
                faults.append(refusal.fault)

        threads = [threading.Thread(target=write, args=(data,)) for data in versions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert set(faults) <= {Fault.DUPLICATE}
    kept = [(tmp_path / name).read_bytes()[-LARGE + 2000 :] for name in files(tmp_path)]
    whole = {data[-LARGE + 2000 :] for data in versions}
    assert all(content in whole for content in kept)
    assert len(kept) == (len(versions) if policy is OnDuplicate.BOTH else 1)


# -- names --------------------------------------------------------------------------------------------


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


# -- trouble with the disk ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize(
    ("call", "size"),
    [
        ("write", LARGE),
        *((call, size) for call in ("open", "writev", "fsync", "close", "rename") for size in (2000, LARGE)),
    ],
)
def test_out_of_resources_costs_one_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, size: int, code: int
) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.FILE) as store:
        with monkeypatch.context() as patch:
            fail_once(patch, call, code)
            assert refused(store, dataset(size)) is Fault.RESOURCES
        assert files(tmp_path) == []
        assert put(store, dataset(size)).outcome is Outcome.STORED


@pytest.mark.parametrize("call", ["writev", "write", "fsync"])
def test_after_an_io_error_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with ObjectStore(str(tmp_path)) as store:
        with monkeypatch.context() as patch:
            fail_once(patch, call, errno.EIO)
            assert refused(store, dataset(LARGE)) is Fault.MEDIA
        opened: list[object] = []
        monkeypatch.setattr(os, "open", lambda *args, **_: opened.append(args))
        assert refused(store, dataset(LARGE)) is Fault.MEDIA
        assert refused(store, dataset()) is Fault.MEDIA
        assert opened == []
        monkeypatch.undo()
    assert files(tmp_path) == []
    with ObjectStore(str(tmp_path)) as store:
        assert put(store, dataset()).outcome is Outcome.STORED


def test_a_folder_that_does_not_sync_is_an_io_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ObjectStore(str(tmp_path)) as store:

        def broken(_: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(store.tree._syncs._root, "_sync", broken)
        assert refused(store, dataset()) is Fault.MEDIA
        assert refused(store, dataset(number=200)) is Fault.MEDIA


def fail_once(patch: pytest.MonkeyPatch, call: str, code: int) -> None:
    real = getattr(os, call)

    def fail(*args: object, **kwargs: object) -> object:
        patch.setattr(os, call, real)
        if call == "close":
            real(*args)
        raise OSError(code, os.strerror(code))

    patch.setattr(os, call, fail)


def test_too_little_free_space_is_refused_early(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), min_free=1 << 60) as store:
        assert refused(store, dataset()) is Fault.RESOURCES
    assert files(tmp_path) == []


_LIMITED = """
import resource, sys
from dimsetools.archive.objects import ObjectStore, Refused
from tests.corpus import CT_IMAGE, EXPLICIT_LE, make_dataset

def put(store, uid, size):
    incoming = store.incoming(CT_IMAGE, uid, EXPLICIT_LE)
    data = memoryview(make_dataset(0, size=size, instance=uid))
    for start in range(0, len(data), 65536):
        incoming.write(data[start:start + 65536])
    try:
        return incoming.commit().outcome.value
    except Refused as refused:
        return refused.fault.value

if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
with ObjectStore(sys.argv[1]) as store:
    print(put(store, "1.1", 3_900_000), put(store, "1.2", 400_000), put(store, "1.3", 2000))
"""


def limited(root: Path, how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(root), how],
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
    )
    return done.stdout.strip()


def test_a_file_size_limit_lets_smaller_objects_through(tmp_path: Path) -> None:
    assert limited(tmp_path, "limit") == "out-of-resources stored stored"
    assert files(tmp_path) == ["1.2.dcm", "1.3.dcm"]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting takes root and mount")
def test_a_full_disk_lets_smaller_objects_through(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "dimse-test", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        assert limited(disk, "full") == "out-of-resources stored stored"
        assert files(disk) == ["1.2.dcm", "1.3.dcm"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# -- order of durability ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("durability", "expected"),
    [
        (Durability.FULL, ["open", "writev", "fsync file", "close", "rename", "fsync folder"]),
        (Durability.FILE, ["open", "writev", "fsync file", "close", "rename"]),
        (Durability.NONE, ["open", "writev", "close", "rename"]),
    ],
)
def test_steps_come_in_the_order_that_survives_a_power_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability, expected: list[str]
) -> None:
    steps: list[str] = []
    with ObjectStore(str(tmp_path), durability=durability) as store:
        for call in ("open", "writev", "fsync", "close", "rename"):
            monkeypatch.setattr(os, call, recorded(steps, call, getattr(os, call)))
        monkeypatch.setattr(store.tree._syncs._root, "_sync", os.fsync)
        put(store, dataset())
        monkeypatch.undo()
    assert steps == expected


def recorded(steps: list[str], call: str, real: Callable[..., object]) -> Callable[..., object]:
    def step(*args: object, **kwargs: object) -> object:
        kind = ""
        if call == "fsync":
            assert isinstance(args[0], int)
            kind = " folder" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else " file"
        steps.append(call + kind)
        return real(*args, **kwargs)

    return step
