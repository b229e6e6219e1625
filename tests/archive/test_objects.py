from __future__ import annotations

import resource
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from dimsetools.archive.layout import Layout
from dimsetools.archive.objects import HELD, Durability, Fault, ObjectStore, OnDuplicate, Outcome, Refused
from tests.archive.storing import LARGE, UID, dataset, files, put, refused
from tests.corpus import CT_IMAGE, DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, element, make_dataset

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
