"""`dimse scp` and the clients that people query and retrieve with: DCMTK, pynetdicom, Orthanc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom.association import Association

from dimsetools.dataset.encode import encode
from dimsetools.dataset.flat import from_flat
from dimsetools.uids import EXPLICIT_LE
from tests.commands.node import received
from tests.conftest import Peers
from tests.corpus import CT_IMAGE, IMPLICIT_LE, ROOT, Made, make_file, preamble_and_meta, shipped_objects
from tests.peers import dcmtk, dimse, orthanc, pynet
from tests.peers.process import LOOPBACK, Peer

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
LEVEL = "0008,0052"
STUDY_UID, SERIES_UID = "0020,000d", "0020,000e"


@pytest.fixture
def corpus(tmp_path: Path) -> list[Made]:
    """Five objects: two in one series, one in another series of the study, two in studies of their own."""
    folder = tmp_path / "objects"
    folder.mkdir()
    return [make_file(folder / f"{number}.dcm", number, size=30_000) for number in (0, 1, 50, 200, 400)]


def fill(node: Peer, corpus: list[Made]) -> None:
    """Have the node keep the objects."""
    done = dimse.run("store", node.address, corpus[0].path.parent)
    assert done.returncode == 0, done.stderr


def study(number: int) -> str:
    return f"{ROOT}.1.{number}"


def series(number: int) -> str:
    return f"{ROOT}.2.{number}"


def found(output: str, tag: str) -> list[str]:
    """The values of an attribute in what findscu prints of its responses."""
    responses = output.partition("Find Response")[2]
    values = re.findall(rf"\({tag}\) \S\S (?:\[([^\]]*)\]|=|\(no value)", responses)
    return [value.strip(" \0") for value in values]


# -- queries ------------------------------------------------------------------------------------------


def test_findscu_at_every_level_of_every_model(peers: Peers, corpus: list[Made]) -> None:
    node = peers.dimse_scp()
    fill(node, corpus)

    def find(root: str, *keys: str) -> str:
        arguments = [word for key in keys for word in ("-k", key)]
        done = dcmtk.client("findscu", root, *arguments, LOOPBACK, node.port)
        assert "Received Final Find Response (Success)" in done.stderr, done.stderr
        return done.stderr

    patients = find("-P", f"{LEVEL}=PATIENT", "0010,0010=BENCH*", "0010,0020")
    assert sorted(found(patients, "0010,0020")) == ["PAT000000", "PAT000001", "PAT000002"]
    studies = find("-S", f"{LEVEL}=STUDY", STUDY_UID, "0008,0020=20260101-20260131", "0008,0061", "0020,1208")
    assert sorted(found(studies, STUDY_UID)) == [study(0), study(1), study(2)]
    assert found(studies, "0008,0061") == ["CT"] * 3
    assert sorted(found(studies, "0020,1208")) == ["1", "1", "3"]
    assert found(studies, "0008,0054") == ["ANY-SCP"] * 3
    assert found(studies, "0008,0056") == ["ONLINE"] * 3
    of_patient = find("-O", f"{LEVEL}=STUDY", "0010,0020=PAT000001", STUDY_UID)
    assert found(of_patient, STUDY_UID) == [study(1)]
    of_study = find("-S", f"{LEVEL}=SERIES", f"{STUDY_UID}={study(0)}", SERIES_UID, "0020,1209")
    assert sorted(found(of_study, SERIES_UID)) == [series(0), series(1)]
    images = find("-S", f"{LEVEL}=IMAGE", f"{STUDY_UID}={study(0)}", f"{SERIES_UID}={series(0)}", "0008,0018")
    assert sorted(found(images, "0008,0018")) == [one.sop_instance for one in corpus[:2]]
    assert found(find("-S", f"{LEVEL}=STUDY", f"{STUDY_UID}=1.2.3"), STUDY_UID) == []


def test_findscu_that_asks_for_what_is_not_hierarchical(peers: Peers) -> None:
    node = peers.dimse_scp()
    done = dcmtk.client("findscu", "-S", "-k", f"{LEVEL}=SERIES", "-k", SERIES_UID, LOOPBACK, node.port)
    assert "Final Find Response (Error: DataSetDoesNotMatchSOPClass)" in done.stderr


def test_findscu_cancels(peers: Peers, tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    folder.mkdir()
    for number in range(300):
        make_file(folder / f"{number}.dcm", 200 * number)  # each is a study of its own
    node = peers.dimse_scp("-v")
    assert dimse.run("store", node.address, folder).returncode == 0
    done = dcmtk.client(
        "findscu", "-S", "--cancel", 1, "-k", f"{LEVEL}=STUDY", "-k", STUDY_UID, LOOPBACK, node.port
    )
    assert "Final Find Response" in done.stderr
    assert "query study level" in node.output


def test_findscu_of_a_worklist(peers: Peers, tmp_path: Path) -> None:
    items = tmp_path / "items"
    items.mkdir()
    for name, day in (("BETA", "20260102"), ("ALPHA", "20260103")):
        item = from_flat(
            {
                "SpecificCharacterSet": "ISO_IR 192",
                "PatientName": f"{name}^JÖRG",
                "PatientID": name,
                "StudyInstanceUID": f"1.2.{day}",
                "ScheduledProcedureStepSequence": [
                    {
                        "Modality": "CT",
                        "ScheduledStationAETitle": ["CT1"],
                        "ScheduledProcedureStepStartDate": day,
                    }
                ],
            }
        )
        data = preamble_and_meta("1.2.840.10008.5.1.4.31", f"1.2.{day}", EXPLICIT_LE)
        (items / f"{name}.wl").write_bytes(data + encode(item, EXPLICIT_LE))
    (items / "broken.wl").write_bytes(b"no worklist item")
    node = peers.dimse_scp("--worklist", items, "-v")

    def find(*keys: str) -> list[str]:
        arguments = [word for key in ("0010,0020", *keys) for word in ("-k", key)]
        done = dcmtk.client("findscu", "-W", *arguments, LOOPBACK, node.port)
        assert "Received Final Find Response (Success)" in done.stderr, done.stderr
        return sorted(found(done.stderr, "0010,0020"))

    step = "(0040,0100)[0].ScheduledProcedureStepStartDate"
    assert find(f"{step}=20260103-") == ["ALPHA"]
    assert find("(0040,0100)[0].Modality=CT") == ["ALPHA", "BETA"]
    assert find("0010,0010=beta*") == ["BETA"]
    (items / "ALPHA.wl").unlink()
    assert find("(0040,0100)[0].Modality=CT") == ["BETA"]
    assert node.output.count("broken.wl") == 1


@contextmanager
def pynetdicom(node: Peer, *classes: str, roles: bool = False) -> Iterator[Association]:
    """An association of pynetdicom's, taken for SCP of CT images with `roles`."""
    from pynetdicom.presentation import build_role

    ae = pynet.application_entity("PYNET")
    for uid in classes:
        ae.add_requested_context(uid)
    negotiated: list[Any] = []
    kept: list[Dataset] = []
    handlers: list[Any] = []
    if roles:
        from pynetdicom import evt

        ae.add_requested_context(CT_IMAGE, [EXPLICIT_LE, IMPLICIT_LE])
        negotiated = [build_role(CT_IMAGE, scp_role=True)]

        def on_store(event: evt.Event) -> int:
            kept.append(event.dataset)
            return 0

        handlers = [(evt.EVT_C_STORE, on_store)]
    association = ae.associate(LOOPBACK, node.port, ext_neg=negotiated, evt_handlers=handlers)
    assert association.is_established
    association.kept = kept  # type: ignore[attr-defined]  # for the test
    try:
        yield association
    finally:
        association.release()


