from __future__ import annotations

from pathlib import Path

from dimsetools.archive.objects import Durability, ObjectStore
from dimsetools.association.values import AcceptedContext
from dimsetools.message.composite import CStoreRq
from dimsetools.message.exchange import Incoming
from dimsetools.scp.keeper import Keeper
from dimsetools.scp.roles import Caller
from dimsetools.scp.storage import Storage
from tests.corpus import CT_IMAGE, EXPLICIT_LE, make_dataset


def incoming(uid: str) -> Incoming:
    request = CStoreRq(affected_sop_class_uid=CT_IMAGE, affected_sop_instance_uid=uid)
    return Incoming(AcceptedContext(1, CT_IMAGE, EXPLICIT_LE), request, data_set=True)


def keeper(store: ObjectStore) -> Keeper:
    storage = Storage(store, None, log_objects=True, log_paths=True)
    return Keeper(storage, Caller(0, "PACS", "DIMSE"))


def test_an_object_is_kept_as_if_it_had_been_sent_to_a_node(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as store:
        task = keeper(store).begin(incoming("1.2"))
        task.sink.write(memoryview(make_dataset(1, instance="1.2")))
        reply = task.finish()
    assert (reply.status, reply.comment) == (0, "")
    assert reply.record is not None
    assert reply.record["_path"] == "1.2.dcm"
    assert (tmp_path / "1.2.dcm").exists()


def test_why_an_object_is_not_kept_is_fit_to_be_sent(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.NONE) as store:
        task = keeper(store).begin(incoming("1.3"))
        task.sink.write(memoryview(make_dataset(1, instance="1.2")))
        reply = task.finish()
    assert reply.status == 0xA900
    assert 0 < len(reply.comment) <= 64
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with ObjectStore(str(tmp_path), durability=Durability.FULL) as store:
        task = keeper(store).begin(incoming("1.2"))
        task.sink.write(memoryview(bytes(100_000)))
        task.discard()
    assert list(tmp_path.iterdir()) == []
