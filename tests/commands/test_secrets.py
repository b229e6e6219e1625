"""Passcodes, tokens, keys: taken from files that others cannot read, shown nowhere, sent under TLS only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import make_file
from tests.peers import dimse
from tests.peers.certificates import Certificates
from tests.scripted import conversation as step
from tests.scripted import wire
from tests.scripted.conversation import Conversation
from tests.scripted.peers import scripted_server

SECRET = "0pen-sesame"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text(f"{SECRET}\n")
    return path


def broken(talk: Conversation) -> None:
    """Answer what makes the program fail, which -d shows at length."""
    talk.expect(wire.ASSOCIATE_RQ)
    talk.send(wire.pdu(wire.ASSOCIATE_AC, bytes(80)))


@pytest.mark.parametrize("script", [(step.accept(), step.echo(), step.release(), step.closed()), (broken,)])
@pytest.mark.parametrize(
    "words",
    [("--user", "alice", "--password-file"), ("--identity-type", "jwt", "--identity-token-file")],
    ids=["passcode", "token"],
)
def test_secrets_reach_the_peer_and_nobody_else(
    tmp_path: Path, secret: Path, words: tuple[str, ...], script: tuple[step.Step, ...]
) -> None:
    trace = tmp_path / "trace"
    loud = ("-d", "--trace", trace, "--trace-phi", "--allow-cleartext-auth", "--json")
    with scripted_server(script) as server:
        done = dimse.run("echo", server.address, *words, secret, *loud)
        assert SECRET.encode() in server.first.received[0].body
    assert "A-ASSOCIATE-RQ" in done.stderr
    assert SECRET not in done.stdout + done.stderr + trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("answer", [b"", wire.item(0x59, b"\0\0")], ids=["silence", "yes"])
@pytest.mark.parametrize("command", ["echo", "store"])
def test_a_confirmation_that_does_not_come_is_told(tmp_path: Path, command: str, answer: bytes) -> None:
    words = [make_file(tmp_path / "one").path] if command == "store" else []
    work = step.store() if command == "store" else step.echo()
    with scripted_server((step.accept(more=answer), work, step.release(), step.closed())) as server:
        done = dimse.run(command, server.address, *words, "--user", "alice", "--identity-response", "--json")
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.endswith(" did not confirm the user identity")]
    assert len(told) == (not answer)


@pytest.mark.parametrize("command", ["echo", "store"])
def test_no_secret_leaves_without_tls(secret: Path, command: str) -> None:
    words = ("--user", "alice", "--password-file", secret)
    done = dimse.run(command, "127.0.0.1:1", *([secret] if command == "store" else []), *words)
    assert done.returncode == 2
    assert "would cross the network for all to read" in done.stderr
    assert "--allow-cleartext-auth" in done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_files_that_others_can_read_are_refused(
    tmp_path: Path, secret: Path, certificates: Certificates, mode: int
) -> None:
    secret.chmod(mode)
    key = tmp_path / "key"
    key.write_bytes(certificates.server.key.read_bytes())
    key.chmod(mode)
    pair = ("--tls-cert", certificates.server.cert, "--tls-key", key)
    node = ("scp", tmp_path, "--port", 0, "--timeout", "0.01")
    for argv in (
        ("echo", "127.0.0.1:1", "--tls", "--user", "alice", "--password-file", secret),
        ("echo", "127.0.0.1:1", *pair),
        (*node, *pair, "--tls-no-client-auth"),
        (*node, "--allow-cleartext-auth", "--require-user", f"alice:{secret}"),
    ):
        done = dimse.run(*argv)
        assert done.returncode == 2, done.stdout
        assert f"can be read or written by others (mode {mode:04o})" in done.stderr
        assert "chmod 600" in done.stderr


@pytest.mark.parametrize("option", ["--password", "-pwd", "--identity-token"])
def test_a_command_line_takes_no_secret(option: str) -> None:
    done = dimse.run("echo", "127.0.0.1:1", option, SECRET)
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr
