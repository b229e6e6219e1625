from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.storing import END, run, store
from tests.corpus import MR_IMAGE, make_file, make_folder, make_huge
from tests.peers.certificates import server_context
from tests.peers.dimse import rows
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation, Step
from tests.scripted.peers import refusing_port, scripted_server, unanswered_port

if TYPE_CHECKING:
    from tests.peers.certificates import Certificates

ASKED = step.expect(wire.ASSOCIATE_RQ)
TAKE = step.expect_message(wire.C_STORE_RQ)


# -- statuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0xB000, "coerced"),
        (0xB006, "elements-discarded"),
        (0xB007, "data-set-mismatch-warning"),
        (0x0107, "attribute-list-error"),
        (0x0116, "attribute-value-out-of-range"),
        (0xB123, "unknown"),
    ],
)
def test_warnings_are_shown_and_strict_makes_them_68(tmp_path: Path, status: int, name: str) -> None:
    made = make_file(tmp_path / "a.dcm")
    script = [step.accept(), step.store(status, wire.lo(0x902, "cut \x1b[1m short")), *END]
    done = run(script, made.path)
    assert done.returncode == 0, done.stderr
    line, summary = done.stdout.splitlines()
    assert line.startswith(f"warning  {made.path}  {status:04X} {name}: ")
    assert line.endswith('"cut \\x1b[1m short"')
    assert summary.endswith("  1 with a warning")
    assert run(script, made.path, "--strict").returncode == 68


FAILURES = [
    (0xA700, "out-of-resources", "free storage"),
    (0xA7FF, "out-of-resources", "free storage"),
    (0xA900, "data-set-mismatch", "SOP class and instance UID"),
    (0xC000, "cannot-understand", "validator"),
    (0xCFFF, "cannot-understand", "validator"),
    (0x0110, "processing-failure", "log"),
    (0x0111, "duplicate-sop-instance", "new SOP instance UID"),
    (0x0117, "invalid-object-instance", "UID is at most 64"),
    (0x0122, "sop-class-not-supported", "conformance statement"),
    (0x0124, "not-authorized", "administrator"),
    (0x0210, "duplicate-invocation", "--async 1"),
    (0x0211, "unrecognized-operation", "conformance statement"),
    (0x0212, "mistyped-argument", "check the request"),
    (0x1234, "unknown", "log"),
    (0xFE00, "unknown", "log"),
    (0xFF00, "unknown", "log"),
]


@pytest.mark.parametrize(("status", "name", "hint"), FAILURES)
def test_a_failure_status_is_explained(tmp_path: Path, status: int, name: str, hint: str) -> None:
    made = make_file(tmp_path / "a.dcm")
    comment = wire.lo(0x902, "disk\nfull")
    offending = wire.element(0x901, b"\x10\0\x20\0")
    done = run([step.accept(), step.store(status, offending, comment), *END], made.path)
    assert done.returncode == 1
    line, summary = done.stdout.splitlines()
    assert line.startswith(f"failed   {made.path}  {status:04X} {name}: ")
    assert line.endswith('"disk\\nfull"')
    assert summary.startswith("sent 0 of 1 object (0 B)")
    assert f"C-STORE status {status:04X} {name} (PS3." in done.stderr
    assert "the peer's comment: disk\\nfull" in done.stderr
    assert "offending element: PatientID (0010,0020)" in done.stderr
    assert hint in done.stderr
    assert "error[failure-status] exit 1" in done.stderr


def test_some_failures_make_3_and_each_kind_is_explained_once(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "in", 6)
    statuses = (0, 0xC000, 0xC000, 0xA900, 0xC000, 0)
    script = [step.accept(), *(step.store(status) for status in statuses), *END]
    done = run(script, tmp_path / "in")
    assert done.returncode == 3
    assert done.stderr.count("error: ") == 2
    assert f"error: {made[1].path} and 2 more: the peer cannot make sense" in done.stderr
    assert "error[failure-status] exit 3" in done.stderr
    assert "  4 failed" in done.stdout.splitlines()[-1]
    with scripted_server(script) as server:
        records = rows(store(server.address, tmp_path / "in", "--json"))
    assert [record["_status"] for record in records[:6]] == ["0000", "C000", "C000", "A900", "C000", "0000"]
    assert [record["_event"] for record in records[6:]] == ["error", "error", "summary"]
    assert records[-1]["_exit"] == 3


# -- opening ----------------------------------------------------------------------------------------


