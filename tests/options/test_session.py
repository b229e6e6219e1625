from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from dimsetools.errors import ConfigError, ExitCode, OutputError, UsageError
from dimsetools.options import ACCEPTOR, Session
from dimsetools.options.output import Output, glimpsed
from tests.options.conftest import Run


def test_the_command_line_comes_before_variables_and_files(
    run: Run, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "dimse.toml").write_text(
        '[nodes.pacs]\naddress = "PACS@h:1"\nlocal_aet = "FILE"\nmax_pdu = 5000\n'
    )
    monkeypatch.setenv("DIMSE_LOCAL_AET", "VARIABLE")
    monkeypatch.setenv("DIMSE_MAX_PDU", "6000")
    target = run("pacs", "--aet", "TYPED", "--bind", "127.0.0.2", "--total-timeout", "1m").session.target(
        "pacs"
    )
    assert (target.called_aet, target.calling_aet, target.max_pdu) == ("PACS", "TYPED", 6000)
    assert (target.bind, target.timeouts.total) == ("127.0.0.2", 60)


def test_the_called_title_may_be_another(run: Run) -> None:
    session = run("PACS@h:1", "--aec", "OTHER").session
    assert str(session.target("PACS@h:1")) == "OTHER@h:1"
    assert session.called == "OTHER@h:1"


def test_of_several_peers_none_is_the_one_that_was_called(run: Run) -> None:
    session = run("h:1").session
    session.target("h:1")
    session.target("h:2")
    assert session.called == ""


def test_any_tls_option_turns_tls_on(run: Run) -> None:
    assert run("h:1").session.target("h:1").tls is None
    assert run("h:1", "--tls").session.target("h:1").tls is not None
    assert run("h:1", "--tls-insecure").session.target("h:1").tls is not None


def test_tls_that_is_switched_off_has_no_options(run: Run, bare: Path) -> None:
    (bare / "dimse.toml").write_text('[nodes.pacs]\naddress = "h:1"\ntls = true\n')
    assert run("pacs", "--no-tls").session.target("pacs").tls is None
    with pytest.raises(UsageError, match="--no-tls contradicts --tls-ca"):
        run("pacs", "--no-tls", "--tls-ca", "x").session.target("pacs")


def test_a_passcode_goes_over_tls_only_unless_allowed(run: Run, bare: Path) -> None:
    (bare / "p").write_text("secret")
    (bare / "p").chmod(0o600)
    words = ("h:1", "--user", "me", "--password-file", "p")
    with pytest.raises(UsageError) as caught:
        run(*words).session.target("h:1")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "--allow-cleartext-auth" in caught.value.hint
    for allowed in ("--tls", "--allow-cleartext-auth"):
        identity = run(*words, allowed).session.target("h:1").identity
        assert identity is not None
        assert (identity.kind, identity.secondary) == (2, b"secret")
        assert "secret" not in repr(identity)


def test_what_a_listening_command_gets(run: Run, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIMSE_IDLE_TIMEOUT", "5")
    words = ["--acse-timeout", "7", "--ts", "rle", "--max-pdu", "0"]
    serving = run(*words, name="scp", params=(), groups=ACCEPTOR).session.serving()
    assert (serving.timeouts.acse, serving.timeouts.idle, serving.max_pdu) == (7, 5, 0)
    assert (serving.transfer_syntaxes, serving.tls) == (("1.2.840.10008.1.2.5",), None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--tls", "needs a certificate"),
        ("--tls-cert c.pem", "no authority"),
        ("--tls-cert c.pem --tls-no-client-auth", "c.pem can be read"),
        ("--tls-cert missing --tls-no-client-auth", "--tls-cert: cannot read missing"),
        ("--tls-cert c.pem --tls-key k.pem --tls-ca missing", "--tls-ca: cannot read missing"),
    ],
)
def test_a_server_says_what_its_tls_lacks(run: Run, bare: Path, words: str, message: str) -> None:
    (bare / "c.pem").write_text("")
    (bare / "c.pem").chmod(0o644)
    with pytest.raises(UsageError, match=message):
        run(*words.split(), name="scp", params=(), groups=ACCEPTOR).session.serving()


def test_a_servers_tls_is_complete(run: Run, bare: Path) -> None:
    for name, content in (("c.pem", ""), ("k.pem", ""), ("ca.pem", ""), ("p", "sesame\n")):
        (bare / name).write_text(content)
        (bare / name).chmod(0o600)
    words = "--tls-cert c.pem --tls-key k.pem --tls-ca ca.pem --tls-key-password-file p --tls-profile rfc8996"
    tls = run(*words.split(), name="scp", params=(), groups=ACCEPTOR).session.serving().tls
    assert tls is not None
    assert (tls.cert_file, tls.key_file, tls.ca_file, tls.key_password) == (
        "c.pem",
        "k.pem",
        "ca.pem",
        "sesame",
    )
    assert (tls.profile, tls.require_client_cert) == ("rfc8996", True)


def test_a_trace_is_one_object_a_line_in_a_private_file(bare: Path) -> None:
    lines: list[tuple[str, int]] = []
    with Session({Output: Output(trace="t.ndjson", debug=True)}) as session:
        tracer = session.tracer(lambda text, level: lines.append((text, level)))
        assert tracer is not None
        tracer.event(
            "connected", "h:1", local="127.0.0.1:5", contexts=[{"id": 1, "syntaxes": ("1.2", "1.3")}]
        )
    record = json.loads((bare / "t.ndjson").read_text())
    assert (record["_event"], record["peer"], record["local"]) == ("connected", "h:1", "127.0.0.1:5")
    assert (bare / "t.ndjson").stat().st_mode & 0o777 == 0o600
    assert lines == [("connected peer=h:1 local=127.0.0.1:5 contexts=(id=1 syntaxes=1.2,1.3)", 3)]


def test_no_trace_without_being_asked() -> None:
    with Session({}) as session:
        assert session.tracer(lambda text, level: None) is None


def test_a_trace_that_cannot_be_written_is_an_output_error() -> None:
    with (
        Session({Output: Output(trace="missing/t")}) as session,
        pytest.raises(OutputError, match="missing/t"),
    ):
        session.tracer(lambda text, level: None)


def test_the_configuration_is_read_when_it_is_needed(run: Run, bare: Path) -> None:
    (bare / "dimse.toml").write_text("nonsense")
    session = run("h:1").session
    with pytest.raises(ConfigError):
        session.target("h:1")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_a_signal_asks_for_the_end_and_a_later_one_insists(number: int, code: ExitCode) -> None:
    before = signal.getsignal(number)
    closed: list[bool] = []
    with Session({}) as session:
        session.stop.register(lambda: closed.append(True))
        os.kill(os.getpid(), number)
        assert session.stop.requested
        assert session.stop.exit_code is code
        os.kill(os.getpid(), number)
        assert closed
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_json_and_another_format_contradict_each_other(run: Run) -> None:
    with pytest.raises(UsageError, match="--json contradicts --format csv"):
        run("h:1", "--json", "--format", "csv")


@pytest.mark.parametrize("words", [["--json"], ["--json=A"], ["--format=json"], ["x", "--format", "json"]])
def test_an_unparsed_line_tells_of_json(words: list[str]) -> None:
    assert glimpsed(words).printing()["format"] == "json"


def test_an_unparsed_line_tells_of_the_rest() -> None:
    assert glimpsed(["echo", "--format", "csv"]).printing()["format"] is None
    assert glimpsed(["-q", "-d", "--log-json", "--color", "never"]) == Output(
        quiet=True, debug=True, log_json=True, color="never"
    )