def keys(level: str, **values: str) -> Dataset:
    dataset = Dataset()
    dataset.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def test_pynetdicom_queries(peers: Peers, corpus: list[Made]) -> None:
    node = peers.dimse_scp()
    fill(node, corpus)
    with pynetdicom(node, STUDY_FIND) as association:
        answers = list(
            association.send_c_find(keys("STUDY", PatientID="PAT*", StudyInstanceUID=""), STUDY_FIND)
        )
        refused = list(association.send_c_find(keys("IMAGE", StudyInstanceUID="1.2"), STUDY_FIND))
    assert [status.Status for status, _ in answers] == [0xFF00] * 3 + [0]
    identifiers = [identifier for _, identifier in answers if identifier is not None]
    assert sorted(one.StudyInstanceUID for one in identifiers) == [study(0), study(1), study(2)]
    assert [status.Status for status, _ in refused] == [0xA900]


# -- retrieval ----------------------------------------------------------------------------------------


def test_getscu_gets_what_was_stored(peers: Peers, corpus: list[Made], tmp_path: Path) -> None:
    node = peers.dimse_scp()
    fill(node, corpus)
    for level, names, wanted in (
        ("STUDY", (f"{STUDY_UID}={study(0)}",), corpus[:3]),
        ("SERIES", (f"{STUDY_UID}={study(0)}", f"{SERIES_UID}={series(1)}"), corpus[2:3]),
    ):
        into = tmp_path / level
        into.mkdir()
        arguments = [word for name in names for word in ("-k", name)]
        done = dcmtk.client(
            "getscu", "-S", "+B", "-od", into, "-k", f"{LEVEL}={level}", *arguments, LOOPBACK, node.port
        )
        assert done.returncode == 0, done.stderr
        assert {received(path) for path in into.iterdir()} == {one.dataset for one in wanted}


