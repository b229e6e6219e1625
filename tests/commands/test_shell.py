"""`dimse shell` from files and pipes: one association, replies that are kept, what comes unasked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands.asking import Dimse
from tests.commands.department import Department, department
from tests.conftest import Peers
from tests.corpus import CT_IMAGE, make_dataset, make_file, make_folder
from tests.peers.printing import stored_films
from tests.peers.pynet import acceptor
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server
from tests.services import querying
from tests.services.normalizing import (
    COMMIT,
    N_ACTION_RQ,
    N_ACTION_RSP,
    N_GET_RQ,
    N_GET_RSP,
    answering,
    event,
    response,
)

PRINTER = "1.2.840.10008.5.1.1.16"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dimse:
    return Dimse(capsys, monkeypatch)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job.dimse"


# -- a print job --------------------------------------------------------------------------------------


def test_the_example_prints_an_image_at_dcmtks_printer(peers: Peers, run: Dimse, job: Path) -> None:
    peer = peers.dcmprscp()
    example = run("shell", "--example", "print")
    assert len([line for line in example.stdout.splitlines() if not line.startswith("#")]) <= 10
    job.write_text(example.stdout)
    image = make_file(job.with_name("ct.dcm"), 1, size=8192).path
    done = run("shell", peer.address, "--for", "print", job, image)
    assert (done.code, done.stderr) == (0, "")
    words = [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert words == ["got", "created", "created", "set", "acted", "deleted", "deleted"]
    (film,) = stored_films(peer)
    assert (film.box.ImageDisplayFormat, film.box.FilmSizeID) == ("STANDARD\\1,1", "8INX10IN")
    ((_, shown),) = film.boxes.values()
    assert shown.Rows > 0


def test_the_example_does_the_same_at_a_printer_of_another_maker(run: Dimse, job: Path) -> None:
    from pydicom.dataset import Dataset
    from pynetdicom import build_context, evt

    said: list[str] = []

    def create(event: Any) -> tuple[int, Dataset]:
        made = event.attribute_list
        said.append(f"create {made.get('ImageDisplayFormat', 'session')}")
        if "ImageDisplayFormat" in made:
            box = Dataset()
            box.ReferencedSOPClassUID, box.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.1.4", "1.2.77"
            made.ReferencedImageBoxSequence = [box]
        return 0, made

    def change(event: Any) -> tuple[int, None]:
        (image,) = event.modification_list.BasicGrayscaleImageSequence
        uid = event.request.RequestedSOPInstanceUID
        said.append(f"set {uid} {image.BitsStored} {image.Rows}")
        return 0, None

    def act(event: Any) -> tuple[int, None]:
        said.append(f"act {event.action_type}")
        return 0, None

    def delete(_event: Any) -> int:
        said.append("delete")
        return 0

    handlers: list[tuple[object, object]] = [
        (evt.EVT_N_GET, lambda _event: (0, Dataset())),
        (evt.EVT_N_CREATE, create),
        (evt.EVT_N_SET, change),
        (evt.EVT_N_ACTION, act),
        (evt.EVT_N_DELETE, delete),
    ]
    contexts = [build_context("1.2.840.10008.5.1.1.9")]
    job.write_text(run("shell", "--example", "print").stdout)
    image = make_file(job.with_name("ct.dcm"), 1, size=8192).path
    with acceptor(handlers, contexts=contexts) as peer:  # type: ignore[arg-type]  # a list of the same
        done = run("shell", peer.address, "--for", "print", job, image)
    assert done.code == 0, done.stderr
    assert said[:2] == ["create session", "create STANDARD\\1,1"]
    assert said[2].startswith("set 1.2.77 8 ")
    assert said[3:] == ["act 1", "delete", "delete"]


def test_the_example_leaves_a_film_to_look_at_in_our_own_node(peers: Peers, run: Dimse, job: Path) -> None:
    films = job.with_name("films")
    films.mkdir()
    node = peers.dimse_scp("--films", films)
    job.write_text(run("shell", "--example", "print").stdout + "wait 20 --count 3\n")
    image = make_file(job.with_name("ct.dcm"), 1, size=8192).path
    done = run("shell", node.address, "--for", "print", job, image)
    assert done.code == 0, done.stderr
    assert "print-job" in done.stdout
    assert sorted(path.suffix for path in films.iterdir()) == [".pdf", ".png"]


def test_an_image_without_meta_information_is_printed_with_a_remark(
    peers: Peers, run: Dimse, job: Path
) -> None:
    films = job.with_name("films")
    films.mkdir()
    node = peers.dimse_scp("--films", films)
    image = job.with_name("bare.dcm")
    image.write_bytes(make_dataset(1, size=8192) + b"\0" * 6)
    job.write_text(run("shell", "--example", "print").stdout)
    done = run("shell", node.address, "--for", "print", job, image)
    assert done.code == 0, done.stderr
    assert f"warning: {image}: names no transfer syntax" in done.stderr


# -- scripts ------------------------------------------------------------------------------------------


def test_all_commands_go_over_one_association(run: Dimse, job: Path) -> None:
    from pynetdicom import build_context, evt, sop_class

    folder = job.parent / "in"
    make_folder(folder, 2)
    opened: list[object] = []
    stored: list[str] = []

    def store(event: Any) -> int:
        stored.append(str(event.dataset.SOPInstanceUID))
        return 0

    told = Department(2)
    handlers: list[tuple[object, object]] = [
        (evt.EVT_ACCEPTED, opened.append),
        (evt.EVT_C_FIND, told.find),
        (evt.EVT_C_STORE, store),
        (evt.EVT_N_CREATE, told.create),
        (evt.EVT_N_SET, told.change),
        (evt.EVT_N_GET, told.read),
    ]
    names = (
        "Verification", "ModalityWorklistInformationFind", "ModalityPerformedProcedureStep",
        "ModalityPerformedProcedureStepRetrieve",
    )  # fmt: skip
    contexts = [*(build_context(getattr(sop_class, name)) for name in names), build_context(CT_IMAGE)]
    job.write_text(
        "echo\n"
        "items = find -W AccessionNumber=A2\n"
        "step = ncreate mpps new PatientID={items.PatientID} StudyID={items[0].AccessionNumber}\n"
        f"store {folder}\n"
        "nset mpps {step.AffectedSOPInstanceUID} PerformedProcedureStepStatus=COMPLETED\n"
        "nget mpps {step.AffectedSOPInstanceUID} StudyID\n"
    )
    with acceptor(handlers, contexts=contexts) as peer:  # type: ignore[arg-type]  # a list of the same
        done = run("shell", peer.address, "--for", "query", "--for", "mpps", "--for", CT_IMAGE, job, "--json")
    assert done.code == 0, done.stderr
    assert [record["_event"] for record in done.records] == [
        "echoed", "match", "created", "stored", "stored", "set", "got", "summary",
    ]  # fmt: skip
    assert len(opened) == 1
    assert len(stored) == 2
    (made,) = told.steps.values()
    assert (made.PatientID, made.StudyID, made.PerformedProcedureStepStatus) == ("P1", "A2", "COMPLETED")
    assert done.records[-2]["StudyID"] == "A2"
    assert done.records[-1]["_commands"] == 6


FAULTY = "nset mpps 1.2.3 StudyID=1\n\n# next\nmade = ncreate mpps 1.2.9 StudyID=2\n"


def test_a_script_stops_at_its_first_failure_and_says_where(run: Dimse, job: Path) -> None:
    job.write_text(FAULTY)
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job)
    assert done.code == 1
    assert f"error: {job}:1: RIS@" in done.stderr
    assert ris.steps == {}


def test_a_script_can_keep_going(run: Dimse, job: Path) -> None:
    job.write_text(FAULTY)
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job, "--keep-going")
    assert done.code == 3
    assert list(ris.steps) == ["1.2.9"]


def test_help_status_and_what_is_kept(run: Dimse, job: Path) -> None:
    job.write_text("made = ncreate mpps 1.2.9 StudyID=2\nshow made\nstatus\nhelp\nhelp wait\nquit\nfind\n")
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job)
    assert done.code == 0, done.stderr
    assert "AffectedSOPInstanceUID  1.2.9" in done.stdout
    for words in ("Modality Performed Procedure Step SOP Class", "kept: made", "usage: wait", "--count N"):
        assert words in done.stderr


def test_help_is_written_for_people(run: Dimse, job: Path) -> None:
    job.write_text("help find\nhelp\n")
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job)
    assert done.code == 0
    assert "usage: find" in done.stderr
    assert "--fuzzy" not in done.stderr  # it would be a matter of the association
    assert max(map(len, done.stderr.splitlines())) < 100


def test_what_would_be_proposed_is_shown_without_a_connection(run: Dimse, job: Path) -> None:
    job.write_text("echo\necho\n")
    done = run(
        "shell", "127.0.0.1:1", "--for", "print", "--for", "CT Image Storage", job, "--dry-run", "--json"
    )
    assert done.code == 0
    (record,) = done.records
    assert "1.2.840.10008.5.1.1.9" in record["_abstract_syntaxes"]
    assert CT_IMAGE in record["_abstract_syntaxes"]
    assert "2 commands" in done.stderr
    done = run("shell", "127.0.0.1:1", "--for", "prnt")
    assert (done.code, "did you mean print" in done.stderr) == (2, True)
    assert "CTImageStorage" in run("shell", "127.0.0.1:1", "--for", "xyzzy").stderr


def test_nearly_everything_is_proposed_unless_something_is_chosen(run: Dimse) -> None:
    (record,) = run("shell", "127.0.0.1:1", os.devnull, "--dry-run", "--json").records
    assert len(set(record["_abstract_syntaxes"])) == len(record["_abstract_syntaxes"]) > 15


# -- what comes unasked -------------------------------------------------------------------------------

GOT = answering(N_GET_RQ, lambda number: response(N_GET_RSP, number=number, sop_class=PRINTER))


def test_events_are_shown_and_answered_whenever_they_come(run: Dimse, job: Path) -> None:
    answered: list[int] = []

    def committed(talk: Conversation) -> None:
        talk.send(event(1))
        answer = talk.read_message()
        answered.append(answer.number(0x900))

    job.write_text("naction commit commit commit TransactionUID=1.2.5\nheard = wait 20\nshow heard\n")
    acted = answering(
        N_ACTION_RQ,
        lambda number: response(N_ACTION_RSP, number=number, sop_class=COMMIT, instance=COMMIT + ".1"),
    )
    script = (step.accept(), acted, committed, step.release(), step.closed())
    done = run.scripted(script, "shell", "--for", "commit", job, "--json")
    assert done.code == 0, done.stderr
    assert answered == [0]
    assert [record["_event"] for record in done.records] == ["acted", "event", "kept", "summary"]
    assert done.records[1]["_type"] == "success"
    assert done.records[2]["EventTypeID"] == 1


def test_an_event_may_come_before_the_answer_to_anything(run: Dimse, job: Path) -> None:
    """While a query, an echo or a store waits for its responses."""

    def found(talk: Conversation) -> None:
        number = talk.read_message().message_id
        talk.send(querying.match("DOE", number=number))
        told(talk)
        talk.send(querying.match("ROE", number=number) + querying.find_rsp(0, number=number))

    def told(talk: Conversation) -> None:
        talk.send(event(1))
        answer = talk.read_message()
        assert answer.number(0x900) == 0

    def echoed(talk: Conversation) -> None:
        number = talk.read_message().message_id
        told(talk)
        talk.send(wire.message(wire.echo_rsp(number, 0), context=3))

    job.write_text("found = find -r PatientName\necho\nshow found\n")
    script = (step.accept(), found, echoed, step.release(), step.closed())
    classes = ("--for", querying.STUDY_FIND, "--for", wire.VERIFICATION)
    done = run.scripted(script, "shell", *classes, job, "--json")
    assert done.code == 0, done.stderr
    assert [record["_event"] for record in done.records] == [
        "event", "match", "match", "event", "echoed", "kept", "kept", "summary",
    ]  # fmt: skip


def test_a_match_that_cannot_be_read_is_a_failure(run: Dimse, job: Path) -> None:
    def found(talk: Conversation) -> None:
        number = talk.read_message().message_id
        talk.send(querying.find_rsp(querying.PENDING, querying.named("DOE")[:-2], number=number))
        talk.send(querying.match("ROE", number=number) + querying.find_rsp(0, number=number))

    job.write_text("found = find -r PatientName\n")
    script = (step.accept(), found, step.release(), step.closed())
    done = run.scripted(script, "shell", "--for", querying.STUDY_FIND, job, "--json")
    assert done.code == 1
    assert "does not decode" in done.stderr
    assert [record["_event"] for record in done.records] == ["match", "error", "summary"]


def test_a_wait_that_nothing_ends_is_a_failure(run: Dimse, job: Path) -> None:
    job.write_text("wait 50ms\n")
    done = run.scripted((step.accept(), step.release(), step.closed()), "shell", "--for", "commit", job)
    assert done.code == 62
    assert "no event came within 0.05 s" in done.stderr


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        (step.send(wire.abort()), 61, "aborted"),
        (step.send(wire.release_rq()), 62, "released the association"),
        (step.close(), 62, "closed the connection"),
    ],
    ids=["abort", "release", "close"],
)
def test_the_peers_end_is_the_end_of_a_script_even_if_it_is_to_keep_going(
    run: Dimse, job: Path, end: step.Step, code: int, said: str
) -> None:
    job.write_text("nget printer printer\nwait 20\nnget printer printer\n")
    done = run.scripted(
        (step.accept(), GOT, end), "shell", "--for", "printer", job, "--keep-going", "--format", "table"
    )
    assert done.code in (code, 3)
    assert f"{job}:2: " in done.stderr
    assert said in done.stderr
    assert done.stdout.count("got") == 1


def test_a_class_that_was_not_accepted_ends_no_association(run: Dimse, job: Path) -> None:
    job.write_text("nget mpps 1.2.3\nncreate mpps 1.2.9 StudyID=1\n")
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job, "--keep-going")
    assert done.code == 3
    assert "no presentation context" in done.stderr
    assert list(ris.steps) == ["1.2.9"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("echo", "--for 'Verification SOP Class'"),
        ("find -W PatientID=1", "--for 'Modality Worklist Information Model - FIND'"),
        ("nget printer printer", "--for print-grayscale"),
        ("ncreate ups new", "--for ups"),
    ],
)
def test_how_a_class_is_proposed_is_told(run: Dimse, job: Path, line: str, said: str) -> None:
    job.write_text(f"{line}\n")
    with department() as ris:
        done = run("shell", ris.address, "--for", "mpps", job)
    assert done.code == 66
    assert "was not proposed to RIS@" in done.stderr
    assert f"hint: dimse shell PEER {said}" in done.stderr


def test_nobody_there(run: Dimse, job: Path) -> None:
    job.write_text("echo\n")
    with scripted_server() as server:
        address = server.address
    assert run("shell", address, job).code == 60