def test_refused_and_dropped_connections(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a.dcm")
    with refusing_port() as port:
        done = store("127.0.0.1", port, made.path, "--format", "table")
    assert done.returncode == 60
    assert done.stdout.splitlines() == [f"sent 0 of 1 object (0 B) to ANY-SCP@127.0.0.1:{port}  1 not sent"]
    assert "error[connection-refused] exit 60" in done.stderr
    with unanswered_port() as port:
        done = store("127.0.0.1", port, made.path, "--connect-timeout", "200ms")
    assert done.returncode == 60
    assert "error[connect-timeout] exit 60" in done.stderr
    done = store("no-such-host.invalid:104", made.path)
    assert done.returncode == 60
    assert "host name of ANY-SCP@no-such-host.invalid:104 not found" in done.stderr
    assert "error[name-not-found] exit 60" in done.stderr


def test_a_total_time_that_is_over_is_75(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a.dcm")
    done = run([step.accept(), TAKE, step.stall()], made.path, "--total-timeout", "300ms")
    assert done.returncode == 75
    assert "the total time-out is over, work is left" in done.stderr
    assert "error[limit-reached] exit 75" in done.stderr


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ((1, 1, 1), "no-reason"),
        ((1, 1, 2), "application-context"),
        ((1, 1, 3), "calling-aet"),
        ((1, 1, 7), "called-aet"),
        ((1, 2, 1), "no-reason"),
        ((1, 2, 2), "protocol-version"),
        ((2, 3, 1), "congestion"),
        ((2, 3, 2), "local-limit"),
    ],
)
def test_rejections_are_61(tmp_path: Path, numbers: tuple[int, int, int], name: str) -> None:
    made = make_folder(tmp_path / "in", 2)
    script = [step.expect(wire.ASSOCIATE_RQ), step.send(wire.associate_rj(*numbers)), step.closed()]
    done = run(script, *(entry.path for entry in made))
    assert done.returncode == 61
    assert f"error[rejected-{name}] exit 61" in done.stderr
    assert done.stdout.splitlines()[-1].endswith("  2 not sent")


@pytest.mark.parametrize(
    ("script", "code", "name"),
    [
        ([ASKED, step.stall()], 62, "no-answer"),
        ([ASKED, step.close()], 62, "connection-lost"),
        ([ASKED, step.send(wire.abort(2, 1)), step.closed()], 61, "association-aborted"),
        ([ASKED, step.send(b"HTTP/1.1 400 Bad Request\r\n"), step.closed()], 62, "protocol-error"),
    ],
)
def test_what_may_go_wrong_while_opening(tmp_path: Path, script: list[Step], code: int, name: str) -> None:
    made = make_file(tmp_path / "a.dcm")
    done = run(script, made.path, "--acse-timeout", "300ms")
    assert done.returncode == code
    assert f"error[{name}] exit {code}" in done.stderr