def test_movescu_moves_what_was_stored(peers: Peers, corpus: list[Made]) -> None:
    store = peers.storescp("+B", "-aet", "STORE")
    node = peers.dimse_scp("--dest", f"STORE@{LOOPBACK}:{store.port}", "-v")
    fill(node, corpus)
    move = ("movescu", "-S", "-k", f"{LEVEL}=STUDY", "-k", f"{STUDY_UID}={study(0)}")
    done = dcmtk.client(*move, "-aem", "STORE", LOOPBACK, node.port)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    assert {received(path) for path in store.stored()} == {one.dataset for one in corpus[:3]}
    unknown = dcmtk.client(*move, "-aem", "NOBODY", LOOPBACK, node.port)  # type: ignore[arg-type]
    assert "MoveDestinationUnknown" in unknown.stderr
    store.process.terminate()
    store.process.wait(10)
    down = dcmtk.client(*move, "-aem", "STORE", LOOPBACK, node.port)  # type: ignore[arg-type]
    assert "SubOperations" in down.stderr
    assert "move study level to STORE" in node.output


def test_a_destination_out_of_the_configuration(peers: Peers, corpus: list[Made], tmp_path: Path) -> None:
    store = peers.storescp("+B", "-aet", "STORE")
    config = tmp_path / "dimse.toml"
    config.write_text(f'[nodes.viewer]\naddress = "STORE@{LOOPBACK}:{store.port}"\n')
    node = peers.dimse_scp(env={"DIMSE_CONFIG": str(config)})
    fill(node, corpus)
    move = ("movescu", "-S", "-k", f"{LEVEL}=STUDY", "-k", f"{STUDY_UID}={study(1)}", "-aem", "STORE")
    assert dcmtk.client(*move, LOOPBACK, node.port).returncode == 0  # type: ignore[arg-type]
    assert [received(path) for path in store.stored()] == [corpus[3].dataset]


def test_pynetdicom_retrieves(peers: Peers, corpus: list[Made]) -> None:
    moved: list[str] = []

    def on_store(event: object) -> int:
        request = event.request  # type: ignore[attr-defined]
        moved.append(str(request.AffectedSOPInstanceUID))
        assert str(request.MoveOriginatorApplicationEntityTitle) == "PYNET"
        return 0

    from pynetdicom import evt

    destination = peers.pynetdicom([(evt.EVT_C_STORE, on_store)], aet="DEST")
    node = peers.dimse_scp("--dest", destination.address)
    fill(node, corpus)
    wanted = keys("STUDY", StudyInstanceUID=study(0))
    with pynetdicom(node, STUDY_GET, STUDY_MOVE, roles=True) as association:
        got = [status.Status for status, _ in association.send_c_get(wanted, STUDY_GET)]
        kept: list[Dataset] = association.kept  # type: ignore[attr-defined]
        sent = [status for status, _ in association.send_c_move(wanted, "DEST", STUDY_MOVE)]
    assert (got[-1], set(got[:-1])) == (0, {0xFF00})
    uids = sorted(one.sop_instance for one in corpus[:3])
    assert sorted(str(one.SOPInstanceUID) for one in kept) == uids
    assert (sent[-1].Status, sent[-1].NumberOfCompletedSuboperations) == (0, 3)
    assert sorted(moved) == uids


def test_orthanc_queries_and_retrieves(peers: Peers, corpus: list[Made]) -> None:
    other = peers.orthanc()
    node = peers.dimse_scp("--dest", other.address)
    fill(node, corpus)
    other.knows("node", "ANY-SCP", node.port)
    query = other.query("node", "Study", {"PatientID": "PAT00000*", "StudyInstanceUID": ""})
    answers = other.answers(query)
    assert sorted(one["StudyInstanceUID"] for one in answers) == [study(0), study(1), study(2)]
    other.retrieve(query, orthanc.AET)
    assert set(other.instances()) == {one.sop_instance for one in corpus}
    below = other.query("node", "Series", {"StudyInstanceUID": study(0), "SeriesInstanceUID": ""})
    assert len(other.answers(below)) == 2


def test_compressed_objects_go_to_those_who_take_none_of_that(peers: Peers, tmp_path: Path) -> None:
    """getscu and storescp take uncompressed syntaxes unless told otherwise."""
    rle = next(one for one in shipped_objects() if one.path.name == "SC_rgb_rle.dcm")
    store = peers.storescp("+B", "-aet", "STORE")
    node = peers.dimse_scp("--dest", f"STORE@{LOOPBACK}:{store.port}")
    assert dimse.run("store", node.address, rle.path).returncode == 0
    original = pydicom.dcmread(rle.path)
    keys = ("-k", f"{LEVEL}=STUDY", "-k", f"{STUDY_UID}={original.StudyInstanceUID}")
    (tmp_path / "got").mkdir()
    done = dcmtk.client("getscu", "-S", "+B", "-od", tmp_path / "got", *keys, LOOPBACK, node.port)
    assert done.returncode == 0, done.stderr
    assert dcmtk.client("movescu", "-S", "-aem", "STORE", *keys, LOOPBACK, node.port).returncode == 0
    original.decompress()
    for path in (*(tmp_path / "got").iterdir(), *store.stored()):
        kept = pydicom.dcmread(path)
        assert kept.file_meta.TransferSyntaxUID == EXPLICIT_LE
        assert kept.PixelData == original.PixelData
    (as_it_is,) = node.stored()
    assert received(as_it_is) == rle.dataset
