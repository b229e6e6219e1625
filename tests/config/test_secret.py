from __future__ import annotations

import os
from pathlib import Path

import pytest

from dimsetools.config.secret import check_file, check_key_file, read_secret, read_variable
from dimsetools.errors import ConfigError, ExitCode


def _file(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_one_line_end_does_not_count(tmp_path: Path, end: bytes) -> None:
    assert read_secret(_file(tmp_path, b" pass word \n" + end), "--password-file").startswith(b" pass word ")
    assert read_secret(_file(tmp_path, b"token" + end), "--password-file") == b"token"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
@pytest.mark.parametrize("read", [read_secret, check_key_file])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int, read: object) -> None:
    path = _file(tmp_path, b"secret", mode)
    with pytest.raises(ConfigError, match=f"by others \\(mode {mode:04o}\\)") as caught:
        read(path, "--tls-key")  # type: ignore[operator]  # both take a path and a name
    assert caught.value.hint == f"chmod 600 {path}"
    assert caught.value.exit_code is ExitCode.USAGE
    assert "secret" not in caught.value.message.replace(path, "")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b"\n", "is empty"), (b"x" * 65536, "more than 65535 bytes")]
)
def test_what_cannot_be_a_secret_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_secret(_file(tmp_path, content), "--password-file")


@pytest.mark.parametrize("read", [read_secret, check_key_file, check_file])
def test_a_missing_file_is_named(read: object) -> None:
    with pytest.raises(ConfigError, match=r"--x: cannot read missing: No such file"):
        read("missing", "--x")  # type: ignore[operator]  # all take a path and a name


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        read_secret(str(tmp_path), "--password-file")


def test_a_pipe_is_taken_as_it_is() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"secret\n")
    os.close(writing)
    assert read_secret(f"/dev/fd/{reading}", "--password-file") == b"secret"
    os.close(reading)


def test_a_variable_must_be_set() -> None:
    assert read_variable("X", {"X": "secret"}, "identity.password_env") == b"secret"
    with pytest.raises(ConfigError, match=r"identity\.password_env: the environment variable X is not set"):
        read_variable("X", {"X": ""}, "identity.password_env")