def test_tls_with_a_peer_that_has_none_is_70(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a.dcm")
    done = run([step.closed()], made.path, "--tls", "--tls-insecure", "--acse-timeout", "300ms")
    assert done.returncode == 70
    assert "error[tls] exit 70" in done.stderr


@pytest.mark.parametrize(
    ("pair", "reason"), [("expired", "expired"), ("wrong_host", "host"), ("unknown", "issuer")]
)
def test_bad_certificates_are_70(tmp_path: Path, certificates: Certificates, pair: str, reason: str) -> None:
    made = make_file(tmp_path / "a.dcm")
    context = server_context(getattr(certificates, pair))

    def shake(talk: Conversation) -> None:
        with suppress(ssl.SSLError, ConnectionError):
            context.wrap_socket(talk.sock, server_side=True).close()

    with scripted_server([shake]) as server:
        done = store(f"localhost:{server.port}", made.path, "--tls", "--tls-ca", certificates.ca)
    assert done.returncode == 70
    assert reason in done.stderr.lower()
    assert "error[tls] exit 70" in done.stderr


# -- contexts ---------------------------------------------------------------------------------------


def _only(sop_class: str) -> Step:
    """Step: accept the contexts of one class."""

    def run(talk: Conversation) -> None:
        contexts = wire.parse_contexts(talk.expect(wire.ASSOCIATE_RQ).body)
        results = [0 if context.abstract_syntax == sop_class else 3 for context in contexts]
        talk.send(
            wire.associate_ac(
                wire.Result(context.id, result, *context.transfer_syntaxes)
                for context, result in zip(contexts, results, strict=True)
            )
        )

    return run


def test_no_context_at_all_is_66(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 2)
    done = run([_only("1.2.3"), *END], tmp_path / "in")
    assert done.returncode == 66
    first, _, summary = done.stdout.splitlines()
    assert "CT Image Storage, Explicit VR Little Endian: abstract syntax not supported" in first
    assert summary.endswith("  2 failed")
    assert "and 1 more" in done.stderr
    assert "error[no-presentation-context] exit 66" in done.stderr


def test_some_contexts_cost_some_objects(tmp_path: Path) -> None:
    made = [make_file(tmp_path / "a", 0), make_file(tmp_path / "b", 1, sop_class=MR_IMAGE)]
    script = [_only(MR_IMAGE), step.store(), *END]
    done = run(script, "--never-transcode", *(entry.path for entry in made))
    assert done.returncode == 3
    assert done.stdout.splitlines()[0].startswith(f"failed   {made[0].path}  ")
    assert done.stdout.splitlines()[-1].startswith("sent 1 of 2 objects")


def test_syntaxes_that_objects_do_not_have_are_66(tmp_path: Path) -> None:
    made = make_file(tmp_path / "a", 0)
    done = store("127.0.0.1:1", made.path, "--ts", "implicit-le", "--never-transcode")
    assert done.returncode == 66
    assert "--ts" in done.stderr


# -- in the middle ----------------------------------------------------------------------------------


def _response(*more: bytes) -> bytes:
    """The beginning of a C-STORE-RSP to the second message, and `more`."""
    return wire.command_set(wire.us(0x100, wire.C_STORE_RSP), wire.us(0x120, 2), *more)


_WITH_DATA = _response(wire.us(0x800, 1), wire.us(0x900, 0))


@pytest.mark.parametrize(
    ("end", "code", "name"),
    [
        (step.send(wire.abort(0, 0)), 61, "association-aborted"),
        (step.send(wire.abort(2, 2)), 61, "association-aborted"),
        (step.close(), 62, "connection-lost"),
        (step.reset(), 62, "connection-lost"),
        (step.send_half(wire.message(wire.store_rsp(2))), 62, "connection-lost"),
        (step.send(wire.message(wire.store_rsp(77))), 62, "protocol-error"),
        (step.send(wire.message(wire.echo_rsp(2))), 62, "protocol-error"),
        (step.send(wire.message(wire.store_rsp(2), context=9)), 62, "protocol-error"),
        (step.send(wire.message(_WITH_DATA, b"data")), 62, "protocol-error"),
        (step.send(wire.message(_response(wire.us(0x800, 0x101)))), 62, "protocol-error"),
        (step.stall(), 62, "no-answer"),
        (step.stall(reading=False), 62, "no-answer"),
        (step.trickle(wire.message(wire.store_rsp(2)), 0.1), 62, "no-answer"),
    ],
)  # fmt: skip
def test_only_what_was_acknowledged_was_sent(tmp_path: Path, end: Step, code: int, name: str) -> None:
    make_folder(tmp_path / "in", 4)
    with scripted_server([step.accept(), step.store(), TAKE, end]) as server:
        done = store(server.address, tmp_path / "in", "--json", "--dimse-timeout", "400ms")
    assert done.returncode == code, done.stderr
    *records, error, summary = rows(done)
    assert [record["_event"] for record in records] == ["stored", "failed", "unsent", "unsent"]
    assert {record["_code"] for record in records[1:]} == {name}
    assert (error["_code"], error["_exit"]) == (name, code)
    assert (summary["_sent"], summary["_failed"], summary["_unsent"]) == (1, 1, 2)


def test_a_peer_that_stops_reading_is_given_up(tmp_path: Path) -> None:
    huge = make_huge(tmp_path / "huge", 64_000_000, sparse=True)
    done = run([step.accept(), step.stall(reading=False)], huge, "--idle-timeout", "400ms")
    assert done.returncode == 62
    assert "took no more data for 0.4 s" in done.stderr
    assert "error[no-answer] exit 62" in done.stderr


def test_retries_go_on_where_they_were(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "in", 3)
    first = [step.accept(), step.store(), TAKE, step.reset()]
    second = [step.accept(), step.store(), step.store(), *END]
    with scripted_server(first, second) as server:
        done = store(server.address, tmp_path / "in", "--retry", 2, "--format", "table", "-v")
        server.finish()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == [str(made[n].path) for n in (0, 2, 1)]
    assert lines[2].endswith("try 2")
    assert "again in " in done.stderr
    assert lines[-1].startswith("sent 3 objects")


def test_fail_fast(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", 4)
    done = run([step.accept(), step.store(), step.store(0xC000), *END], tmp_path / "in", "--fail-fast")
    assert done.returncode == 3
    assert "1 failed  2 not sent" in done.stdout.splitlines()[-1]
